"""A server that was away heard nobody; that is held against no job."""

from collections.abc import Callable

import pytest

from reencodarr.library import database
from reencodarr.library.states import State
from reencodarr.library.tables import VideoState, now
from reencodarr.stages import step
from reencodarr.stages.machines import workers_desk
from tests.stages.machines.farm import Farm


@pytest.fixture
def worked_on(farm: Farm, make_analysed: Callable[[int], list[int]]) -> int:
    """A video whose job lost its lease while nobody could renew it."""
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    farm.dispatch()
    [row] = farm.jobs()
    farm.claim(row, "here")
    farm.let_lease_pass(row)
    return video


def test_a_server_that_starts_waits_anew_for_all_that_was_given_away(farm: Farm, worked_on: int) -> None:
    assert workers_desk.hear_again(farm.workplace) == 1
    farm.dispatch()

    assert farm.state(worked_on) == (State.CRF_SEARCHING, "")
    [row] = farm.jobs()
    assert row.outcome == ""


def test_what_this_machine_itself_worked_on_is_not_waited_for(farm: Farm, worked_on: int) -> None:
    with database.session(farm.workplace.database) as session:
        session.get_one(VideoState, worked_on).claimed_by = "elsewhere:1:1"

    assert workers_desk.hear_again(farm.workplace) == 0


def test_a_lease_that_lasts_longer_stays(farm: Farm, worked_on: int) -> None:
    later = now() + 2 * step.LEASE
    with database.session(farm.workplace.database) as session:
        session.get_one(VideoState, worked_on).claimed_until = later

    workers_desk.hear_again(farm.workplace)

    with database.session(farm.workplace.database, reads_only=True) as session:
        assert session.get_one(VideoState, worked_on).claimed_until == later
