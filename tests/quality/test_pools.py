"""What the scores of frames say together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.quality import pools
from reencodarr.quality.pools import Scored

values = st.lists(st.floats(0, 100), min_size=1, max_size=60)


def at(fps: float, scores: list[float]) -> list[Scored]:
    return [Scored(time=place / fps, score=score) for place, score in enumerate(scores)]


def test_stretches_are_two_seconds_long() -> None:
    frames = at(1, [90, 92, 80, 82, 70, 72])

    assert pools.stretches(frames) == [91, 81, 71]


def test_a_rest_of_less_than_a_second_joins_the_stretch_before_it() -> None:
    frames = at(10, [90.0] * 20 + [0.0] * 5)

    assert pools.stretches(frames) == [pytest.approx(90 * 20 / 25)]


def test_a_single_frame_is_a_stretch() -> None:
    assert pools.stretches(at(25, [88.0])) == [88.0]


def test_a_pause_in_a_variable_film_makes_no_empty_stretch() -> None:
    frames = [Scored(time=0.0, score=90.0), Scored(time=60.0, score=80.0), Scored(time=61.5, score=82.0)]

    assert pools.stretches(frames) == [90.0, 81.0]


@given(values)
def test_stretches_hold_every_frame_once(scores: list[float]) -> None:
    found = pools.stretches(at(7, scores))

    assert min(scores) - 1e-9 <= min(found) <= max(found) <= max(scores) + 1e-9
    assert len(found) <= len(scores)


@given(values)
def test_the_fifth_percentile_lies_near_the_bottom(scores: list[float]) -> None:
    found = pools.p5(scores)

    assert min(scores) <= found <= max(scores)
    assert sum(score < found for score in scores) <= 0.05 * len(scores) + 1


def test_the_fifth_percentile_is_interpolated() -> None:
    assert pools.p5([float(value) for value in range(21)]) == 1.0
    assert pools.p5([0.0, 10.0]) == pytest.approx(0.5)


def test_the_interval_narrows_with_the_number_of_windows() -> None:
    assert pools.half_width([94.0, 96.0] * 2) == pytest.approx(2 * (4 / 3) ** 0.5 / 2)
    assert pools.half_width([94.0, 96.0] * 50) < pools.half_width([94.0, 96.0] * 5)
    assert pools.half_width([95.0]) == 0.0
