"""SIGKILL in the middle of work: of a flow run, its ffmpeg, Prefect's server, the bucket's server.

Where a test says nothing else, the film goes all its way afterwards: what was killed is tried again.
"""

import os
import signal
from pathlib import Path

import pytest

from tests.faults import gates, procs
from tests.faults.gates import Match
from tests.faults.promises import after
from tests.faults.rig import Member, Rig
from tests.flows.conftest import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("work", ["search", "encode"])
def test_a_killed_run_takes_its_ffmpeg_with_it_and_is_tried_again(
    rig: Rig, far: Member, small_film: Path, work: str
) -> None:
    film = rig.waiting(small_film, f"run-{work}.mkv", work)

    with rig.encoder.slow(work):
        rig.given(film)
        encoder = rig.encoder.caught(work)
        far.run().kill()
        eventually(lambda: not procs.lives(encoder))

    assert rig.ended(film) == "lost"
    assert "ended without a result" in rig.went_back(film, work)
    assert rig.failures(film) == ["worker_lost"]
    rig.finish(film)
    assert rig.outcomes(film)[:2] == ["lost", "done"]
    after(rig, far)


@pytest.mark.parametrize("work", ["search", "encode"])
def test_a_killed_ffmpeg_is_not_the_films_fault(rig: Rig, far: Member, small_film: Path, work: str) -> None:
    film = rig.waiting(small_film, f"ffmpeg-{work}.mkv", work)

    with rig.encoder.slow(work):
        rig.given(film)
        rig.encoder.caught(work).kill()
        assert rig.ended(film) == "failed"

    assert "SIGKILL" in rig.went_back(film, work)
    assert rig.failures(film) == ["program_interrupted"]
    rig.finish(film)
    assert rig.outcomes(film)[:2] == ["failed", "done"]
    after(rig, far)


@pytest.mark.parametrize(("match", "cut"), gates.MOVES)
def test_a_run_killed_while_it_moves_bytes_is_tried_again(
    rig: Rig, far: Member, small_film: Path, match: Match, cut: int, request: pytest.FixtureRequest
) -> None:
    film = rig.waiting(small_film, f"run-{request.node.callspec.id}.mkv", "encode")

    with gates.held(rig.proxy, match, cut=cut) as hold:
        rig.given(film)
        hold.wait()
        far.run().kill()

    assert rig.ended(film) == "lost"
    assert rig.failures(film) == ["worker_lost"]
    rig.finish(film)
    assert rig.outcomes(film) == ["lost", "done"]
    after(rig, far)


@pytest.mark.parametrize("work", gates.ONE_WORK)
def test_a_killed_api_comes_back_to_work_that_went_on(rig: Rig, far: Member, small_film: Path, work: str) -> None:
    film = rig.waiting(small_film, f"api-{work}.mkv", work)

    with rig.encoder.slow(work):
        rig.given(film)
        encoder = rig.encoder.caught(work)
        rig.api.kill()
        os.kill(encoder.pid, signal.SIGCONT)
        eventually(lambda: not procs.lives(encoder))
    rig.api.start()

    rig.finish(film)
    assert set(rig.outcomes(film)) == {"done"}
    assert rig.failures(film) == []
    after(rig, far)


@pytest.mark.parametrize(("match", "cut"), gates.ONE_MOVE)
def test_a_killed_api_comes_back_to_bytes_on_their_way(
    rig: Rig, far: Member, small_film: Path, match: Match, cut: int, request: pytest.FixtureRequest
) -> None:
    film = rig.waiting(small_film, f"api-{request.node.callspec.id}.mkv", "encode")

    with gates.held(rig.proxy, match, cut=cut) as hold:
        rig.given(film)
        hold.wait()
        rig.api.kill()
    rig.api.start()

    rig.finish(film)
    assert rig.outcomes(film) == ["done"]
    assert rig.failures(film) == []
    after(rig, far)


@pytest.mark.parametrize(("match", "cut"), gates.ONE_MOVE)
def test_a_killed_bucket_comes_back_to_bytes_on_their_way(
    rig: Rig, far: Member, small_film: Path, match: Match, cut: int, request: pytest.FixtureRequest
) -> None:
    film = rig.waiting(small_film, f"bucket-{request.node.callspec.id}.mkv", "encode")

    with gates.held(rig.proxy, match, cut=cut) as hold:
        rig.given(film)
        hold.wait()
        rig.s3.kill()
    rig.s3.start()

    rig.finish(film)
    # rclone keeps the parts of an upload in memory: killed after the last of them, it knows no such upload.
    forgotten = ["upload_lost"] if match is gates.RESULT else []
    assert rig.failures(film) == forgotten
    assert rig.outcomes(film) == ["failed" for _ in forgotten] + ["done"]
    after(rig, far)


def test_a_killed_bucket_comes_back_to_a_search_that_fetches_its_film(rig: Rig, far: Member, small_film: Path) -> None:
    film = rig.waiting(small_film, "bucket-search.mkv", "search")

    with gates.held(rig.proxy, gates.DOWNLOAD, cut=100_000) as hold:
        rig.given(film)
        hold.wait()
        rig.s3.kill()
    rig.s3.start()

    rig.finish(film)
    assert set(rig.outcomes(film)) == {"done"}
    assert rig.failures(film) == []
    after(rig, far)


@pytest.mark.more
def test_a_killed_bucket_comes_back_to_an_encode_that_needed_nothing_of_it(
    rig: Rig, far: Member, small_film: Path
) -> None:
    film = rig.waiting(small_film, "bucket-encode.mkv", "encode")

    with rig.encoder.slow("encode"):
        rig.given(film)
        encoder = rig.encoder.caught("encode")
        rig.proxy.forget()
        rig.s3.kill()
        rig.s3.start()
        asked = [f"{one.method} {one.target}" for one in rig.proxy.exchanges]
        os.kill(encoder.pid, signal.SIGCONT)

    rig.finish(film)
    assert asked == []
    assert rig.outcomes(film) == ["done"]
    assert rig.failures(film) == []
    after(rig, far)
