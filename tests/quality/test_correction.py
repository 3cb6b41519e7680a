"""What a measured film says about its CRF."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.encoding.plan import QualityTarget
from reencodarr.quality import correction
from reencodarr.quality.correction import LARGEST, STEP, Verdict
from reencodarr.quality.measure import Achieved
from reencodarr.units import Crf, VmafScore

TARGET = QualityTarget(mean=VmafScore(95), lowest_mean=VmafScore(93), floor_p5=VmafScore(89))


def judged(
    crf: float, mean: float, *, p5: float = 92.0, predicted: float = 95.0, slope: float | None = None
) -> Verdict:
    achieved = Achieved(mean=VmafScore(mean), p5=VmafScore(p5), lowest_2s=VmafScore(p5), share=1.0)
    return correction.judged(Crf(crf), achieved, TARGET, predicted=VmafScore(predicted), slope=slope)


@pytest.mark.parametrize("mean", [94.75, 95.0, 95.25])
def test_a_film_within_the_promise_needs_no_words(mean: float) -> None:
    assert judged(30, mean) == Verdict(again=None, why="")


def test_a_miss_of_two_points_goes_down_by_what_the_curve_says() -> None:
    verdict = judged(34, 93.0)

    assert verdict.again is not None
    assert 27 <= verdict.again <= 29  # ln(7.3/5.3)/0.057 = 5.6 CRF
    assert "CRF 34 achieved VMAF 93.00, 95 was the aim" in verdict.why


def test_a_steeper_curve_needs_a_smaller_step() -> None:
    gentle, steep = judged(34, 93.0, slope=0.06).again, judged(34, 93.0, slope=0.12).again

    assert gentle is not None
    assert steep is not None
    assert gentle < steep


def test_where_the_search_settled_for_less_the_film_has_to_hold_that() -> None:
    assert judged(20, 93.9, predicted=94.0, p5=88.5) == Verdict(again=None, why="")


def test_bad_scenes_alone_are_a_miss() -> None:
    verdict = judged(30, 95.1, p5=86.0)

    assert verdict.again is not None
    assert verdict.again < 30
    assert "86.00 in its worst" in verdict.why


def test_a_film_that_is_far_too_good_is_made_smaller() -> None:
    verdict = judged(30, 97.0, p5=95.0)

    assert verdict.again is not None
    assert verdict.again > 30


@pytest.mark.parametrize(
    ("crf", "mean", "p5", "why"),
    [
        (30.0, 95.6, 94.0, "not worth a second encode"),
        (63.0, 99.0, 98.0, "no higher CRF is allowed"),
        (30.0, 98.0, 89.0, "worst 2-second windows allow no higher CRF"),
        (12.0, 80.0, 79.0, "No lower CRF is allowed"),
    ],
)
def test_a_film_that_stays_further_off_says_why(crf: float, mean: float, p5: float, why: str) -> None:
    verdict = judged(crf, mean, p5=p5)

    assert verdict.again is None
    assert why in verdict.why


@given(st.floats(12, 63), st.floats(0, 100), st.floats(0, 100), st.floats(0.01, 0.35))
def test_whatever_was_achieved_the_next_crf_is_on_the_grid_and_not_far(
    crf: float, mean: float, p5: float, slope: float
) -> None:
    start = Crf(round(crf / STEP) * STEP)

    verdict = judged(start, mean, p5=min(mean, p5), slope=slope)

    off = abs(mean - 95) > TARGET.promise or p5 < 89 - correction.P5_SLACK
    assert bool(verdict.why) or not off or min(mean, p5) >= 95 - TARGET.promise
    if verdict.again is not None:
        assert TARGET.lowest_crf <= verdict.again <= TARGET.highest_crf
        assert verdict.again % STEP == 0
        assert 0 < abs(verdict.again - start) <= LARGEST + STEP
        missed = mean < 95 - TARGET.promise or min(mean, p5) < 89 - correction.P5_SLACK
        assert (verdict.again < start) == missed


def test_a_laxer_promise_lets_the_film_be() -> None:
    achieved = Achieved(mean=VmafScore(94.2), p5=VmafScore(92), lowest_2s=VmafScore(92), share=1.0)
    lax = replace(TARGET, promise=VmafScore(1.0))

    assert correction.judged(Crf(30), achieved, lax, predicted=VmafScore(95)).again is None
