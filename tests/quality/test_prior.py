"""What finished films let expect of one more."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.encoding.plan import QualityTarget
from reencodarr.quality import curve, prior
from reencodarr.quality.prior import Origin, Past
from reencodarr.units import Crf, VmafScore

TARGET = QualityTarget(mean=VmafScore(95), lowest_mean=VmafScore(93), floor_p5=VmafScore(89))


def past(crf: float, mean: float = 95.0, *, p5: float | None = None, slope: float | None = 0.06) -> Past:
    worst = None if p5 is None else VmafScore(p5)
    return Past(crf=Crf(crf), mean=VmafScore(mean), p5=worst, percent=40.0, slope=slope)


def test_nothing_is_expected_of_nothing() -> None:
    assert prior.of([], TARGET, Origin.SIBLINGS) is None
    assert prior.of([past(30)] * 4, TARGET, Origin.LIBRARY) is None


@pytest.mark.parametrize(("mean", "crf"), [(95.0, 32.0), (93.0, 37.6), (96.0, 28.3), (70.0, 40.0), (99.9, 24.0)])
def test_without_films_the_target_alone_says_where_to_begin(mean: float, crf: float) -> None:
    found = prior.default(replace(TARGET, mean=VmafScore(mean)))

    assert found.crf == pytest.approx(crf, abs=0.05)
    assert (found.origin, found.films, found.slope) == (Origin.DEFAULT, 0, curve.PRIOR_SLOPE)


def test_a_search_begins_within_the_range_of_its_target() -> None:
    narrow = replace(TARGET, lowest_crf=Crf(34), highest_crf=Crf(36))

    assert prior.default(narrow).crf == 34
    assert prior.default(replace(narrow, mean=VmafScore(90))).crf == 36


def test_a_single_sibling_says_where_but_not_how_surely() -> None:
    found = prior.of([past(30)], TARGET, Origin.SIBLINGS)

    assert found is not None
    assert (found.crf, found.films, found.percent) == (30, 1, 40)
    assert found.spread > 1.5
    assert found.half_width(TARGET.mean) > 0.5


def test_siblings_that_lie_close_together_are_sure() -> None:
    close = prior.of([past(30 + n / 8) for n in range(12)], TARGET, Origin.SIBLINGS)
    apart = prior.of([past(30 + n) for n in range(12)], TARGET, Origin.SIBLINGS)

    assert close is not None
    assert apart is not None
    assert close.spread < 1 < apart.spread


@given(st.floats(20, 45), st.floats(-3, 3), st.floats(0.03, 0.12))
def test_a_film_that_missed_is_moved_to_where_it_would_not_have(crf: float, off: float, slope: float) -> None:
    mean = curve.score(curve.loss(95) + slope * off)

    found = prior.of([past(crf + off, mean, slope=slope)], TARGET, Origin.SIBLINGS)

    assert found is not None
    assert found.crf == pytest.approx(crf, abs=0.01)
    assert found.slope == slope


def test_the_worst_scenes_of_a_sibling_count_where_they_were_its_limit() -> None:
    found = prior.of([past(30, 96.0, p5=89.0)], TARGET, Origin.SIBLINGS)

    assert found is not None
    assert found.crf == 30


def test_a_prior_never_leaves_the_range() -> None:
    found = prior.of([past(60, 99.5)], TARGET, Origin.SIBLINGS)

    assert found is not None
    assert found.crf == TARGET.highest_crf
