"""Keys change with whatever changes the meaning of a score, and with nothing else."""

from dataclasses import replace

import pytest

from reencodarr.encoding.plan import QualityTarget, VideoPlan
from reencodarr.quality import keys
from reencodarr.units import Crf, VmafScore

VIDEO = VideoPlan(preset=6)
TARGET = QualityTarget(mean=VmafScore(95.0), lowest_mean=VmafScore(93.0), floor_p5=VmafScore(89.0))


def key(*, video: VideoPlan = VIDEO, target: QualityTarget = TARGET, **other: str) -> str:
    words = {"identity": "film", "engine": "native", "build": "ffmpeg-9+svtav1-4.2", **other}
    return keys.search_key(video=video, target=target, **words)


def test_a_key_is_a_digest_that_fits_its_column() -> None:
    assert len(key()) == 64
    assert key() == key()


@pytest.mark.parametrize(
    "video",
    [
        replace(VIDEO, preset=8),
        replace(VIDEO, pixel_format="yuv420p"),
        replace(VIDEO, svt_parameters=(("tune", "0"),)),
        replace(VIDEO, filters=("bwdif",)),
        replace(VIDEO, keyframe_interval=240),
    ],
)
def test_every_part_of_the_video_plan_changes_the_key(video: VideoPlan) -> None:
    assert key(video=video) != key()


@pytest.mark.parametrize(
    "target",
    [replace(TARGET, model="vmaf_4k_v0.6.1"), replace(TARGET, scale_to=None), replace(TARGET, subsample=5)],
)
def test_what_a_score_means_changes_the_key(target: QualityTarget) -> None:
    assert key(target=target) != key()


@pytest.mark.parametrize("part", ["identity", "engine", "build"])
def test_film_engine_and_build_change_the_key(part: str) -> None:
    assert key(**{part: "other"}) != key()


def test_what_is_wanted_of_a_score_does_not_change_the_key() -> None:
    wanted = replace(
        TARGET,
        mean=VmafScore(93.0),
        lowest_mean=VmafScore(90.0),
        floor_p5=VmafScore(80.0),
        tolerance=VmafScore(0.5),
        promise=VmafScore(0.5),
        accepted_miss=VmafScore(2.0),
        accepted_excess=VmafScore(2.0),
        lowest_crf=Crf(20.0),
        highest_crf=Crf(50.0),
    )

    assert key(target=wanted) == key()


def test_a_name_that_is_no_utf8_has_a_key_too() -> None:
    assert len(key(identity="film-\udcff")) == 64
