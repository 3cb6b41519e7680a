"""SIGKILL of a worker, and of a whole machine with its run and its ffmpeg. Each test has workers of its own."""

import os
import signal
from pathlib import Path

import pytest

from tests.faults import gates
from tests.faults.gates import Match
from tests.faults.promises import after
from tests.faults.rig import Rig

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("work", gates.ONE_WORK)
def test_a_run_outlives_its_worker_and_its_result_is_used(rig: Rig, small_film: Path, work: str) -> None:
    film = rig.waiting(small_film, f"worker-{work}.mkv", work)

    with rig.worker(f"killed-{work}") as worker:
        with rig.encoder.slow(work):
            rig.given(film)
            encoder = rig.encoder.caught(work)
            run = worker.run()
            worker.kill()
            assert encoder.is_running()
            assert run.is_running()
        os.kill(encoder.pid, signal.SIGCONT)
        assert rig.ended(film) == "done"

    with rig.worker(f"next-{work}") as other:
        rig.finish(film)
        assert rig.failures(film) == []
        after(rig, other, worker)


@pytest.mark.parametrize("work", gates.ONE_WORK)
def test_a_machine_that_vanishes_costs_its_film_one_attempt(rig: Rig, small_film: Path, work: str) -> None:
    film = rig.waiting(small_film, f"machine-{work}.mkv", work)

    with rig.encoder.slow(work), rig.worker(f"lost-{work}") as worker:
        rig.given(film)
        rig.encoder.caught(work)
        worker.lose()

    rig.step()
    assert rig.outcomes(film) == [""]  # Nobody knows yet: its lease lasts.
    rig.let_lease_pass(film)
    assert rig.ended(film) == "lost"
    assert "lost" in rig.went_back(film, work)
    assert rig.failures(film) == ["worker_lost"]
    with rig.worker(worker.name) as again:
        rig.finish(film)
        assert rig.outcomes(film)[:2] == ["lost", "done"]
        after(rig, again)


@pytest.mark.parametrize(("match", "cut"), gates.ONE_MOVE)
def test_a_machine_that_vanishes_while_it_moves_bytes(
    rig: Rig, small_film: Path, match: Match, cut: int, request: pytest.FixtureRequest
) -> None:
    moment = request.node.callspec.id
    film = rig.waiting(small_film, f"machine-{moment}.mkv", "encode")

    with gates.held(rig.proxy, match, cut=cut) as hold, rig.worker(f"lost-{moment}") as worker:
        rig.given(film)
        hold.wait()
        worker.lose()

    rig.let_lease_pass(film)
    assert rig.ended(film) == "lost"
    assert rig.failures(film) == ["worker_lost"]
    with rig.worker(worker.name) as again:
        rig.finish(film)
        assert rig.outcomes(film)[:2] == ["lost", "done"]
        after(rig, again)
