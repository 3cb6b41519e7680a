"""ab-av1 is asked for the same encode and the same score as our own engine makes."""

from dataclasses import replace
from pathlib import Path

import pytest

from reencodarr.encoding.plan import VideoPlan
from reencodarr.quality import abav1_arguments, goals
from reencodarr.quality.engine import SearchOrder
from reencodarr.units import Crf
from tests.quality.conftest import ordered

SCALE = "scale=320:136"
BWDIF = "bwdif=mode=send_frame:deint=all"


def asked(order: SearchOrder) -> str:
    goal = next(iter(goals.ladder(order.target)))
    words = abav1_arguments.crf_search(order, goal, lowest=Crf(12.0), highest=Crf(63.0))
    return " ".join(str(word) for word in words) + " "


def order(video: VideoPlan = VideoPlan(preset=6), **target: object) -> SearchOrder:
    return ordered(Path("/films/a film.mkv"), video=video, **target)


def test_the_encoder_is_that_of_the_plan() -> None:
    video = VideoPlan(preset=6, svt_parameters=(("tune", "0"), ("scd", "1")), keyframe_interval=240)

    words = asked(order(video))

    assert "--preset 6 --pix-format yuv420p10le " in words
    assert "--svt tune=0 " in words
    assert "--scd true " in words
    assert "--keyint 240 " in words
    assert "--svt scd" not in words


def test_keyframes_are_left_to_the_encoder_where_the_plan_leaves_them() -> None:
    assert "--enc g=-1 " in asked(order())
    assert "--scd false " in asked(order())


@pytest.mark.parametrize(
    ("filters", "scale_to", "expected"),
    [
        ((), (1920, 1080), ""),
        ((BWDIF,), (1920, 1080), f"--vfilter {BWDIF} --vmaf "),
        ((BWDIF, SCALE), (1920, 1080), f"--vfilter {BWDIF},{SCALE} --reference-vfilter {BWDIF} "),
        ((SCALE,), (1920, 1080), f"--vfilter {SCALE} --reference-vfilter null "),
        ((SCALE,), None, f"--vfilter {SCALE} --vmaf "),
    ],
)
def test_the_reference_is_not_scaled_down(
    filters: tuple[str, ...], scale_to: tuple[int, int] | None, expected: str
) -> None:
    assert expected in asked(order(VideoPlan(preset=6, filters=filters), scale_to=scale_to))


@pytest.mark.parametrize(
    ("size", "scale_to", "expected"),
    [
        ((640, 272), (1920, 1080), "1920x1080"),
        ((1920, 800), (1920, 1080), "none"),
        ((3840, 2160), (1920, 1080), "none"),
        ((640, 272), None, "none"),
    ],
)
def test_the_scoring_size_is_ours(size: tuple[int, int], scale_to: tuple[int, int] | None, expected: str) -> None:
    sized = replace(order(scale_to=scale_to), width=size[0], height=size[1])

    assert f"--vmaf-scale {expected} " in asked(sized)


def test_model_and_subsample_are_ours() -> None:
    words = asked(order(model="vmaf_v0.6.1neg", subsample=5))

    assert "--vmaf model=version=vmaf_v0.6.1neg --vmaf n_subsample=5 " in words


def test_the_range_has_quarter_steps() -> None:
    assert "--min-crf 12 --max-crf 63 --crf-increment 0.25 " in asked(order())
