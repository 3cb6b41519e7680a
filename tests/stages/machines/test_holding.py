"""A person pauses and cancels what other machines work on: what these are told, and what is given to them."""

from collections.abc import Callable

import pytest

from reencodarr.errors import JobLost
from reencodarr.library import database, reading
from reencodarr.library.states import State
from reencodarr.library.tables import Job
from reencodarr.stages import holding
from reencodarr.stages.machines import jobs_desk
from reencodarr.units import Bytes
from reencodarr.work.orders import HandedBack
from reencodarr.work.talk import GoOn, JobBeat, Moment
from tests.stages.machines.farm import Farm


@pytest.fixture
def given(farm: Farm, make_analysed: Callable[[int], list[int]]) -> Job:
    """A job that was given to the only machine."""
    make_analysed(1)
    farm.machine("here", local=True)
    farm.dispatch()
    [row] = farm.jobs()
    return row


def beat(farm: Farm, row: Job, *, paused: bool = False) -> GoOn:
    sign = JobBeat(attempt=row.attempt, moment=Moment(stage="crf_search", bytes_up=Bytes(0), paused=paused))
    return jobs_desk.beat(farm.workplace, "here", row.key or "", sign)


def shown(farm: Farm) -> list[tuple[str, bool]]:
    with database.session(farm.workplace.database, reads_only=True) as session:
        return [(one.hold, one.moment is not None and one.moment.paused) for one in reading.given(session)]


def test_a_paused_job_is_told_at_its_next_beat_and_again_when_it_may_go_on(farm: Farm, given: Job) -> None:
    farm.claim(given, "here")
    assert beat(farm, given) == GoOn(go_on=True)

    holding.pause(farm.workplace, [given.video_id])

    assert beat(farm, given) == GoOn(go_on=True, pause=True)
    assert shown(farm) == [("paused", False)]
    beat(farm, given, paused=True)
    assert shown(farm) == [("paused", True)]
    holding.resume(farm.workplace, [given.video_id])
    assert beat(farm, given, paused=True) == GoOn(go_on=True)


def test_the_beats_of_a_paused_job_renew_its_lease(farm: Farm, given: Job) -> None:
    farm.claim(given, "here")
    holding.pause(farm.workplace, [given.video_id])
    farm.let_lease_pass(given)

    beat(farm, given, paused=True)
    farm.dispatch()

    assert farm.state(given.video_id)[0] is State.CRF_SEARCHING


def test_a_cancelled_job_is_left_and_given_to_nobody_until_it_is_resumed(farm: Farm, given: Job) -> None:
    order = farm.claim(given, "here")
    holding.cancel(farm.workplace, [given.video_id])

    answer = beat(farm, given)
    farm.finish(order, "here", HandedBack(words=answer.words))
    passed = farm.dispatch()

    assert (answer.go_on, answer.words) == (False, "A person cancelled it.")
    assert passed.given == 0
    assert farm.state(given.video_id)[0] is State.ANALYZED
    assert farm.jobs() == []
    holding.resume(farm.workplace, [given.video_id])
    assert farm.dispatch().given == 1


def test_a_machine_that_is_stopping_hands_back_what_is_paused(farm: Farm, given: Job) -> None:
    farm.claim(given, "here")
    holding.pause(farm.workplace, [given.video_id])
    farm.beat("here", draining=True)

    answer = beat(farm, given)

    assert not answer.go_on
    assert "stopping" in answer.words


@pytest.mark.parametrize("wish", [holding.pause, holding.cancel])
def test_a_job_that_nobody_began_is_taken_back(farm: Farm, given: Job, wish: Callable[..., object]) -> None:
    wish(farm.workplace, [given.video_id])

    with pytest.raises(JobLost, match="by a person"):
        farm.claim(given, "here")
    farm.dispatch()

    assert farm.jobs() == []
    assert farm.state(given.video_id)[0] is State.ANALYZED
    assert {run["state"] for run in farm.runs.every()} == {"cancelled"}


def test_films_that_rest_are_counted_among_those_that_wait(
    farm: Farm, make_analysed: Callable[[int], list[int]]
) -> None:
    videos = make_analysed(3)
    holding.pause(farm.workplace, videos[:2])

    with database.session(farm.workplace.database, reads_only=True) as session:
        backlog = reading.backlog(session)

    assert (backlog.searches, backlog.resting) == (3, 2)
