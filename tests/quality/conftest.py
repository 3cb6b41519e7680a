"""Small films for probing: real pictures throughout, cut, bent or slowed down to show one thing each."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reencodarr.encoding.plan import QualityTarget, VideoPlan
from reencodarr.quality.engine import SearchOrder
from reencodarr.settings import Settings
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.units import VmafScore

QUICK = VideoPlan(preset=12)
TARGET = QualityTarget(
    mean=VmafScore(93.0), lowest_mean=VmafScore(91.0), floor_p5=VmafScore(80.0), scale_to=None, subsample=3
)
"""At the picture's own size, which is quick; scaling has tests of its own."""

Make = Callable[..., Path]


def ordered(
    source: Path, *, video: VideoPlan = QUICK, largest_percent: float = 1000.0, **target: object
) -> SearchOrder:
    return SearchOrder(
        source=source,
        label=source.name,
        duration=None,
        width=640,
        height=272,
        video=video,
        target=replace(TARGET, **target),  # type: ignore[arg-type]
        largest_percent=largest_percent,
    )


def left_behind(scratch: Path) -> list[Path]:
    """What is still in a scratch folder, but for the empty file that makers of folders lock."""
    return [path for path in scratch.iterdir() if path.name != ".making"]


@pytest.fixture(scope="session")
def make(ffmpeg: Path, bikes: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Make a film out of the real clip `bikes`: `make("name.mkv", "-frames:v", "50", ...)`."""
    folder = tmp_path_factory.mktemp("films")

    def film(name: str, *words: str, source: tuple[str, ...] = ()) -> Path:
        path = folder / name
        if not path.exists():
            opened = source or ("-i", str(bikes))
            programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", "-y", *opened, "-an", *words, path])
        return path

    return film


@pytest.fixture(scope="session")
def short(make: Make) -> Path:
    """2 seconds, 25 fps, 320x136."""
    return make("short.mkv", "-frames:v", "50", "-vf", "scale=320:136", "-c:v", "libx264", "-crf", "10")


@pytest.fixture(scope="session")
def open_gop(make: Make) -> Path:
    """H.264 with open GOPs and B frames, 250 frames, times rounded to milliseconds by Matroska."""
    x264 = "open-gop=1:keyint=24:bframes=4:b-pyramid=normal:scenecut=0"
    return make("open.mkv", "-vf", "scale=320:136,fps=30000/1001", "-c:v", "libx264", "-x264-params", x264)


@pytest.fixture(scope="session")
def interlaced(make: Make) -> Path:
    """MPEG-2 in a transport stream that does not start at zero, top field first."""
    codec = ("-c:v", "mpeg2video", "-qscale:v", "3", "-flags", "+ildct+ilme", "-g", "12", "-bf", "2")
    return make("fields.ts", "-vf", "scale=320:136,tinterlace=interleave_top", *codec, "-muxdelay", "0.7")


@pytest.fixture(scope="session")
def variable(make: Make) -> Path:
    """Every third frame of the first four seconds is gone."""
    kept = "scale=320:136,select='not(eq(mod(n,3),2))'"
    return make("variable.mkv", "-t", "4", "-vf", kept, "-fps_mode", "passthrough", "-c:v", "libx264", "-crf", "10")


@pytest.fixture(scope="session")
def long(make: Make, bikes: Path) -> Path:
    """64 seconds at 12.5 fps: long enough to be sampled."""
    looped = ("-stream_loop", "7", "-t", "64", "-i", str(bikes))
    return make("long.mkv", "-vf", "fps=25/2,scale=160:68", "-c:v", "libx264", "-crf", "10", source=looped)


@pytest.fixture
def settings(tmp_path: Path, fast_policy: Path) -> Settings:
    (tmp_path / "scratch").mkdir()
    return Settings(
        data_dir=tmp_path / "data",
        scratch_dir=tmp_path / "scratch",
        policy=fast_policy,
        reserve_bytes=0,
        probe_workers=2,
    )
