"""How the picture is encoded: the policy's tables, applied."""

from fractions import Fraction
from typing import Any

import pytest

from reencodarr.encoding import picture
from reencodarr.encoding import policy as policies
from reencodarr.encoding.plan import VideoPlan
from reencodarr.encoding.policy import Policy
from reencodarr.media.facts import Scan
from reencodarr.units import GIB, Seconds
from tests.encoding.made_facts import film, video

DEFAULT = policies.load(None)


def video_policy(**changes: Any) -> Policy:
    return DEFAULT.model_copy(update={"video": DEFAULT.video.model_copy(update=changes)})


def plan(
    *, policy: Policy = DEFAULT, duration: float | None = 6000.0, year: int | None = None, **changes: Any
) -> VideoPlan:
    seconds = None if duration is None else Seconds(duration)
    return picture.video_plan(video(**changes), duration=seconds, year=year, policy=policy)


@pytest.mark.parametrize(
    ("width", "height", "lines"),
    [(1920, 1080, 1080), (1920, 800, 1080), (1080, 1920, 1080), (1440, 1080, 1080), (3840, 1600, 2160)]
    + [(1280, 720, 720), (720, 576, 576), (1280, 544, 720), (640, 480, 480)],
)
def test_lines_are_the_height_of_the_frame_around_a_picture(width: int, height: int, lines: int) -> None:
    assert picture.lines(width, height) == lines


@pytest.mark.parametrize(
    ("width", "height", "preset"), [(1920, 1080, 4), (1920, 800, 4), (3840, 2160, 4), (1280, 720, 6)]
)
def test_the_preset_follows_the_lines(width: int, height: int, preset: int) -> None:
    assert plan(width=width, height=height).preset == preset


def test_every_parameter_is_given_once_and_in_words_of_the_encoder() -> None:
    policy = video_policy(film_grain=8, svt_parameters={"enable-variance-boost": "1"})

    parameters = plan(policy=policy, year=1972).svt_parameters

    assert parameters == (("tune", "0"), ("film-grain", "8"), ("enable-variance-boost", "1"))


def test_grain_is_added_only_to_old_films_and_only_where_the_policy_says_so() -> None:
    grainy = video_policy(film_grain=8)

    assert ("film-grain", "8") in plan(policy=grainy, year=2008).svt_parameters
    for unchanged in (plan(year=1972), plan(policy=grainy, year=2009), plan(policy=grainy, year=None)):
        assert unchanged.svt_parameters == (("tune", "0"),)


def test_ten_bits_are_never_cut() -> None:
    policy = video_policy(pixel_format="yuv420p")

    assert plan(policy=policy, bit_depth=8).pixel_format == "yuv420p"
    assert plan(policy=policy, bit_depth=10).pixel_format == "yuv420p10le"
    assert plan(bit_depth=8).pixel_format == "yuv420p10le"


def test_no_resolution_is_lost_by_default() -> None:
    assert plan(width=3840, height=2160).filters == ()


def test_deinterlacing_comes_first_and_scaling_last() -> None:
    filters = plan(policy=video_policy(downscale=True), width=3840, height=2160, scan=Scan.INTERLACED).filters

    assert [words.split("=")[0] for words in filters] == ["bwdif", "scale"]
    assert "scale=1920:1920:force_original_aspect_ratio=decrease" in filters[1]


@pytest.mark.parametrize(("width", "height", "scaled"), [(3840, 1600, True), (2160, 3840, True), (2560, 1440, False)])
def test_only_films_from_the_policys_lines_are_made_smaller(width: int, height: int, scaled: bool) -> None:
    assert bool(plan(policy=video_policy(downscale=True), width=width, height=height).filters) is scaled


def test_nothing_is_ever_made_larger() -> None:
    policy = video_policy(downscale=True, downscale_from_lines=64, downscale_width=1920)

    assert plan(policy=policy, width=1280, height=720).filters == ()
    assert plan(policy=policy, width=1920, height=1080).filters == ()


@pytest.mark.parametrize(
    ("rate", "duration", "frames"),
    [
        (Fraction(24), 6000.0, 240),
        (Fraction(24000, 1001), 180.0, 240),
        (Fraction(60000, 1001), 6000.0, 599),
        (Fraction(10), 6000.0, 161),
        (Fraction(24), 179.9, None),
        (Fraction(24), None, None),
        (None, 6000.0, None),
        (Fraction(0), 6000.0, None),
    ],
)
def test_long_films_get_a_keyframe_about_every_ten_seconds(
    rate: Fraction | None, duration: float | None, frames: int | None
) -> None:
    assert plan(frame_rate=rate, duration=duration).keyframe_interval == frames


@pytest.mark.parametrize(
    ("gib", "mean", "lowest"), [(70, 91, 90), (50, 92, 90), (30, 94, 92), (6, 95, 93), (0, 95, 93)]
)
def test_the_target_follows_the_size(gib: int, mean: float, lowest: float) -> None:
    facts = film(size=gib * GIB)
    assert facts.video is not None

    target = picture.target(facts, facts.video, DEFAULT)

    assert (target.mean, target.lowest_mean, target.floor_p5) == (mean, lowest, mean - 6)
    assert f"VMAF {mean}" in picture.target_reason(facts, DEFAULT)


def test_a_modest_target_is_never_below_its_own_floor() -> None:
    rows = (DEFAULT.target.means[-1].model_copy(update={"mean": 80.0}),)
    policy = DEFAULT.model_copy(update={"target": DEFAULT.target.model_copy(update={"means": rows})})

    target = picture.target(film(), video(), policy)

    assert target.lowest_mean == target.mean == 80
    assert picture.target_reason(film(), policy) == "The target is VMAF 80, as for every film."


@pytest.mark.parametrize(
    ("changes", "model", "box"),
    [
        ({"width": 3840, "height": 2160}, "vmaf_4k_v0.6.1", (3840, 2160)),
        ({"width": 2560, "height": 1440}, "vmaf_v0.6.1", (1920, 1080)),
        ({"width": 720, "height": 576}, "vmaf_v0.6.1", (1920, 1080)),
        ({"width": 1080, "height": 1920}, "vmaf_v0.6.1", (1080, 1920)),
        ({"width": 1920, "height": 1080, "rotation": 90}, "vmaf_v0.6.1", (1080, 1920)),
        ({"width": 1080, "height": 1920, "rotation": 270}, "vmaf_v0.6.1", (1920, 1080)),
        ({"width": 1920, "height": 1080, "rotation": 180}, "vmaf_v0.6.1", (1920, 1080)),
    ],
)
def test_model_and_scaling_follow_the_picture_as_it_is_shown(
    changes: dict[str, Any], model: str, box: tuple[int, int]
) -> None:
    target = picture.target(film(), video(**changes), DEFAULT)

    assert (target.model, target.scale_to) == (model, box)


def test_a_film_that_is_made_smaller_is_scored_as_a_small_one() -> None:
    target = picture.target(film(), video(width=3840, height=2160), video_policy(downscale=True))

    assert target.model == "vmaf_v0.6.1"
