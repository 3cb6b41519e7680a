"""A run cancelled in Prefect's UI: everything of it ends, and its film waits again, with nothing said against it."""

import contextlib
from pathlib import Path

import psutil
import pytest

from tests.faults import gates, procs
from tests.faults.gates import Match
from tests.faults.promises import after, no_program_is_left
from tests.faults.rig import Member, Rig
from tests.flows.conftest import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]


def cancelled(rig: Rig, far: Member) -> None:
    """Cancel the run under way, as the UI does, and wait until nothing of it is left."""
    run = far.run()
    family = [run]
    with contextlib.suppress(psutil.NoSuchProcess):
        family += run.children(recursive=True)
    (known,) = rig.engine.ids("RUNNING")
    rig.engine.cancel(known)
    eventually(lambda: known in rig.engine.ids("CANCELLED"))
    eventually(lambda: not any(procs.lives(one) for one in family))
    no_program_is_left(rig)


@pytest.mark.parametrize("work", gates.ONE_WORK)
def test_a_cancelled_run_ends_with_all_its_children(rig: Rig, far: Member, small_film: Path, work: str) -> None:
    film = rig.waiting(small_film, f"cancel-{work}.mkv", work)

    with rig.encoder.slow(work):
        rig.given(film)
        eventually(lambda: rig.encoder.running(work), every=0.1)
        cancelled(rig, far)

    assert rig.ended(film) == "returned"
    assert "run was" in rig.went_back(film, work)
    assert rig.failures(film) == []
    rig.finish(film)
    after(rig, far)


@pytest.mark.parametrize(("match", "cut"), gates.ONE_MOVE[:2])
def test_a_run_cancelled_while_it_moves_bytes_ends(
    rig: Rig, far: Member, small_film: Path, match: Match, cut: int, request: pytest.FixtureRequest
) -> None:
    film = rig.waiting(small_film, f"cancel-{request.node.callspec.id}.mkv", "encode")

    with gates.held(rig.proxy, match, cut=cut) as hold:
        rig.given(film)
        hold.wait()
        cancelled(rig, far)

    assert rig.ended(film) == "returned"
    assert rig.failures(film) == []
    rig.finish(film)
    after(rig, far)


def test_a_run_cancelled_while_the_api_is_away_ends_when_it_is_back(rig: Rig, far: Member, small_film: Path) -> None:
    film = rig.waiting(small_film, "cancel-away.mkv", "encode")

    with rig.encoder.slow("encode"):
        rig.given(film)
        encoder = rig.encoder.caught("encode")
        (known,) = rig.engine.ids("RUNNING")
        rig.engine.cancel(known)
        rig.api.kill()
        rig.api.start()
        eventually(lambda: known in rig.engine.ids("CANCELLED"))
        eventually(lambda: not procs.lives(encoder))

    assert rig.ended(film) == "returned"
    rig.finish(film)
    after(rig, far)
