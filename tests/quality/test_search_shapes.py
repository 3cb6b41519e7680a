"""The search against curves that are not monotone: they fall again towards the lowest CRFs."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reencodarr.quality.answer import STEP
from reencodarr.units import VmafScore
from tests.quality.test_search import TARGET, Film, run, smooth

GRID = [step * STEP for step in range(round(12 / STEP), round(63 / STEP) + 1)]


def hill(falls: Film, top: float, per_crf: float) -> Film:
    """A film whose VMAF falls again below a CRF, as was measured on a clip of 270 lines below 16."""
    return lambda crf: falls(crf) if crf >= top else falls(top) - per_crf * (top - crf)


hills = st.builds(
    hill,
    st.builds(smooth, st.floats(24, 56), st.floats(0.027, 0.129)),
    st.floats(12, 20),
    st.floats(0.02, 0.6),
)


@given(hills)
def test_a_hill_that_reaches_the_target_is_answered_from_its_far_side(film: Film) -> None:
    answer, _ = run(film)

    best = max(crf for crf in GRID if film(crf) >= 95)
    assert answer.met
    assert abs(film(answer.crf) - 95) <= 0.25 + film(best) - film(best + STEP)
    assert abs(answer.crf - best) <= 6


@given(hills, st.floats(1, 4))
def test_a_hill_that_stays_well_below_the_target_is_answered_with_the_best_of_what_was_tried(
    film: Film, short: float
) -> None:
    peak = max(map(film, GRID))
    target = replace(TARGET, lowest_mean=VmafScore(95.0))

    answer, tried = run(lambda crf: film(crf) - (peak - 95) - short, target=target)

    assert not answer.met
    assert f"VMAF {answer.predicted:.1f} at CRF {answer.crf:g} is the best there is" in answer.reason
    assert answer.predicted == max(probe.mean for probe in tried)
