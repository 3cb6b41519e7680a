"""The frames of a window are exactly those frames, however they are found."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from reencodarr.quality import cut as cuts
from reencodarr.quality import footage
from reencodarr.quality.cut import Cut
from reencodarr.quality.windows import Window
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.units import Frames

DEINTERLACE = ("bwdif=mode=send_frame:deint=all",)


def window(path: Path, first: int, end: int) -> Cut:
    source = footage.read(path)
    pts = source.packets.pts
    return source.cut(Window(first=first, frames=Frames(end - first), start_pts=pts[first], end_pts=pts[end]))


def pictures(ffmpeg: Path, cut: Cut, filters: tuple[str, ...] = ()) -> list[str]:
    """The MD5 of every decoded picture of a cut."""
    chain = ",".join(cuts.filters(cut, filters)) or "null"
    arguments = [*cuts.input_arguments(cut), "-map", f"0:{cut.stream}", "-vf", chain, "-fps_mode", "passthrough"]
    done = programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", "-copyts", *arguments, "-f", "framemd5", "-"])
    return [line.split(",")[-1].strip() for line in done.stdout.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    ("film", "filters"),
    [("open_gop", ()), ("variable", ()), ("interlaced", ()), ("interlaced", DEINTERLACE), ("long", ())],
)
@pytest.mark.parametrize(("first", "end"), [(0, 13), (29, 53), (47, 66)])
def test_a_window_holds_exactly_the_frames_that_it_names(
    film: str, filters: tuple[str, ...], first: int, end: int, ffmpeg: Path, request: pytest.FixtureRequest
) -> None:
    path: Path = request.getfixturevalue(film)
    whole = Cut(path=path, stream=0, time_base=Fraction(1), window=None)

    found = pictures(ffmpeg, window(path, first, end), filters)

    assert found == pictures(ffmpeg, whole, filters)[first:end]


def test_counting_frames_finds_the_same_pictures_as_seeking(ffmpeg: Path, open_gop: Path) -> None:
    sought = window(open_gop, 47, 66)
    counted = replace(sought, counted=True)

    assert pictures(ffmpeg, counted) == pictures(ffmpeg, sought)


def test_the_reference_is_deinterlaced_but_not_scaled() -> None:
    filters = (*DEINTERLACE, "crop=640:256:0:8", "scale=320:128:flags=lanczos", "zscale@out=w=320")

    assert cuts.of_reference(filters) == (*DEINTERLACE, "crop=640:256:0:8")
    assert cuts.of_encode(filters) == ("scale=320:128:flags=lanczos", "zscale@out=w=320")
