"""What a finished film achieved, against the film it was made from."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from reencodarr.encoding import arguments
from reencodarr.encoding.plan import VideoPlan
from reencodarr.errors import FramesMispaired
from reencodarr.progress import Progress, silent
from reencodarr.quality import footage, measure, parallel
from reencodarr.quality.measure import Achieved
from reencodarr.quality.parallel import Job, Tick
from reencodarr.tools import capacity, programs
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.units import Bytes, Crf, Seconds
from tests.quality.conftest import QUICK, TARGET, Make, left_behind


def encoded(ffmpeg: Path, source: Path, result: Path, *, crf: float = 30, filters: str = "null") -> Path:
    """A finished film as the encode makes one."""
    words = ["-copyts", "-i", source, "-map", "0:v:0", "-vf", filters, "-fps_mode", "passthrough"]
    words += ["-enc_time_base", "demux", *arguments.video_encoder(QUICK, Crf(crf)), result]
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", "-y", *words])
    return result


def achieved(
    ffmpeg: Path, source: Path, result: Path, scratch: Path, *, video: VideoPlan = QUICK, whole_up_to: float = 600
) -> Achieved:
    found = measure.achieved(
        source,
        result,
        target=TARGET,
        video=video,
        ffmpeg=ffmpeg,
        scratch=scratch,
        report=silent,
        whole_up_to=Seconds(whole_up_to),
    )
    assert left_behind(scratch) == []
    return found


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_a_short_film_is_measured_as_a_whole(ffmpeg: Path, short: Path, tmp_path: Path, scratch: Path) -> None:
    fine = achieved(ffmpeg, short, encoded(ffmpeg, short, tmp_path / "fine.mkv", crf=20), scratch)
    coarse = achieved(ffmpeg, short, encoded(ffmpeg, short, tmp_path / "coarse.mp4", crf=50), scratch)

    assert fine.share == coarse.share == 1
    assert fine.mean > coarse.mean + 5
    assert fine.lowest_2s <= fine.p5 <= fine.mean + 0.01


@pytest.mark.parametrize("name", ["open_gop", "variable"])
def test_the_kth_frame_is_compared_with_the_kth_frame(
    name: str, ffmpeg: Path, tmp_path: Path, scratch: Path, request: pytest.FixtureRequest
) -> None:
    source: Path = request.getfixturevalue(name)

    found = achieved(ffmpeg, source, encoded(ffmpeg, source, tmp_path / "film.mkv", crf=15), scratch)

    assert found.mean > 92


def test_a_deinterlaced_film_is_measured_against_deinterlaced_pictures(
    ffmpeg: Path, interlaced: Path, tmp_path: Path, scratch: Path
) -> None:
    bwdif = "bwdif=mode=send_frame:deint=all"
    film = encoded(ffmpeg, interlaced, tmp_path / "film.mkv", crf=15, filters=bwdif)

    found = achieved(ffmpeg, interlaced, film, scratch, video=VideoPlan(preset=12, filters=(bwdif,)))

    assert found.mean > 90
    assert achieved(ffmpeg, interlaced, film, scratch).mean < found.mean - 3


@pytest.mark.parametrize("name", ["long", "interlaced_long"])
def test_a_long_film_is_measured_in_a_window_of_every_minute(
    name: str, ffmpeg: Path, tmp_path: Path, scratch: Path, request: pytest.FixtureRequest, make: Make, long: Path
) -> None:
    fields = ("-vf", "tinterlace=interleave_top", "-c:v", "mpeg2video", "-qscale:v", "2", "-flags", "+ildct+ilme")
    source = long if name == "long" else make("long.ts", *fields, source=("-i", str(long)))
    film = encoded(ffmpeg, source, tmp_path / "film.mkv", crf=15)

    whole = achieved(ffmpeg, source, film, scratch)
    sampled = achieved(ffmpeg, source, film, scratch, whole_up_to=30)

    assert sampled.share == pytest.approx(4 / 64, abs=0.005)
    assert sampled.mean == pytest.approx(whole.mean, abs=2.5)


def test_memory_bounds_how_many_windows_are_measured_at_once(
    ffmpeg: Path, tmp_path: Path, scratch: Path, long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = encoded(ffmpeg, long, tmp_path / "film.mkv")
    monkeypatch.setattr(measure, "SPACING", Fraction(10))
    monkeypatch.setattr(capacity, "cores", lambda: 4)
    at_once: list[int] = []

    def watched(jobs: Sequence[Job[Any]], *, workers: int, tick: Tick) -> list[Any]:
        at_once.append(workers)
        return results(jobs, workers=workers, tick=tick)

    results = parallel.results
    monkeypatch.setattr(parallel, "results", watched)
    for free in (0, 200_000_000, 10**10):  # a window takes 52 MB
        monkeypatch.setattr(capacity, "free_memory", lambda free=free: Bytes(free))
        achieved(ffmpeg, long, film, scratch, whole_up_to=30)

    assert at_once == [1, 3, 4]


def test_a_result_that_lost_a_frame_is_not_measured(ffmpeg: Path, short: Path, tmp_path: Path, scratch: Path) -> None:
    film = encoded(ffmpeg, short, tmp_path / "film.mkv", filters="trim=start_frame=1")

    with pytest.raises(FramesMispaired, match="the encode has 49"):
        achieved(ffmpeg, short, film, scratch)


def test_a_result_that_is_one_frame_off_is_seen_in_its_score(
    ffmpeg: Path, short: Path, tmp_path: Path, scratch: Path
) -> None:
    right = encoded(ffmpeg, short, tmp_path / "right.mkv", crf=20)
    off = encoded(ffmpeg, short, tmp_path / "off.mkv", crf=20, filters="loop=1:1:0,trim=end_frame=50,setpts=N/25/TB")

    assert footage.read(off).packets.frames == 50
    assert achieved(ffmpeg, short, off, scratch).mean < achieved(ffmpeg, short, right, scratch).mean - 10


def test_progress_reaches_the_end(ffmpeg: Path, short: Path, tmp_path: Path, scratch: Path) -> None:
    reports: list[Progress] = []

    measure.achieved(
        short,
        encoded(ffmpeg, short, tmp_path / "film.mkv"),
        target=TARGET,
        video=QUICK,
        ffmpeg=ffmpeg,
        scratch=scratch,
        report=reports.append,
    )

    assert reports[-1].fraction == 1
    assert {report.label for report in reports} == {"short.mkv"}
