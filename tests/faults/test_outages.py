"""Prefect's server away, and back after a while: work that runs goes on, nothing is lost, nothing is done twice."""

import os
import signal
import time
from pathlib import Path

import pytest

from reencodarr.library.states import State
from tests.faults import gates, procs
from tests.faults.promises import after
from tests.faults.rig import Member, Rig
from tests.flows.conftest import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]

SHORT, LONG = 20.0, 120.0


@pytest.mark.parametrize("work", gates.ONE_WORK)
def test_an_outage_in_the_middle_of_a_run_is_only_a_pause_of_its_beats(
    rig: Rig, far: Member, small_film: Path, work: str
) -> None:
    film = rig.waiting(small_film, f"middle-{work}.mkv", work)

    with rig.encoder.slow(work):
        rig.given(film)
        encoder = rig.encoder.caught(work)
        rig.api.kill()
        time.sleep(SHORT)  # The length of the outage is the subject.
        rig.api.start()
        run = far.run()
        os.kill(encoder.pid, signal.SIGCONT)

    assert run.is_running()
    rig.finish(film)
    assert set(rig.outcomes(film)) == {"done"}
    assert rig.failures(film) == []
    after(rig, far)


def test_an_outage_of_two_minutes_at_the_end_of_a_run_costs_nothing(rig: Rig, far: Member, small_film: Path) -> None:
    film = rig.waiting(small_film, "end.mkv", "encode")

    with rig.encoder.slow("encode"):
        rig.given(film)
        encoder = rig.encoder.caught("encode")
        rig.api.kill()
        os.kill(encoder.pid, signal.SIGCONT)
        eventually(lambda: not procs.lives(encoder))
        time.sleep(LONG)
        run = far.run()
    rig.api.start()

    rig.until(film, State.ENCODED)
    assert rig.outcomes(film) == ["done"]
    eventually(lambda: not procs.lives(run))
    rig.finish(film)
    assert rig.failures(film) == []
    after(rig, far)


def test_an_outage_that_is_longer_than_the_lease_loses_nothing(rig: Rig, far: Member, small_film: Path) -> None:
    film = rig.waiting(small_film, "long.mkv", "encode")

    with rig.encoder.slow("encode"):
        rig.given(film)
        encoder = rig.encoder.caught("encode")
        rig.api.kill()
        rig.let_lease_pass(film)
        rig.api.start()
        os.kill(encoder.pid, signal.SIGCONT)

    rig.finish(film)
    assert rig.outcomes(film) == ["done"]
    assert rig.failures(film) == []
    after(rig, far)


def test_an_api_that_hangs_is_as_good_as_one_that_is_away(rig: Rig, far: Member, small_film: Path) -> None:
    film = rig.waiting(small_film, "hangs.mkv", "encode")

    with rig.encoder.slow("encode"):
        rig.given(film)
        encoder = rig.encoder.caught("encode")
        assert rig.api.process is not None
        os.kill(rig.api.process.pid, signal.SIGSTOP)
        os.kill(encoder.pid, signal.SIGCONT)
        eventually(lambda: not procs.lives(encoder))
        time.sleep(SHORT)
        os.kill(rig.api.process.pid, signal.SIGCONT)

    rig.finish(film)
    assert rig.outcomes(film) == ["done"]
    assert rig.failures(film) == []
    after(rig, far)


def test_a_run_that_ends_while_its_bytes_wait_for_the_api(rig: Rig, far: Member, small_film: Path) -> None:
    film = rig.waiting(small_film, "upload.mkv", "encode")

    with gates.held(rig.proxy, gates.UPLOAD) as hold:
        rig.given(film)
        hold.wait()
        rig.api.kill()
        hold.released.set()
        time.sleep(SHORT)
        rig.api.start()

    rig.finish(film)
    assert rig.outcomes(film) == ["done"]
    after(rig, far)


def test_work_that_was_given_away_during_an_outage_of_the_bucket_waits(rig: Rig, far: Member, small_film: Path) -> None:
    film = rig.waiting(small_film, "bucket.mkv", "encode")
    rig.s3.kill()

    rig.step()
    assert rig.outcomes(film) == []  # Nothing is given to other machines meanwhile.
    rig.s3.start()

    rig.finish(film)
    assert rig.outcomes(film) == ["done"]
    after(rig, far)


def test_a_worker_that_is_started_meanwhile_joins_when_the_server_is_back(rig: Rig) -> None:
    rig.api.kill()

    with rig.worker("early", ready="Trying on.") as early:
        rig.api.start()
        eventually(lambda: early.says("Pool linux"))
