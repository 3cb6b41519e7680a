"""Scores: of the right frames, at the right size, with failures that have names."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from reencodarr.encoding.plan import QualityTarget
from reencodarr.errors import PolicyError, ProgramError, ProgramMissing
from reencodarr.quality import footage, vmaf
from reencodarr.quality.parallel import Pulse
from reencodarr.quality.vmaf import FrameScores, Leg
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from tests.quality.conftest import TARGET, Make

EVERY_FRAME = replace(TARGET, subsample=1)


def leg(path: Path, *filters: str) -> Leg:
    return Leg(cut=footage.read(path).cut(None), filters=filters)


def score(
    ffmpeg: Path,
    distorted: Leg,
    reference: Leg,
    folder: Path,
    *,
    target: QualityTarget = EVERY_FRAME,
    size: tuple[int, int] = (320, 136),
) -> FrameScores:
    return vmaf.score(
        ffmpeg,
        distorted=distorted,
        reference=reference,
        target=target,
        size=size,
        log_file=folder / "vmaf.json",
        threads=1,
        pulse=Pulse(threading.Event()),
    )


def mean(found: FrameScores) -> float:
    return sum(value for _, value in found.scores) / len(found.scores)


@pytest.fixture(scope="session")
def poor(make: Make, short: Path) -> Path:
    """`short`, coded so that it shows."""
    return make("poor.mp4", "-c:v", "libx264", "-crf", "34", source=("-i", str(short)))


def test_a_film_scores_best_against_itself(ffmpeg: Path, short: Path, tmp_path: Path) -> None:
    found = score(ffmpeg, leg(short), leg(short), tmp_path)

    assert found.pairs == 50
    assert len(found.scores) == 50
    assert mean(found) > 97
    assert found.cpu > 0


def test_the_score_is_that_of_ffmpeg_itself_on_raw_frames(
    ffmpeg: Path, short: Path, poor: Path, tmp_path: Path
) -> None:
    raws = []
    for path in (poor, short):
        raws.append(tmp_path / f"{path.stem}.y4m")
        raw = ("-pix_fmt", "yuv420p10le", "-strict", "-1", "-fps_mode", "passthrough")
        programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", "-i", path, *raw, raws[-1]])
    inputs = [word for raw in raws for word in ("-r", "25", "-i", raw)]
    done = programs.run([ffmpeg, *ffmpeg_tool.QUIET, *inputs, "-lavfi", "libvmaf", "-f", "null", "-"])
    independent = float(done.stderr.split("VMAF score: ")[1].split()[0])

    found = score(ffmpeg, leg(poor), leg(short), tmp_path)

    assert 40 < independent < 95
    assert mean(found) == pytest.approx(independent, abs=0.01)


def test_timestamps_of_containers_do_not_matter(ffmpeg: Path, make: Make, variable: Path, tmp_path: Path) -> None:
    restamped = make(
        "restamped.mkv",
        "-vf",
        "setpts=N/7/TB",
        "-r",
        "7",
        "-c:v",
        "libx264",
        "-crf",
        "10",
        source=("-i", str(variable)),
    )

    found = score(ffmpeg, leg(restamped), leg(variable), tmp_path)

    assert found.pairs == len(footage.read(variable).packets.pts)
    assert mean(found) > 95


def test_one_frame_out_of_step_is_a_fall_that_nobody_overlooks(ffmpeg: Path, short: Path, tmp_path: Path) -> None:
    shifted = score(ffmpeg, leg(short, "trim=start_frame=1"), leg(short), tmp_path)

    assert shifted.pairs == 49
    assert mean(shifted) < mean(score(ffmpeg, leg(short), leg(short), tmp_path)) - 10


def test_a_subsample_scores_every_third_frame_and_nearly_the_same(
    ffmpeg: Path, short: Path, poor: Path, tmp_path: Path
) -> None:
    every = score(ffmpeg, leg(poor), leg(short), tmp_path)

    third = score(ffmpeg, leg(poor), leg(short), tmp_path, target=TARGET)

    assert [place for place, _ in third.scores] == list(range(0, 50, 3))
    assert third.pairs == 50
    assert dict(third.scores)[30] == pytest.approx(dict(every.scores)[30], abs=0.001)
    assert mean(third) == pytest.approx(mean(every), abs=0.5)


@pytest.mark.parametrize("subsample", [0, 2, 4, 10])
def test_an_even_subsample_is_refused(subsample: int) -> None:
    with pytest.raises(PolicyError, match="subsample"):
        vmaf.require_usable(replace(TARGET, subsample=subsample))


@pytest.mark.parametrize(
    ("size", "scored"),
    [
        ((1280, 720), (1920, 1080)),
        ((640, 272), (1920, 816)),
        ((720, 576), (1350, 1080)),
        ((161, 121), (1438, 1080)),
        ((1920, 800), (1920, 800)),
        ((1080, 1920), (1080, 1920)),
        ((3840, 2160), (3840, 2160)),
    ],
)
def test_small_pictures_are_enlarged_to_fit_the_model(size: tuple[int, int], scored: tuple[int, int]) -> None:
    assert vmaf.scoring_size(size, (1920, 1080)) == scored
    assert vmaf.scoring_size(size, None) == size


def test_scored_at_its_own_size_a_small_picture_flatters(ffmpeg: Path, short: Path, poor: Path, tmp_path: Path) -> None:
    enlarged = score(ffmpeg, leg(poor), leg(short), tmp_path, target=replace(TARGET, scale_to=(960, 540)))

    assert mean(enlarged) < mean(score(ffmpeg, leg(poor), leg(short), tmp_path, target=TARGET)) - 1


def test_full_range_pictures_are_compared_as_they_look(ffmpeg: Path, make: Make, short: Path, tmp_path: Path) -> None:
    full = make("full.mkv", "-vf", "scale=out_range=pc,format=yuvj420p", "-c:v", "ffv1", source=("-i", str(short)))
    coded = make("coded.mkv", "-pix_fmt", "yuv420p10le", "-c:v", "libx264", "-crf", "4", source=("-i", str(full)))

    assert mean(score(ffmpeg, leg(coded), leg(full), tmp_path)) > 96


def test_a_model_that_is_missing_is_named(ffmpeg: Path, short: Path, tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match="vmaf_of_tomorrow"):
        score(ffmpeg, leg(short), leg(short), tmp_path, target=replace(TARGET, model="vmaf_of_tomorrow"))


def test_an_ffmpeg_without_libvmaf_is_named(short: Path, tmp_path: Path) -> None:
    system = shutil.which("ffmpeg")
    if system is None:
        pytest.skip("no second ffmpeg is installed on this machine")
    try:
        filters = programs.run([system, "-hide_banner", "-filters"]).stdout
    except ProgramError:
        pytest.skip(f"{system} does not run")
    if " libvmaf " in filters:
        pytest.skip(f"{system} has libvmaf")

    with pytest.raises(ProgramMissing, match="libvmaf"):
        score(Path(system), leg(short), leg(short), tmp_path)
