"""Work that is given away comes back once, whatever dies; on SQLite and on PostgreSQL."""

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, update
from sqlmodel import col, select

from reencodarr.errors import Category, JobLost, JobRefused
from reencodarr.library import database, jobs, reading, transitions, workers
from reencodarr.library.states import State
from reencodarr.library.tables import Encode, Failure, Library, Search, Video, Worker, now
from reencodarr.stages import housekeeping, settling
from reencodarr.stages.machines import applying, jobs_desk, queues, roster, watching, workers_desk
from reencodarr.stages.machines.runs import Run, RunState
from reencodarr.units import Seconds
from reencodarr.work.orders import HandedBack, LocalSource, SearchTerms, SourceChanged
from reencodarr.work.talk import Claim, JobBeat, Moment
from tests.library import films
from tests.stages.machines import farm as farms
from tests.stages.machines.farm import Farm, FolderRuns

FORK = multiprocessing.get_context("fork")
Make = Callable[[int], list[int]]


def outcomes(farm: Farm) -> list[str]:
    return [row.outcome for row in farm.jobs(open_only=False)]


def test_with_no_worker_up_work_waits(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)

    passed = farm.dispatch()

    assert passed.given == 0
    assert farm.state(video) == (State.ANALYZED, "")
    assert farm.runs.every() == []


def test_films_of_a_library_that_nobody_confirmed_are_given_to_nobody(farm: Farm, make_analysed: Make) -> None:
    make_analysed(1)
    farm.machine("here", local=True)
    with database.session(farm.workplace.database) as session:
        session.exec(update(Library).values(confirmed_at=None))

    farm.dispatch()

    with database.session(farm.workplace.database, reads_only=True) as session:
        assert farm.jobs() == []
        assert reading.backlog(session).unconfirmed == 1


def test_a_film_goes_through_search_and_encode_to_its_finalize(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)

    farm.dispatch()
    searching = farm.work("here")
    farm.dispatch()
    encoding = farm.work("here")
    farm.dispatch()

    assert (searching, encoding) == (1, 1)
    assert farm.state(video) == (State.ENCODED, "")
    assert outcomes(farm) == ["done", "done"]
    assert [run["queue"] for run in farm.runs.of("crf-search/linux") + farm.runs.of("encode/linux")] == ["local"] * 2
    [finalize] = farm.runs.of("finalize/server")
    assert finalize["parameters"] == {"video": str(video)}


