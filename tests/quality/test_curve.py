"""The shape of the curves: interpolation that stays inside its bracket and never runs wild."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.quality import curve
from reencodarr.quality.curve import Point

scores = st.floats(0, 100)
crfs = st.floats(1, 70)


@given(scores)
def test_a_score_survives_the_way_to_u_and_back(score: float) -> None:
    assert curve.score(curve.loss(score)) == pytest.approx(score, abs=1e-6)


@given(crfs, crfs, scores, scores, scores)
def test_a_crossing_never_leaves_its_bracket(a: float, b: float, above: float, under: float, target: float) -> None:
    good, bad = Point(crf=min(a, b), value=max(above, under)), Point(crf=max(a, b), value=min(above, under))

    for found in (curve.crossing(good, bad, target), curve.straight_crossing(good, bad, target)):
        assert good.crf - 1e-9 <= found <= bad.crf + 1e-9


def test_a_crossing_in_u_is_exact_where_u_is_a_line() -> None:
    def film(crf: float) -> float:
        return curve.score(0.2 + 0.057 * (crf - 10))

    good, bad = (Point(crf=crf, value=film(crf)) for crf in (20.0, 48.0))

    assert curve.crossing(good, bad, film(37.0)) == pytest.approx(37.0)
    assert curve.straight_crossing(good, bad, film(37.0)) < 36


def test_a_measured_film_is_predicted_better_in_u_than_by_a_straight_line() -> None:
    # Sintel trailer 720p, preset 8: VMAF 96.40 at CRF 30, 92.44 at 40, and 94.73 measured at 35.
    good, bad = Point(crf=30, value=96.40), Point(crf=40, value=92.44)

    assert curve.predicted((good, bad), 35) == pytest.approx(94.73, abs=0.1)
    assert abs((96.40 + 92.44) / 2 - 94.73) > 0.25


@given(st.lists(st.builds(Point, crf=crfs, value=scores), min_size=1, max_size=5), crfs)
def test_a_prediction_is_always_a_score(points: list[Point], crf: float) -> None:
    assert 0 <= curve.predicted(points, crf) <= 100


@given(st.lists(st.builds(Point, crf=crfs, value=st.floats(0.01, 500)), min_size=1, max_size=5), crfs)
def test_a_size_is_never_negative_and_never_explodes(points: list[Point], crf: float) -> None:
    assert 0 <= curve.percent(points, crf) <= 500 * math.exp(0.3 * 70)


def test_a_known_point_is_its_own_prediction() -> None:
    points = (Point(crf=30, value=96.0), Point(crf=40, value=90.0))

    assert curve.predicted(points, 40) == 90.0
    assert curve.percent(points, 30) == 96.0


def test_flat_and_rising_pairs_have_the_flattest_slope() -> None:
    assert curve.slope(Point(crf=12, value=96.8), Point(crf=16, value=98.7)) == curve.FLATTEST
    assert curve.slope(Point(crf=12, value=100), Point(crf=63, value=100)) == curve.FLATTEST


def test_a_line_beyond_its_points_is_believed_only_so_far() -> None:
    points = (Point(crf=30, value=95.0), Point(crf=34, value=93.0))

    assert curve.predicted(points, 70) == curve.predicted(points, 34 + curve.REACH)


def test_sizes_follow_a_line_in_their_logarithm() -> None:
    points = (Point(crf=30, value=40.0), Point(crf=40, value=20.0))

    assert curve.percent(points, 35) == pytest.approx(math.sqrt(800))
    assert curve.percent(points, 25) == pytest.approx(40 * math.sqrt(2))
