"""Whole films through a real ffmpeg: what comes out, what is said meanwhile, and every way in which it can end."""

import dataclasses
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from reencodarr.encoding import encode
from reencodarr.errors import (
    DamagedSource,
    NoSpace,
    NotSmaller,
    ProgramInterrupted,
    ProgramStalled,
    SourceVanished,
)
from reencodarr.media import fingerprint
from reencodarr.progress import Progress
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.units import KIB, Seconds
from tests.conftest import without_svt
from tests.proof import kit

_NAMES = ["two\nlines.mkv", "\N{CLAPPER BOARD} film.mkv", '"it\'s".mkv', "-dash.mkv", "100%d.mkv", "a:b.mkv"]


@pytest.fixture(scope="session", params=["ffmpeg", "pyav"])
def ffmpeg(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything here is promised of both encoders: an ffmpeg without SVT-AV1 makes PyAV encode."""
    whole = ffmpeg_tool.locate()
    return whole if request.param == "ffmpeg" else without_svt(whole, tmp_path_factory.mktemp("poor"))


@pytest.fixture
def film(small_film: Path, tmp_path: Path) -> Path:
    """A copy that may be deleted and replaced."""
    return Path(shutil.copy(small_film, tmp_path / "film to keep.mkv"))


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "reencodarr-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root can mount the small disk that this test fills")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def own_ffmpegs() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if "ffmpeg" in child.name()]


def test_a_result_is_what_it_is_reported_to_be(ffmpeg: Path, film: Path, scratch: Path) -> None:
    before = fingerprint.fingerprint(film)

    result = encode.encode(kit.order(film), ffmpeg=ffmpeg, scratch=scratch)

    assert result.path == scratch / "film.mkv"
    assert result.size == result.path.stat().st_size > 0
    assert result.sha256 == fingerprint.sha256(result.path)
    assert result.frames == 50
    assert result.seconds > 0
    assert result.cpu_seconds > 0
    assert result.peak_memory > 0
    assert "crf=50" in result.command
    assert result.build == ffmpeg_tool.build(ffmpeg).identity
    assert fingerprint.fingerprint(film).same_file(before)


def test_progress_tells_frames_share_and_size(ffmpeg: Path, bikes: Path, scratch: Path) -> None:
    heard: list[Progress] = []
    slow = kit.with_filters(kit.plan(kit.facts(bikes)), "realtime=speed=5")

    encode.encode(kit.order(bikes, planned=slow), ffmpeg=ffmpeg, scratch=scratch, report=heard.append)

    shares = [progress.fraction for progress in heard]
    assert len(heard) >= 3
    assert all(progress.stage == "encode" and progress.label == "bikes.mp4" for progress in heard)
    assert all(later >= earlier for earlier, later in itertools.pairwise(shares))  # type: ignore[operator]
    assert shares[-1] == 1.0
    details = [progress.detail for progress in heard if progress.detail != "joining the other tracks"]
    assert details[-1].startswith("250 of 250 frames, size so far ")
    assert any(progress.fps and progress.eta for progress in heard)


def test_an_encode_that_grows_too_large_is_stopped_early(ffmpeg: Path, bikes: Path, scratch: Path) -> None:
    heard: list[Progress] = []
    facts = kit.facts(bikes)
    planned = dataclasses.replace(kit.with_filters(kit.plan(facts), "realtime=speed=5"), largest_ratio=0.05)

    with pytest.raises(NotSmaller, match="does not become small enough at CRF 10: "):
        encode.encode(kit.order(bikes, planned=planned, crf=10.0), ffmpeg=ffmpeg, scratch=scratch, report=heard.append)

    assert all((progress.fraction or 0) < 1 for progress in heard)
    assert own_ffmpegs() == []


def test_a_finished_encode_that_is_too_large_is_refused(ffmpeg: Path, film: Path, scratch: Path) -> None:
    planned = dataclasses.replace(kit.plan(kit.facts(film)), largest_ratio=0.001)

    with pytest.raises(NotSmaller, match="is the most"):
        encode.encode(kit.order(film, planned=planned), ffmpeg=ffmpeg, scratch=scratch)


def test_frames_that_do_not_come_are_a_stall(ffmpeg: Path, film: Path, scratch: Path) -> None:
    stuck = kit.with_filters(kit.plan(kit.facts(film)), "realtime=speed=0.02:limit=10000")

    with pytest.raises(ProgramStalled, match="stands at frame 0"):
        encode.encode(kit.order(film, planned=stuck), ffmpeg=ffmpeg, scratch=scratch, frame_deadline=Seconds(1.0))

    assert own_ffmpegs() == []


def test_a_full_disk_is_named(ffmpeg: Path, bikes: Path, small_disk: Path) -> None:
    with pytest.raises(NoSpace):
        encode.encode(kit.order(bikes, crf=20.0), ffmpeg=ffmpeg, scratch=small_disk)

    assert sum(path.stat().st_size for path in small_disk.iterdir()) <= 64 * KIB


def test_a_full_disk_is_named_when_a_picture_does_not_fit(
    ffmpeg: Path, media: Path, film: Path, tmp_path: Path, small_disk: Path
) -> None:
    source = tmp_path / "covered.mp4"
    words: list[str | Path] = [
        "-i",
        film,
        "-i",
        media / "audio_with_cover.mp3",
        "-map",
        "0:v",
        "-map",
        "1:v",
        "-c",
        "copy",
    ]
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, *words, "-disposition:v:1", "attached_pic", source])
    order = kit.order(source, planned=kit.plan(kit.facts(source), container="mkv"))

    with pytest.raises(NoSpace, match="scratch folder"):
        encode.encode(order, ffmpeg=ffmpeg, scratch=small_disk)


def test_a_source_that_is_replaced_meanwhile_gives_no_result(
    ffmpeg: Path, film: Path, bikes: Path, scratch: Path
) -> None:
    def replace(_: Progress) -> None:
        other = film.with_name("other.mkv")
        shutil.copy(bikes, other)
        other.replace(film)

    with pytest.raises(SourceVanished):
        encode.encode(kit.order(film), ffmpeg=ffmpeg, scratch=scratch, report=replace)


def test_a_source_that_is_deleted_meanwhile_gives_no_result(ffmpeg: Path, film: Path, scratch: Path) -> None:
    with pytest.raises(SourceVanished):
        encode.encode(kit.order(film), ffmpeg=ffmpeg, scratch=scratch, report=lambda _: film.unlink(missing_ok=True))


def test_a_source_that_is_written_to_meanwhile_gives_no_result(ffmpeg: Path, film: Path, scratch: Path) -> None:
    with pytest.raises(SourceVanished):
        encode.encode(kit.order(film), ffmpeg=ffmpeg, scratch=scratch, report=lambda _: film.touch())


def test_a_source_that_is_not_the_ordered_one_is_not_begun(ffmpeg: Path, film: Path, scratch: Path) -> None:
    order = dataclasses.replace(kit.order(film), fingerprint=fingerprint.fingerprint(film))
    film.write_bytes(film.read_bytes() + b"\0")

    with pytest.raises(SourceVanished):
        encode.encode(order, ffmpeg=ffmpeg, scratch=scratch)

    assert list(scratch.iterdir()) == []


def test_a_source_that_is_gone_is_not_begun(ffmpeg: Path, film: Path, scratch: Path) -> None:
    order = kit.order(film)
    film.unlink()

    with pytest.raises(SourceVanished):
        encode.encode(order, ffmpeg=ffmpeg, scratch=scratch)


def test_a_truncated_source_is_damaged_although_ffmpeg_is_content(ffmpeg: Path, film: Path, scratch: Path) -> None:
    order = kit.order(film)
    os.truncate(film, film.stat().st_size * 6 // 10)

    with pytest.raises(DamagedSource, match="File ended prematurely"):
        encode.encode(order, ffmpeg=ffmpeg, scratch=scratch)


def test_a_scratched_source_is_damaged(ffmpeg: Path, bikes: Path, tmp_path: Path, scratch: Path) -> None:
    film = Path(shutil.copy(bikes, tmp_path))
    order = kit.order(film)
    content = bytearray(film.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = random.Random(3).randbytes(3000)
    film.write_bytes(content)

    with pytest.raises(DamagedSource, match="does not decode cleanly: Invalid NAL unit size"):
        encode.encode(order, ffmpeg=ffmpeg, scratch=scratch)


def test_an_ffmpeg_that_is_killed_from_outside_is_an_interruption(ffmpeg: Path, film: Path, scratch: Path) -> None:
    slow = kit.with_filters(kit.plan(kit.facts(film)), "realtime=speed=0.2")

    def kill(_: Progress) -> None:
        for process in own_ffmpegs():
            process.kill()

    with pytest.raises(ProgramInterrupted) as caught:
        encode.encode(kit.order(film, planned=slow), ffmpeg=ffmpeg, scratch=scratch, report=kill)

    assert caught.value.transient


@pytest.mark.parametrize("name", _NAMES)
def test_any_name_is_encoded(ffmpeg: Path, film: Path, scratch: Path, name: str) -> None:
    named = film.rename(film.with_name(name))

    assert encode.encode(kit.order(named), ffmpeg=ffmpeg, scratch=scratch).frames == 50


def test_a_name_that_is_not_text_is_encoded(ffmpeg: Path, film: Path, scratch: Path) -> None:
    named = film.rename(film.with_name(os.fsdecode(b"film \xff\xfe.mkv")))

    assert encode.encode(kit.order(named), ffmpeg=ffmpeg, scratch=scratch).frames == 50


_CHILD = """
import sys
from pathlib import Path
from reencodarr.encoding import encode
from reencodarr.tools import ffmpeg
from tests.conftest import without_svt
from tests.proof import kit

source, scratch = Path(sys.argv[1]), Path(sys.argv[2])
slow = kit.with_filters(kit.plan(kit.facts(source)), "realtime=speed=0.05")
print("encoding", flush=True)
encode.encode(kit.order(source, planned=slow), ffmpeg=ffmpeg.locate(), scratch=scratch)
"""


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_running_when_the_encode_is_ended(film: Path, scratch: Path, ended_by: signal.Signals) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(film), str(scratch)],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    ffmpegs = _wait_for_result(child.pid, scratch)

    child.send_signal(ended_by)

    assert child.wait(timeout=120) != 0
    _, alive = psutil.wait_procs(ffmpegs, timeout=60)
    assert alive == []


def _wait_for_result(pid: int, scratch: Path) -> list[psutil.Process]:
    """The child's ffmpeg, once it has begun to write."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        if (scratch / "film.mkv").exists():
            return [process for process in psutil.Process(pid).children() if "ffmpeg" in process.name()]
        time.sleep(0.05)
    raise AssertionError("no encode was begun")
