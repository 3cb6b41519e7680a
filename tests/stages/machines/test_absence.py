"""A server that was away heard nobody; that is held against no job."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from reencodarr.library import database, jobs
from reencodarr.library.states import State
from reencodarr.library.tables import Job, VideoState, Worker, now
from reencodarr.stages import housekeeping, step
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


def changed(farm: Farm, *, worker: dict[str, Any], job: dict[str, Any] | None = None) -> None:
    """Let the worker, or its job, be other than it is."""
    with database.session(farm.workplace.database) as session:
        session.exec(update(Worker).values(**worker))
        if job:
            session.exec(update(Job).where(col(Job.key).is_not(None)).values(**job))


def test_a_server_that_starts_waits_anew_for_all_that_was_given_away(farm: Farm, worked_on: int) -> None:
    assert workers_desk.hear_again(farm.workplace) == 1
    farm.dispatch()

    assert farm.state(worked_on) == (State.CRF_SEARCHING, "")
    [row] = farm.jobs()
    assert row.outcome == ""


def test_a_run_while_the_server_is_away_leaves_other_machines_their_jobs(farm: Farm, worked_on: int) -> None:
    changed(farm, worker={"local": False})

    housekeeping.recover(farm.workplace)
    housekeeping.tidy(farm.workplace)

    assert farm.state(worked_on) == (State.CRF_SEARCHING, "")
    [row] = farm.jobs()
    assert row.outcome == ""
    assert workers_desk.hear_again(farm.workplace) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"worker": {"local": True}},
        {"worker": {"local": False, "revoked_at": now()}},
        {"worker": {"local": False}, "job": {"beaten_at": now() - jobs.AWAITED}},
        {"worker": {"local": False}, "job": {"phase": jobs.READY}},
    ],
    ids=["of this machine", "of a revoked worker", "silent for long", "not claimed"],
)
def test_a_run_while_the_server_is_away_waits_for_no_other_job(
    farm: Farm, worked_on: int, change: dict[str, dict[str, Any]]
) -> None:
    changed(farm, **change)

    housekeeping.recover(farm.workplace)

    assert farm.state(worked_on) == (State.ANALYZED, "")
    assert [row.outcome for row in farm.jobs(open_only=False)] == ["lost"]


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