def test_an_order_tells_a_local_worker_all_it_needs(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    farm.dispatch()
    [row] = farm.jobs()

    order = farm.claim(row, "here")

    assert isinstance(order.source, LocalSource)
    assert isinstance(order.terms, SearchTerms)
    assert (order.job, order.attempt, order.build) == (row.key, row.attempt, farms.BUILD)
    [claimed] = farm.jobs()
    assert (claimed.phase, claimed.worker, claimed.video_id) == (jobs.RUNNING, "here", video)


def test_a_pass_after_a_pass_changes_nothing(farm: Farm, make_analysed: Make) -> None:
    make_analysed(3)
    farm.machine("here", local=True)
    farm.dispatch()
    before = [(row.key, row.phase, row.flow_run) for row in farm.jobs()]

    again = farm.dispatch()

    assert (again.given, again.settled) == (0, 0)
    assert [(row.key, row.phase, row.flow_run) for row in farm.jobs()] == before
    assert len(farm.runs.every()) == 1


def test_no_more_is_given_than_there_are_slots(farm: Farm, make_analysed: Make) -> None:
    make_analysed(4)
    farm.machine("here", local=True, slots=3)

    assert farm.dispatch().given == 3


@pytest.mark.parametrize("unfit", ["draining", "silent", "quarantined", "revoked"])
def test_a_worker_that_takes_no_work_gets_none(farm: Farm, make_analysed: Make, unfit: str) -> None:
    make_analysed(1)
    farm.machine("here", local=True)
    if unfit == "draining":
        farm.beat("here", draining=True)
    elif unfit == "revoked":
        workers_desk.revoke(farm.workplace, "here")
    else:
        past = {"silent": {"beaten_at": now() - timedelta(minutes=3)}, "quarantined": {"quarantined_at": now()}}
        with database.session(farm.workplace.database) as session:
            session.exec(update(Worker).values(past[unfit]))

    assert farm.dispatch().given == 0


def test_a_result_that_comes_twice_counts_once(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    farm.dispatch()
    [row] = farm.jobs()
    result = farm.finish(farm.claim(row, "here"), "here")

    first = applying.apply(farm.workplace, None, result)
    second = applying.apply(farm.workplace, None, result)

    assert first.state is State.CRF_SEARCHED
    assert "Ignored" in second.words
    with database.session(farm.workplace.database) as session:
        assert len(session.exec(select(Search).where(Search.video_id == video)).all()) == 2  # with the one it had


def test_a_late_result_of_a_lost_attempt_is_ignored(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    farm.dispatch()
    [row] = farm.jobs()
    order = farm.claim(row, "here")
    farm.let_lease_pass(row)
    farm.dispatch()
    late = farm.finish(order, "here")

    outcome = applying.apply(farm.workplace, None, late)

    assert "Ignored" in outcome.words
    [other] = farm.jobs()
    assert (other.attempt, farm.state(video)[0]) == (row.attempt + 1, State.CRF_SEARCHING)


def test_a_worker_that_vanishes_costs_one_attempt_and_the_second_loss_is_named(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    states = []
    for _ in range(2):
        farm.dispatch()
        [row] = farm.jobs()
        farm.claim(row, "here")
        farm.let_lease_pass(row)
        watching.settle(farm.workplace, None, farm.runs, fleet())
        states.append(farm.state(video))

    assert states == [(State.ANALYZED, ""), (State.FAILED, "worker_lost")]
    assert outcomes(farm) == ["lost", "lost"]
    assert {run["state"] for run in farm.runs.every()} == {"cancelled"}
    with database.session(farm.workplace.database) as session:
        row = session.exec(select(Failure)).all()[-1]
    assert (row.stage, row.code) == ("crf_search", "worker_lost")
    assert '"worker": "here"' in row.context


def fleet() -> "watching.Fleet":
    return watching.Fleet(machines=())


def test_losses_that_housekeeping_found_count_as_well(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    for _ in range(2):
        farm.dispatch()
        [row] = farm.jobs()
        farm.claim(row, "here")
        farm.let_lease_pass(row)
        housekeeping.recover(farm.workplace)

    farm.dispatch()

    assert farm.state(video) == (State.FAILED, "worker_lost")
    assert [run["state"] for run in farm.runs.every()] == ["cancelled"] * 2


def test_a_run_that_died_without_a_result_is_lost(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    farm.dispatch()
    [row] = farm.jobs()
    farm.claim(row, "here")
    farm.runs.set(row.flow_run, RunState.ENDED)

    watching.settle(farm.workplace, None, farm.runs, fleet())

    assert farm.state(video) == (State.ANALYZED, "")
    assert outcomes(farm) == ["lost"]


def test_a_run_that_crashed_after_its_result_was_left_is_done(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    farm.dispatch()
    [row] = farm.jobs()
    farm.finish(farm.claim(row, "here"), "here")
    farm.runs.set(row.flow_run, RunState.ENDED)

    watching.settle(farm.workplace, None, farm.runs, fleet())

    assert farm.state(video) == (State.CRF_SEARCHED, "")


def test_a_job_that_is_handed_back_costs_nothing(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    for _ in range(3):
        farm.dispatch()
        [row] = farm.jobs()
        farm.finish(farm.claim(row, "here"), "here", HandedBack(words="The worker stops."))
        watching.settle(farm.workplace, None, farm.runs, fleet())

    assert farm.state(video) == (State.ANALYZED, "")
    assert outcomes(farm) == ["returned"] * 3


def test_a_run_that_nobody_starts_is_given_out_again(farm: Farm, make_analysed: Make) -> None:
    make_analysed(1)
    farm.machine("here", local=True)
    farm.dispatch()
    [row] = farm.jobs()
    farm.runs.set(row.flow_run, RunState.PENDING, ago=timedelta(minutes=6))

    farm.dispatch()

    [other] = farm.jobs()
    assert other.key != row.key
    assert outcomes(farm) == ["returned", ""]
    assert sorted(run["state"] for run in farm.runs.every()) == ["cancelled", "scheduled"]


def test_work_that_nobody_claimed_waits_again_when_its_workers_are_gone(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    farm.dispatch()
    farm.beat("here", draining=True)

    farm.dispatch()

    assert farm.state(video) == (State.ANALYZED, "")
    assert outcomes(farm) == ["returned"]


def test_a_failure_that_cannot_pass_ends_the_film_at_once(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    farm.dispatch()
    [row] = farm.jobs()
    farm.finish(farm.claim(row, "here"), "here", farms.failed("damaged_source"))

    farm.dispatch()

    assert farm.state(video) == (State.FAILED, "damaged_source")


def test_a_failure_of_the_film_ends_it_although_another_worker_is_there(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    farm.machine("spare", local=True)
    farm.dispatch()
    [row] = farm.jobs()
    damaged = farms.failed("damaged_source", category=Category.UNREADABLE_MEDIA)
    farm.finish(farm.claim(row, "here"), "here", damaged)

    farm.dispatch()

    assert farm.state(video) == (State.FAILED, "damaged_source")


def test_a_program_that_failed_on_the_only_worker_is_named_at_once(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    for name, unfit in (("revoked", workers.revoke), ("quarantined", workers.quarantine)):
        farm.machine(name, local=True)
        with database.session(farm.workplace.database) as session:
            unfit(session, name, *(["It broke."] if name == "quarantined" else []))
    farm.machine("long_gone", local=True)
    heard(farm, "long_gone", ago=roster.ABSENCE + timedelta(minutes=1))
    farm.dispatch()
    [row] = farm.jobs()
    farm.finish(farm.claim(row, "here"), "here", farms.failed())

    farm.dispatch()

    assert farm.state(video) == (State.FAILED, "program_failed")


def test_a_program_that_failed_is_tried_once_more_on_another_worker_that_is_waited_for(
    farm: Farm, make_analysed: Make
) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    farm.machine("spare", local=True)
    heard(farm, "spare", ago=timedelta(minutes=10))
    farm.dispatch()
    [row] = farm.jobs()
    farm.finish(farm.claim(row, "here"), "here", farms.failed())
    farm.dispatch()
    waiting = farm.state(video), len(farm.jobs())
    heard(farm, "spare", ago=timedelta())
    farm.dispatch()
    [row] = farm.jobs()
    farm.finish(farm.claim(row, "spare"), "spare", farms.failed())
    farm.dispatch()

    assert waiting == ((State.ANALYZED, ""), 0)
    assert farm.state(video) == (State.FAILED, "program_failed")
    assert outcomes(farm) == ["failed", "failed"]


def test_a_film_waits_no_longer_for_another_worker_than_that_one_is_missed(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    farm.machine("spare", local=True)
    heard(farm, "spare", ago=timedelta(minutes=10))
    farm.dispatch()
    [row] = farm.jobs()
    farm.finish(farm.claim(row, "here"), "here", farms.failed())
    farm.dispatch()
    heard(farm, "spare", ago=roster.ABSENCE + timedelta(minutes=1))

    farm.dispatch()
    [row] = farm.jobs()
    farm.finish(farm.claim(row, "here"), "here", farms.failed())
    farm.dispatch()

    assert farm.state(video) == (State.FAILED, "program_failed")


def heard(farm: Farm, name: str, *, ago: timedelta) -> None:
    """Say when a machine was heard of last."""
    with database.session(farm.workplace.database) as session:
        session.exec(update(Worker).where(col(Worker.name) == name).values(beaten_at=now() - ago))


def test_a_failure_that_may_pass_is_tried_once_more_then_named(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    for _ in range(2):
        farm.dispatch()
        [row] = farm.jobs()
        farm.finish(farm.claim(row, "here"), "here", farms.failed("no_space", transient=True))
        watching.settle(farm.workplace, None, farm.runs, fleet())

    assert farm.state(video) == (State.FAILED, "no_space")
    assert outcomes(farm) == ["failed", "failed"]


def test_a_film_that_changed_is_analysed_anew(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    farm.dispatch()
    [row] = farm.jobs()
    farm.finish(farm.claim(row, "here"), "here", SourceChanged(words="Another file."))

    farm.dispatch()

    assert farm.state(video) == (State.NEEDS_ANALYSIS, "")


def test_a_job_whose_video_went_elsewhere_is_told_to_stop(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    farm.dispatch()
    [row] = farm.jobs()
    order = farm.claim(row, "here")
    with database.session(farm.workplace.database) as session:
        transitions.requeue(session, video, "the file changed")

    told = jobs_desk.beat(farm.workplace, "here", order.job, JobBeat(attempt=order.attempt, moment=Moment(stage="x")))
    farm.dispatch()

    assert not told.go_on
    assert farm.state(video) == (State.NEEDS_ANALYSIS, "")
    assert outcomes(farm) == ["returned"]
    assert [run["state"] for run in farm.runs.every()] == ["cancelled"]


def test_a_worker_that_fails_alike_at_film_after_film_is_quarantined_and_its_films_go_back(
    farm: Farm, make_analysed: Make
) -> None:
    videos = make_analysed(3)
    farm.machine("here", local=True)
    for _ in videos:
        farm.dispatch()
        [row] = farm.jobs()
        farm.finish(farm.claim(row, "here"), "here", farms.failed())
        watching.settle(farm.workplace, None, farm.runs, fleet())

    assert [farm.state(video) for video in videos] == [(State.ANALYZED, "")] * 3
    assert not farm.beat("here")
    assert farm.dispatch().given == 0


def test_films_that_fail_alike_elsewhere_clear_the_worker(farm: Farm, make_analysed: Make) -> None:
    make_analysed(3)
    farm.machine("first", local=True)
    for name in ("first", "first", "first", "second"):
        if name == "second":
            farm.machine("second", local=True)
        farm.dispatch()
        [row] = farm.jobs()
        farm.finish(farm.claim(row, name), name, farms.failed("damaged_source"))
        watching.settle(farm.workplace, None, farm.runs, fleet())

    with database.session(farm.workplace.database) as session:
        quarantined = [row.name for row in workers.every(session) if row.quarantined_at]
    assert quarantined == []
    assert Counter(farm.state(video)[0] for video in films.ids(farm.workplace.database))[State.FAILED] == 1


def test_a_claim_is_refused_to_whoever_it_is_not_for(farm: Farm, make_analysed: Make) -> None:
    make_analysed(1)
    farm.machine("here", local=True)
    farm.machine("there")
    farm.dispatch()
    [row] = farm.jobs()
    asked = Claim(attempt=row.attempt, flow_run=row.flow_run)

    with pytest.raises(JobRefused) as other:
        jobs_desk.claim(farm.workplace, None, "there", row.key or "", asked)
    with pytest.raises(JobLost):
        jobs_desk.claim(farm.workplace, None, "here", row.key or "", Claim(attempt=9, flow_run=row.flow_run))
    jobs_desk.claim(farm.workplace, None, "here", row.key or "", asked)
    again = jobs_desk.claim(farm.workplace, None, "here", row.key or "", asked)
    with pytest.raises(JobRefused) as taken:
        jobs_desk.claim(farm.workplace, None, "here", row.key or "", Claim(attempt=row.attempt, flow_run="other"))

    assert other.value.refusal == "other_pool"
    assert taken.value.refusal == "taken"
    assert again.job == row.key


def test_a_beat_renews_the_lease_and_keeps_progress_and_probes(farm: Farm, make_analysed: Make) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    farm.dispatch()
    [row] = farm.jobs()
    order = farm.claim(row, "here")
    farm.let_lease_pass(row)
    moment = Moment(stage="crf_search", fraction=0.5, eta=Seconds(60.0))

    told = jobs_desk.beat(
        farm.workplace, "here", order.job, JobBeat(attempt=order.attempt, moment=moment, probes=(films.PROBE,))
    )

    assert told.go_on
    until = films.state(farm.workplace.database, video).claimed_until
    assert until is not None
    assert until > now() + timedelta(minutes=14)
    assert '"fraction":0.5' in farm.jobs()[0].progress
    again = farm.claim(row, "here")
    assert isinstance(again.terms, SearchTerms)
    assert again.terms.known == (films.PROBE,)


def test_an_encode_waits_for_the_build_that_searched_and_is_searched_again_when_nobody_has_it(
    farm: Farm, make_analysed: Make
) -> None:
    [video] = make_analysed(1)
    farm.machine("old", local=True)
    farm.dispatch()
    farm.work("old")
    farm.beat("old", draining=True)
    farm.machine("new", local=True, build="b2")
    farm.dispatch()
    waiting = farm.state(video)[0], farm.jobs()

    workers_desk.revoke(farm.workplace, "old")
    farm.dispatch()

    assert waiting == (State.CRF_SEARCHED, [])
    assert farm.state(video)[0] is State.CRF_SEARCHING


def test_prioritised_films_go_first_then_what_saves_most_per_pixel(farm: Farm, make_analysed: Make, root: Path) -> None:
    first, second, third = make_analysed(3)
    with database.session(farm.workplace.database) as session:
        session.exec(update(Video).where(col(Video.id) == second).values(size=10**9))
        transitions.prioritise(session, third)
    farm.machine("here", local=True, slots=3)

    farm.dispatch()

    assert [row.video_id for row in farm.jobs()] == [third, second, first]
    assert [row.queue for row in farm.jobs()] == ["local-first", "local", "local"]


def test_films_of_a_disk_that_is_away_wait(farm: Farm, make_analysed: Make, root: Path) -> None:
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    root.rename(root.with_name("elsewhere"))

    assert farm.dispatch().given == 0
    assert farm.state(video) == (State.ANALYZED, "")


def test_results_of_open_jobs_are_not_discarded(farm: Farm, make_analysed: Make) -> None:
    make_analysed(1)
    farm.machine("here", local=True)
    farm.dispatch()
    farm.work("here")
    farm.dispatch()
    farm.work("here")

    settling.discard_results(farm.workplace)
    kept = sorted(file.suffix for file in farm.workplace.results.iterdir())
    farm.dispatch()
    settling.discard_results(farm.workplace)

    assert kept == [".json", ".mkv"]
    assert [file.suffix for file in farm.workplace.results.iterdir()] == [".mkv"]


def _one_pass(farm: Farm) -> None:
    farm.workplace.database.dispose(close=False)  # connections do not survive a fork
    farm.dispatch()


def _settled(farm: Farm, videos: list[int]) -> None:
    """Every film came to its encode by one search and one encode, and every attempt had one run."""
    for _ in range(3 * len(videos)):
        farm.dispatch()
        farm.beat("here")
        if not farm.work("here") and not farm.jobs():
            break
    assert {farm.state(video) for video in videos} == {(State.ENCODED, "")}
    done = Counter((row.video_id, row.kind) for row in farm.jobs(open_only=False) if row.outcome == "done")
    assert done == {(video, kind): 1 for video in videos for kind in ("crf_search", "encode")}
    assert set(outcomes(farm)) <= {"done", "returned"}
    with database.session(farm.workplace.database) as session:
        encodes = Counter(row.video_id for row in session.exec(select(Encode)).all())
        assert session.exec(select(Failure)).all() == []
    assert encodes == dict.fromkeys(videos, 2)  # with the one that `films.learn` wrote
    attempts = Counter((run["parameters"]["job"]) for run in farm.runs.every() if "job" in run["parameters"])  # type: ignore[index]
    assert set(attempts.values()) == {1}


class DyingRuns(FolderRuns):
    """An engine behind which the pass dies at a step: before a commit, or after a run was made."""

    def __init__(self, folder: Path, last: int) -> None:
        super().__init__(folder)
        self.left = last

    def step(self, *_: object) -> None:
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def create(self, deployment: str, parameters: Mapping[str, str | int], *, key: str, queue: str = "") -> Run:
        made = super().create(deployment, parameters, key=key, queue=queue)
        self.step()
        return made


def _pass_that_dies(farm: Farm, last: int) -> None:
    runs = DyingRuns(farm.runs.folder, last)
    event.listen(farm.workplace.database, "commit", runs.step)
    _one_pass(replace(farm, runs=runs))


def test_a_pass_that_is_killed_at_any_of_its_steps_loses_nothing_and_does_nothing_twice(
    farm: Farm, make_analysed: Make
) -> None:
    videos = make_analysed(4)
    farm.machine("here", local=True, slots=2)
    killed = 0

    for last in [*range(22), *range(1, 22, 4)]:
        child = FORK.Process(target=_pass_that_dies, args=(farm, last))
        child.start()
        child.join(60)
        killed += child.exitcode == -signal.SIGKILL
        farm.beat("here")
        if last % 4 == 3:
            farm.work("here")

    assert killed > 15
    _settled(farm, videos)


def test_two_passes_at_once_share_the_work(farm: Farm, make_analysed: Make) -> None:
    videos = make_analysed(6)
    farm.machine("here", local=True, slots=3)

    for _ in range(6):
        children = [FORK.Process(target=_one_pass, args=(farm,)) for _ in range(2)]
        for child in children:
            child.start()
        for child in children:
            child.join(60)
        assert [child.exitcode for child in children] == [0, 0]
        farm.work("here")

    _settled(farm, videos)


def test_a_secret_opens_only_its_own_worker_and_only_until_it_is_revoked(farm: Farm) -> None:
    secret = workers_desk.add(farm.workplace, "one", "linux")
    workers_desk.add(farm.workplace, "two", "linux")

    assert workers_desk.known(farm.workplace, "one", secret) is not None
    assert workers_desk.known(farm.workplace, "two", secret) is None
    assert workers_desk.known(farm.workplace, "one", secret + "x") is None
    assert workers_desk.known(farm.workplace, "nobody", "") is None
    workers_desk.revoke(farm.workplace, "one")
    assert workers_desk.known(farm.workplace, "one", secret) is None


def test_a_flow_run_is_the_first_workers_for_ever(farm: Farm) -> None:
    assert workers_desk.own(farm.workplace, "run", "one")
    assert not workers_desk.own(farm.workplace, "run", "two")
    assert workers_desk.own(farm.workplace, "run", "one")
    assert workers_desk.owner(farm.workplace, "run") == "one"


def test_a_worker_asks_the_queues_of_its_build(farm: Farm) -> None:
    workers_desk.add(farm.workplace, "one", "linux")

    welcome = workers_desk.hello(farm.workplace, "one", farms.capabilities())

    assert welcome.pool == "linux"
    assert {"crf-search", "crf-search-first", queues.encode_queue(farms.BUILD), "only-one"} <= set(welcome.queues)
