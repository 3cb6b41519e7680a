"""The curves that judge a chosen CRF."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.crf_search.interpolation import pchip

Points = list[tuple[float, float]]
heights = st.floats(-5, 5)


@st.composite
def points(draw: st.DrawFn, *, rising: bool = False) -> Points:
    gaps = draw(st.lists(st.floats(0.5, 8), min_size=2, max_size=8))
    x = list(itertools.accumulate(gaps))
    y = draw(st.lists(heights, min_size=len(x), max_size=len(x)))
    return list(zip(x, sorted(y) if rising else y, strict=True))


@given(points())
def test_the_curve_goes_through_every_point(known: Points) -> None:
    curve = pchip(known)

    assert [curve(x) for x, _ in known] == pytest.approx([y for _, y in known], abs=1e-9)


@given(points(rising=True), st.floats(0, 1), st.floats(0, 1))
def test_between_rising_points_the_curve_never_falls(known: Points, a: float, b: float) -> None:
    curve, first, last = pchip(known), known[0][0], known[-1][0]

    low, high = (curve(first + share * (last - first)) for share in sorted((a, b)))

    assert high >= low - 1e-9


@given(points())
def test_between_two_points_the_curve_stays_between_their_values(known: Points) -> None:
    curve = pchip(known)

    for (x1, y1), (x2, y2) in itertools.pairwise(known):
        middle = curve((x1 + x2) / 2)
        assert min(y1, y2) - 1e-9 <= middle <= max(y1, y2) + 1e-9


@given(points(), st.floats(-3, 3), st.floats(-5, 5), st.floats(-10, 60))
def test_a_line_stays_a_line_beyond_its_ends_too(known: Points, slope: float, start: float, at: float) -> None:
    curve = pchip([(x, start + slope * x) for x, _ in known])

    assert curve(at) == pytest.approx(start + slope * at, abs=1e-6)


@given(points(), st.randoms())
def test_the_order_of_the_points_does_not_matter(known: Points, chance: object) -> None:
    shuffled = sorted(known, key=lambda _: chance.random())  # type: ignore[attr-defined]

    assert pchip(shuffled) == pchip(known)


@given(points())
@settings(max_examples=20)
def test_scipy_draws_the_same_curve(known: Points) -> None:
    interpolate = pytest.importorskip("scipy.interpolate")
    theirs = interpolate.PchipInterpolator(*zip(*known, strict=True))
    first, last = known[0][0], known[-1][0]

    for place in range(21):
        x = min(first + (last - first) * place / 20, last)
        assert pchip(known)(x) == pytest.approx(float(theirs(x)), abs=1e-6)
