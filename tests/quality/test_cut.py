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
from tests.quality.conftest import Make

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


@pytest.mark.parametrize("film", ["open_gop", "variable", "long"])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_window_that_begins_at_a_keyframe_is_decoded_from_there(
    film: str, suffix: str, ffmpeg: Path, make: Make, request: pytest.FixtureRequest
) -> None:
    path = make(f"aligned {film}{suffix}", "-c", "copy", source=("-i", str(request.getfixturevalue(film))))
    source = footage.read(path)
    pts = source.packets.pts
    whole = pictures(ffmpeg, Cut(path=path, stream=0, time_base=Fraction(1), window=None))

    for key in list(source.packets.keyframes)[1:5]:
        first = list(pts).index(key)
        end = min(first + 17, source.packets.frames - 1)
        place = Window(first=first, frames=Frames(end - first), start_pts=key, end_pts=pts[end])
        aligned = source.cut(place, alone=True)
        assert aligned.aligned
        assert pictures(ffmpeg, aligned) == whole[first:end]


def test_filters_that_look_back_are_given_what_lies_before(open_gop: Path) -> None:
    source = footage.read(open_gop)
    key = source.packets.keyframes[2]
    place = Window(first=list(source.packets.pts).index(key), frames=Frames(9), start_pts=key, end_pts=key + 300)

    assert not source.cut(place).aligned
    assert cuts.seek(source.cut(place)) == key - 500


def test_counting_frames_finds_the_same_pictures_as_seeking(ffmpeg: Path, open_gop: Path) -> None:
    sought = window(open_gop, 47, 66)
    counted = replace(sought, counted=True)

    assert pictures(ffmpeg, counted) == pictures(ffmpeg, sought)


def test_the_reference_is_deinterlaced_but_not_scaled() -> None:
    filters = (*DEINTERLACE, "crop=640:256:0:8", "scale=320:128:flags=lanczos", "zscale@out=w=320")

    assert cuts.of_reference(filters) == (*DEINTERLACE, "crop=640:256:0:8")
    assert cuts.of_encode(filters) == ("scale=320:128:flags=lanczos", "zscale@out=w=320")
