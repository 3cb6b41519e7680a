"""The same job in two hands: one of them does it, and nothing is ever done twice."""

import os
import signal
from pathlib import Path

import pytest

from reencodarr.library.states import State
from tests.faults import procs
from tests.faults.promises import after
from tests.faults.rig import Rig
from tests.flows.conftest import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]


def test_a_second_run_of_a_job_is_refused_its_order(rig: Rig, small_film: Path) -> None:
    film = rig.waiting(small_film, "same.mkv", "encode")

    with rig.worker("one") as one, rig.encoder.slow("encode"):
        row = rig.given(film)
        encoder = rig.encoder.caught("encode")
        with rig.worker("two") as two:
            same = {"job": row.key or "", "attempt": row.attempt, "label": film.name}
            second = rig.engine.create("encode/linux", same, key="another", queue=row.queue)
            eventually(lambda: second.id in rig.engine.ids("CANCELLED"))
            assert rig.encoder.running("encode") == [encoder]
            os.kill(encoder.pid, signal.SIGCONT)

            assert rig.ended(film) == "done"
            assert [job.worker for job in rig.jobs_of(film)] == ["one"]
            rig.finish(film)
            after(rig, one, two)


def test_two_runs_of_a_job_that_start_at_once_do_it_once(rig: Rig, small_film: Path) -> None:
    film = rig.waiting(small_film, "at-once.mkv", "encode")

    with rig.worker("three") as one, rig.worker("four") as two:
        row = rig.given(film)
        same = {"job": row.key or "", "attempt": row.attempt, "label": film.name}
        second = rig.engine.create("encode/linux", same, key="beside", queue=row.queue)

        assert rig.ended(film) == "done"
        eventually(lambda: second.id in rig.engine.ids("CANCELLED"))
        assert [job.flow_run for job in rig.jobs_of(film)] == [row.flow_run]
        rig.finish(film)
        after(rig, one, two)


def test_a_worker_that_was_given_up_changes_nothing_when_it_wakes(rig: Rig, small_film: Path) -> None:
    film = rig.waiting(small_film, "asleep.mkv", "encode")

    with rig.worker("asleep") as asleep:
        with rig.encoder.slow("encode"):
            rig.given(film)
            rig.encoder.caught("encode")
            run = asleep.run()
            asleep.sleep()
        rig.let_lease_pass(film)
        with rig.worker("awake") as awake:
            assert rig.ended(film) == "lost"
            rig.until(film, State.ENCODED)
            asleep.wake()
            eventually(lambda: not procs.lives(run))

            assert rig.outcomes(film) == ["lost", "done"]
            assert [job.worker for job in rig.jobs_of(film)] == ["asleep", "awake"]
            rig.finish(film)
            after(rig, awake, asleep)
