"""The second CRF for a film that missed."""

from hypothesis import given
from hypothesis import strategies as st

from reencodarr.encoding.plan import QualityTarget
from reencodarr.quality.correction import LARGEST, STEP, corrected_crf
from reencodarr.units import Crf, VmafScore

TARGET = QualityTarget(mean=VmafScore(95), lowest_mean=VmafScore(93), floor_p5=VmafScore(89))


def test_a_film_that_reached_its_target_needs_none() -> None:
    assert corrected_crf(Crf(30), VmafScore(95.0), TARGET) is None


def test_a_miss_of_two_points_goes_down_by_what_the_curve_says() -> None:
    better = corrected_crf(Crf(34), VmafScore(93.0), TARGET)

    assert better is not None
    assert 27 <= better <= 29  # ln(7.3/5.3)/0.057 = 5.6 CRF


def test_a_steeper_curve_needs_a_smaller_step() -> None:
    gentle = corrected_crf(Crf(34), VmafScore(93.0), TARGET, slope=0.03)
    steep = corrected_crf(Crf(34), VmafScore(93.0), TARGET, slope=0.12)

    assert gentle is not None
    assert steep is not None
    assert gentle < steep


def test_at_the_lowest_crf_there_is_no_room() -> None:
    assert corrected_crf(TARGET.lowest_crf, VmafScore(80.0), TARGET) is None


@given(st.floats(12, 63), st.floats(0, 94.99))
def test_the_answer_is_lower_on_the_grid_and_not_far(crf: float, achieved: float) -> None:
    start = Crf(round(crf / STEP) * STEP)

    better = corrected_crf(start, VmafScore(achieved), TARGET)

    if better is not None:
        assert TARGET.lowest_crf <= better < start
        assert better % STEP == 0
        assert start - better <= LARGEST
