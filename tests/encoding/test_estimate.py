"""The forecast: bits per pixel and CPU seconds, from measured clips or from the library's own history."""

from fractions import Fraction

import pytest

from reencodarr.encoding import estimate
from reencodarr.encoding.plan import EncodePlan, QualityTarget, VideoPlan
from reencodarr.media.facts import MediaFacts, VideoTrack
from reencodarr.units import Bytes, Seconds, VmafScore

TARGET = QualityTarget(mean=VmafScore(95), lowest_mean=VmafScore(93), floor_p5=VmafScore(89))
PLAN = EncodePlan(
    video=VideoPlan(preset=6),
    audio=(),
    target=TARGET,
    container="mkv",
    largest_ratio=0.8,
    smallest_ratio=0.02,
)


def film(size: int, *, seconds: float = 3600.0, width: int = 1920, height: int = 1080) -> MediaFacts:
    return MediaFacts(
        container="matroska",
        size=Bytes(size),
        duration=Seconds(seconds),
        bitrate=round(size * 8 / seconds),
        video=VideoTrack(codec="h264", width=width, height=height, frame_rate=Fraction(24)),
    )


def test_a_film_far_above_the_needed_bits_saves_most_of_its_size() -> None:
    found = estimate.estimate(film(10_000_000_000), PLAN)

    assert 0.5 < found.saved / 10_000_000_000 < 0.95
    assert found.saved_low <= found.saved <= found.saved_high


def test_a_film_already_crushed_is_expected_to_save_nothing() -> None:
    found = estimate.estimate(film(500_000_000), PLAN)

    assert found.saved == 0


def test_enough_history_replaces_the_measured_clips() -> None:
    frugal = estimate.estimate(film(4_000_000_000), PLAN, history=[0.01] * 5)
    lavish = estimate.estimate(film(4_000_000_000), PLAN, history=[0.09] * 5)

    assert frugal.saved > lavish.saved
    assert frugal.saved_low == frugal.saved == frugal.saved_high


def test_too_little_history_changes_nothing() -> None:
    assert estimate.estimate(film(4_000_000_000), PLAN, history=[0.01] * 4) == estimate.estimate(
        film(4_000_000_000), PLAN
    )


def test_the_cost_matches_what_was_measured_for_a_preset() -> None:
    minute = film(100_000_000, seconds=60.0, width=1280, height=720)

    found = estimate.estimate(minute, PLAN)

    encode_alone = 60 * 24 * 0.068  # preset 6 at 720p: 68 ms of CPU a frame
    assert encode_alone < found.cpu < 3 * encode_alone


def test_together_films_have_a_narrower_interval_than_their_sum() -> None:
    ones = [estimate.estimate(film(10_000_000_000), PLAN)] * 9

    together = estimate.total(ones)

    assert together.saved == 9 * ones[0].saved
    assert together.saved - together.saved_low == pytest.approx(3 * (ones[0].saved - ones[0].saved_low), rel=1e-6)


def test_no_film_at_all_is_nothing() -> None:
    assert estimate.total([]) == estimate.Estimate(
        saved=Bytes(0), saved_low=Bytes(0), saved_high=Bytes(0), cpu=Seconds(0)
    )
