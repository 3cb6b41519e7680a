"""The server's own runs (dispatch, staging, proofs) as Prefect starts them: killed in the middle, and two at once."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from reencodarr.library import jobs
from reencodarr.library.states import State
from tests.faults import gates, procs, server_work
from tests.faults.promises import after
from tests.faults.rig import Rig
from tests.faults.server_work import Served
from tests.flows.conftest import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def served(rig: Rig) -> Iterator[Served]:
    """The server's workers, for passes of dispatch and for everything else."""
    with server_work.serving(rig) as started:
        yield started


def run_of(worker: psutil.Popen) -> psutil.Process:
    """The process of the run that a worker has under way; one before it may be about to end."""
    return eventually(lambda: procs.living(worker, "python"), every=0.1)[0]


def given(rig: Rig, film: Path) -> bool:
    """Whether a worker could take a job of a film."""
    return any(row.flow_run and row.phase != jobs.STAGING for row in rig.jobs_of(film))


def test_two_passes_at_once_give_each_film_away_once(rig: Rig, served: Served, small_film: Path) -> None:
    films = [rig.waiting(small_film, f"twice-{number}.mkv", "search") for number in range(2)]

    with rig.worker("one", REENCODARR_SLOTS="2") as one:
        with gates.held(rig.proxy, gates.PING) as hold:
            passes = [served.start("dispatch"), served.start("dispatch")]
            eventually(lambda: hold.seen >= len(passes))
        assert [served.wait(made) for made in passes] == ["COMPLETED"] * 2
        assert [len(rig.jobs_of(film)) for film in films] == [1, 1]
        for film in films:
            served.until(film, lambda film=film: rig.place.state(film) is State.REPLACED)
            assert rig.outcomes(film) == ["done", "done"]
        after(rig, one)


def test_a_killed_pass_is_made_up_for_by_the_next(rig: Rig, served: Served, small_film: Path) -> None:
    film = rig.waiting(small_film, "killed-pass.mkv", "encode")

    with rig.worker("far") as far:
        served.until(film, lambda: given(rig, film))
        served.until(film, lambda: rig.bucket.head(rig.result_of(film)) is not None, passes=False)
        with gates.held(rig.proxy, gates.READ_RESULT) as hold:
            killed = served.start("dispatch")
            hold.wait()
            run_of(served.dispatch).kill()
        served.wait(killed)
        assert rig.place.state(film) is State.ENCODING
        served.until(film, lambda: rig.place.state(film) is State.REPLACED)

        assert rig.outcomes(film) == ["done"]
        after(rig, far)


def test_a_killed_staging_begins_anew(rig: Rig, served: Served, small_film: Path) -> None:
    film = rig.waiting(small_film, "killed-staging.mkv", "encode")

    with rig.worker("far") as far:
        with gates.held(rig.proxy, gates.STAGE, cut=10_000) as hold:
            served.wait(served.start("dispatch"))
            hold.wait()
            run_of(served.rest).kill()
        served.until(film, lambda: rig.place.state(film) is State.REPLACED)

        assert rig.failures(film) == []
        assert rig.outcomes(film) == ["returned", "done"]
        after(rig, far)


def test_a_killed_proof_is_made_again(rig: Rig, served: Served, small_film: Path) -> None:
    film = rig.waiting(small_film, "killed-proof.mkv", "encode")

    with rig.worker("far") as far:
        with gates.held(rig.proxy, gates.COLLECT, cut=10_000) as hold:
            served.until(film, hold.reached.is_set)
            run_of(served.rest).kill()
        served.until(film, lambda: rig.place.state(film) is State.REPLACED)

        assert rig.outcomes(film) == ["done"]
        after(rig, far)


def test_a_killed_dispatcher_leaves_the_work_to_the_next(rig: Rig, served: Served, small_film: Path) -> None:
    film = rig.waiting(small_film, "killed-dispatcher.mkv", "encode")

    with rig.worker("far") as far:
        with gates.held(rig.proxy, gates.PING) as hold:
            lost = served.start("dispatch")
            hold.wait()
            run = run_of(served.dispatch)
            served.dispatch.kill()
            run.kill()
            eventually(lambda: not procs.lives(run))
        served.crash(lost)
        with server_work.serving(rig) as second:
            second.until(film, lambda: rig.place.state(film) is State.REPLACED)
        assert rig.outcomes(film) == ["done"]
        after(rig, far)
