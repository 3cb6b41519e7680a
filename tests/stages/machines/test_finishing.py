"""A result is proven and swapped in by one run after another, until one comes through; never by a storm of them."""

import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import psutil
import pytest
from sqlmodel import select

from reencodarr.errors import NoSpace, Stage
from reencodarr.library import database
from reencodarr.library.states import State
from reencodarr.library.tables import Job
from reencodarr.progress import silent
from reencodarr.stages import step
from reencodarr.stages.machines import finishing
from reencodarr.stages.machines.runs import RunState
from reencodarr.stages.step import Verdict
from tests.stages.machines.farm import Farm

Make = Callable[[int], list[int]]


@pytest.fixture
def encoded(farm: Farm, make_analysed: Make) -> int:
    """A video whose result waits, and whose `finalize` was started."""
    [video] = make_analysed(1)
    farm.machine("here", local=True)
    for _ in range(2):
        farm.dispatch()
        farm.work("here")
    farm.dispatch()
    assert farm.state(video) == (State.ENCODED, "")
    return video


def started(farm: Farm) -> list[str]:
    """Make some passes; the runs of `finalize` that were ever started."""
    for _ in range(3):
        farm.dispatch()
    return [run["id"] for run in farm.runs.of("finalize/server")]


def dies(farm: Farm, video: int, run: str) -> None:
    """A run claims its video and is killed."""
    farm.runs.set(run, RunState.RUNNING)
    dead = replace(farm.workplace, holder=f"{socket.gethostname()}:{2**22 + 1}:1")
    assert not psutil.pid_exists(2**22 + 1)
    step.claim(dead, video, before=State.ENCODED, stage=Stage.SWAP)


def let_pass(farm: Farm, time: timedelta) -> None:
    with database.session(farm.workplace.database) as session:
        for row in session.exec(select(Job).where(Job.kind == "swap")).all():
            row.ended_at = row.ended_at and row.ended_at - time


def test_a_run_that_died_is_followed_at_once_and_later_each_time(farm: Farm, encoded: int) -> None:
    [first] = started(farm)
    dies(farm, encoded, first)
    [second] = set(started(farm)) - {first}
    dies(farm, encoded, second)
    at_once = len(started(farm))
    let_pass(farm, finishing.AFTER_DEATH)
    later = len(started(farm))

    assert (at_once, later) == (2, 3)


def test_a_failure_that_may_pass_is_tried_again_an_hour_later(farm: Farm, encoded: int) -> None:
    [first] = started(farm)

    def full(*_: object) -> Verdict:
        raise NoSpace("The disk is full.")

    step.take(farm.workplace, encoded, before=State.ENCODED, stage=Stage.SWAP, report=silent, work=full)
    farm.runs.set(first, RunState.ENDED)
    at_once = len(started(farm))
    let_pass(farm, finishing.AFTER_FAILURE)
    later = len(started(farm))

    assert (at_once, later) == (1, 2)


def test_a_run_that_ended_before_it_claimed_anything_is_followed_after_a_minute(farm: Farm, encoded: int) -> None:
    [first] = started(farm)
    farm.runs.set(first, RunState.ENDED)
    at_once = len(started(farm))
    farm.runs.set(first, RunState.ENDED, ago=timedelta(minutes=2))
    later = started(farm)

    assert (at_once, len(later)) == (1, 2)


def test_a_run_that_hangs_before_it_claims_anything_is_given_up(farm: Farm, encoded: int) -> None:
    [first] = started(farm)
    farm.runs.set(first, RunState.RUNNING, ago=step.LEASE + timedelta(minutes=1))

    [second] = set(started(farm)) - {first}

    states = {run["id"]: run["state"] for run in farm.runs.of("finalize/server")}
    assert states == {first: "cancelled", second: "scheduled"}
