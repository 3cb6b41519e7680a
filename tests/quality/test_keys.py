"""Keys change with whatever changes the meaning of a score, and with nothing else."""

from dataclasses import replace

import pytest

from reencodarr.encoding.plan import QualityTarget, VideoPlan
from reencodarr.media.facts import Hdr
from reencodarr.quality import keys, windows
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


@pytest.mark.parametrize(
    "name", ["WHOLE_UP_TO", "LENGTH", "SPACING", "FEWEST", "MOST", "BLOCK", "LEFT_OUT", "LEAST_FRAMES", "CANDIDATES"]
)
def test_other_windows_change_the_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = key()

    monkeypatch.setattr(windows, name, getattr(windows, name) * 2)

    assert key() != before


def alike(
    *,
    video: VideoPlan = VIDEO,
    target: QualityTarget = TARGET,
    size: tuple[int, int] = (1920, 1080),
    hdr: Hdr = Hdr.SDR,
    build: str = "ffmpeg-9+svtav1-4.2",
) -> str:
    width, height = size
    return keys.class_key(video=video, target=target, engine="native", build=build, width=width, height=height, hdr=hdr)


def test_films_of_a_class_need_the_same_lines_and_are_told_by_all_that_a_crf_depends_on() -> None:
    assert alike(size=(1920, 800)) == alike(size=(1440, 1080)) == alike()
    others = [
        alike(size=(1280, 720)),
        alike(size=(3840, 2160)),
        alike(hdr=Hdr.HDR10),
        alike(build="other"),
        alike(video=replace(VIDEO, preset=8)),
        alike(video=replace(VIDEO, pixel_format="yuv420p")),
        alike(video=replace(VIDEO, svt_parameters=(("tune", "0"),))),
        alike(video=replace(VIDEO, filters=("bwdif",))),
        alike(target=replace(TARGET, model="vmaf_4k_v0.6.1")),
        alike(target=replace(TARGET, scale_to=None)),
        alike(target=replace(TARGET, subsample=5)),
    ]

    assert len({alike(), *others}) == 1 + len(others)
    assert alike(target=replace(TARGET, mean=VmafScore(90.0))) == alike()  # their CRFs are moved to this target


def test_a_name_that_is_no_utf8_has_a_key_too() -> None:
    assert len(key(identity="film-\udcff")) == 64
