"""The search against invented curves: it ends, keeps to the grid, never asks twice, and always answers."""

import math
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.encoding.plan import QualityTarget
from reencodarr.quality import curve, estimate, goals, search
from reencodarr.quality.answer import STEP, Answer, Terms
from reencodarr.quality.engine import Probe
from reencodarr.quality.prior import DEFAULT, Origin, Prior
from reencodarr.units import Crf, Seconds, VmafScore

Film = Callable[[float], float]

TARGET = QualityTarget(mean=VmafScore(95.0), lowest_mean=VmafScore(93.0), floor_p5=VmafScore(89.0))

# Mean VMAF at CRF 20, 25, ... 55 of real clips at preset 8 (libvmaf v0.6.1, every frame).
MEASURED = {
    "bbb1080": (99.23, 98.48, 97.37, 96.29, 95.22, 93.95, 92.29, 89.39),
    "cockatoo720": (99.39, 98.73, 97.27, 93.85, 89.47, 83.44, 76.95, 68.82),
    "dv84_1080": (95.78, 94.98, 93.71, 91.85, 90.16, 88.36, 86.45, 83.93),
    "echo270": (98.95, 98.65, 97.78, 95.90, 92.89, 88.66, 83.20, 75.13),
    "film576": (96.90, 96.40, 95.64, 94.65, 93.58, 92.30, 90.61, 88.21),
    "karma480": (95.42, 94.10, 92.08, 89.70, 87.44, 84.83, 81.58, 77.29),
    "oneby432": (97.08, 96.80, 96.30, 95.49, 94.58, 93.50, 92.29, 90.85),
    "opossum720": (96.45, 95.48, 93.64, 90.70, 87.06, 82.59, 77.42, 71.42),
    "sintel720": (97.94, 97.36, 96.40, 94.73, 92.44, 89.06, 84.65, 78.30),
    "traffic540": (95.80, 95.40, 94.78, 93.90, 92.92, 91.82, 90.44, 88.67),
    "tv720": (99.57, 98.76, 97.04, 94.28, 91.30, 87.27, 82.49, 76.19),
    "vtest576": (97.40, 97.04, 96.36, 95.40, 94.21, 92.52, 90.65, 87.99),
}


def probe(crf: float, mean: float, *, percent: float = 30.0, p5: float | None = None, pilot: bool = False) -> Probe:
    return Probe(
        crf=Crf(crf),
        mean=VmafScore(mean),
        p5=None if p5 is None else VmafScore(p5),
        percent=percent,
        seconds=Seconds(1.0),
        cpu_seconds=Seconds(1.0),
        pilot=pilot,
    )


def size(crf: float, *, at_32: float = 40.0) -> float:
    return at_32 * math.exp(-0.065 * (crf - 32))


def smooth(centre: float, per_crf: float, bend: float = 0.0) -> Film:
    """VMAF 95 at CRF `centre`; u falls by `per_crf` there and bends a little."""

    def film(crf: float) -> float:
        distance = crf - centre
        return curve.score(curve.loss(95) + per_crf * distance + bend * per_crf * distance * abs(distance) / 60)

    return film


def measured(name: str) -> Film:
    points = [curve.Point(crf=20 + 5 * n, value=value) for n, value in enumerate(MEASURED[name])]
    return lambda crf: curve.predicted(points, crf)


def run(
    film: Film,
    *,
    target: QualityTarget = TARGET,
    known: tuple[Probe, ...] = (),
    prior: Prior = DEFAULT,
    trusted: float = 0.0,
    p5: Film | None = None,
    percent: Film = size,
    largest_percent: float = 1000.0,
    pilots: int = 0,
    harder: float = 1.0,
) -> tuple[Answer, list[Probe]]:
    """Drive a search on an invented film, checking what must hold at every step.

    The windows of its pilots lose `harder` times as much as all windows do.
    """
    terms = Terms(target=target, largest_percent=largest_percent, prior=prior, pilots=pilots, trusted=trusted)
    generator = search.candidates(terms, known)
    tried: list[Probe] = []
    try:
        step = next(generator)
        while True:
            crf = step.crf
            assert target.lowest_crf <= crf <= target.highest_crf
            assert crf * 4 == int(crf * 4)
            assert pilots or not step.pilot
            assert (crf, step.pilot) not in [(p.crf, p.pilot) for p in (*tried, *known)]
            mean = film(crf) if not step.pilot else curve.score(curve.loss(film(crf)) + math.log(harder))
            worst = None if p5 is None else p5(crf)
            tried.append(probe(crf, mean, percent=percent(crf), p5=worst, pilot=step.pilot))
            assert len(tried) <= search.MOST_PROBES
            step = generator.send(tried[-1])
    except StopIteration as end:
        answer = end.value
    assert isinstance(answer, Answer)
    assert target.lowest_crf <= answer.crf <= target.highest_crf
    assert answer.crf * 4 == int(answer.crf * 4)
    return answer, tried


smooth_films = st.builds(smooth, st.floats(14, 60), st.floats(0.027, 0.129), st.floats(-0.5, 0.5))


@given(smooth_films)
def test_a_smooth_film_ends_on_its_target(film: Film) -> None:
    answer, _ = run(film)

    one_step = film(answer.crf) - film(answer.crf + STEP)
    assert answer.met
    assert 95 - TARGET.tolerance <= film(answer.crf) <= 95 + TARGET.tolerance + one_step
    assert answer.predicted == pytest.approx(film(answer.crf), abs=TARGET.tolerance + one_step)


@given(smooth_films, st.floats(12, 63))
def test_any_suggested_start_leads_to_the_target(film: Film, first: float) -> None:
    answer, tried = run(film, prior=replace(DEFAULT, crf=Crf(first)))

    assert abs(tried[0].crf - first) <= STEP / 2
    assert abs(film(answer.crf) - 95) <= TARGET.tolerance + film(answer.crf) - film(answer.crf + STEP)


@pytest.mark.parametrize("name", MEASURED)
@pytest.mark.parametrize("mean", [93.0, 95.0])
def test_measured_curves_take_at_most_five_probes(name: str, mean: float) -> None:
    target = replace(TARGET, mean=VmafScore(mean), lowest_mean=VmafScore(mean - 2))

    answer, tried = run(measured(name), target=target)

    film = measured(name)
    assert answer.met
    assert len(tried) <= 5
    assert abs(film(answer.crf) - mean) <= target.tolerance + film(answer.crf) - film(answer.crf + STEP)


def test_measured_curves_take_three_probes_on_average() -> None:
    spent = [len(run(measured(name))[1]) for name in MEASURED]

    assert sum(spent) / len(spent) <= 3.2


def chaos(seed: int, lowest: float, highest: float) -> Film:
    """Any value at each CRF of the grid, the same when asked again."""
    return lambda crf: random.Random(f"{seed} {crf}").uniform(lowest, highest)


@given(st.integers(), st.floats(90, 100), st.floats(12, 63))
def test_any_scores_at_all_end_in_an_answer(seed: int, highest: float, first: float) -> None:
    run(chaos(seed, 80, highest), prior=replace(DEFAULT, crf=Crf(first)))


@given(st.integers(), st.floats(90, 100), st.floats(20, 200))
def test_any_p5_and_any_sizes_end_in_an_answer(seed: int, highest: float, largest_percent: float) -> None:
    means, p5s, sizes = chaos(seed, 80, highest), chaos(seed + 1, 70, highest), chaos(seed + 2, 0, 150)

    run(means, p5=p5s, percent=sizes, largest_percent=largest_percent)


@given(smooth_films, st.integers())
def test_noise_of_measuring_costs_little(film: Film, seed: int) -> None:
    noise = chaos(seed, -0.08, 0.08)

    answer, _ = run(lambda crf: min(film(crf) + noise(crf), 100))

    assert answer.met
    assert abs(film(answer.crf) - 95) <= 0.35 + film(answer.crf) - film(answer.crf + STEP)


@given(st.integers(49, 252), st.floats(95, 100), st.floats(0, 94))
def test_a_cliff_is_answered_from_its_upper_side(edge: int, above: float, below: float) -> None:
    def film(crf: float) -> float:
        return above if crf * 4 < edge else below

    answer, _ = run(film)

    assert answer.met
    # A step that films fall by within a bracket that is read off looks like any film.
    assert film(answer.crf) == above or curve.loss(below) - curve.loss(above) <= estimate.BREAK * estimate.NEARBY


@pytest.mark.parametrize(("edge", "above", "below"), [(12.25, 95.375, 85), (31, 95.4, 70), (50.75, 95.6, 40)])
def test_no_answer_is_read_off_a_step(edge: float, above: float, below: float) -> None:
    answer, _ = run(lambda crf: above if crf < edge else below)

    assert answer.met
    assert answer.crf < edge


@given(st.floats(95, 100))
def test_a_flat_film_that_always_meets_the_target_gets_the_highest_crf(level: float) -> None:
    answer, tried = run(lambda _: level)

    assert answer.met
    assert answer.crf == TARGET.highest_crf or level < 95 + TARGET.tolerance
    assert len(tried) <= 5


def test_black_video_is_settled_in_three_probes() -> None:
    answer, tried = run(lambda _: 100.0)

    assert (answer.crf, answer.met, len(tried)) == (63, True, 3)


def test_a_film_that_no_crf_can_hold_is_answered_with_its_best() -> None:
    answer, _ = run(lambda crf: 90 - crf / 10)

    assert not answer.met
    assert answer.crf == TARGET.lowest_crf
    assert "88.8" in answer.reason


def test_a_target_out_of_reach_steps_down_the_ladder() -> None:
    # Tops out at 94.4, as clean sources do.
    film: Film = lambda crf: min(94.4, smooth(24, 0.06)(crf))  # noqa: E731

    answer, _ = run(film)

    assert answer.met
    assert film(answer.crf) == pytest.approx(94, abs=0.3)
    assert "95 is out of reach; 94 was accepted" in answer.reason


@pytest.mark.parametrize(
    ("step", "lowest", "means"),
    [(1.0, 93.0, [95, 94, 93]), (0.5, 94.0, [95, 94.5, 94]), (3.0, 93.0, [95, 93]), (0.75, 94.0, [95, 94.25, 94])],
)
def test_the_ladder_goes_down_by_the_policys_step(step: float, lowest: float, means: list[float]) -> None:
    target = replace(TARGET, lowest_mean=VmafScore(lowest), fall_step=VmafScore(step))

    rungs = list(goals.ladder(target))

    assert [goal.mean for goal in rungs] == pytest.approx(means)
    assert [goal.p5 for goal in rungs] == pytest.approx([mean - 6 for mean in means])
    assert [bool(goal.note) for goal in rungs] == [False, *(True for _ in means[1:])]


def test_the_ladder_ends_at_the_lowest_accepted_mean() -> None:
    target = replace(TARGET, lowest_mean=VmafScore(93.5))

    answer, _ = run(lambda crf: min(93.7, smooth(20, 0.06)(crf)), target=target)

    assert answer.met
    assert "93.5 was accepted" in answer.reason
    assert not run(lambda crf: min(93.4, smooth(20, 0.06)(crf)), target=target)[0].met


def test_a_curve_that_falls_again_at_low_crf_is_not_followed_down() -> None:
    # Measured on a 270p clip: 96.8 at CRF 8, 98.4 at 12, 98.7 at 16; here the top is below the target.
    def film(crf: float) -> float:
        return min(94.2 - (crf - 26) / 20, 94.2 - (26 - crf) / 5)

    answer, tried = run(film)

    assert answer.met
    assert film(answer.crf) == pytest.approx(94, abs=0.3)
    assert len(tried) <= 5


def test_the_floor_of_p5_binds_where_it_is_the_tighter_limit() -> None:
    film, dips = smooth(36, 0.06), lambda crf: smooth(36, 0.06)(crf) - 8

    answer, _ = run(film, p5=dips)

    assert answer.met
    assert dips(answer.crf) >= TARGET.floor_p5 - 0.1
    assert dips(answer.crf) < TARGET.floor_p5 + 0.8
    assert film(answer.crf) > 95.5


def test_a_crushed_source_is_given_up_from_the_first_probe() -> None:
    answer, tried = run(smooth(26, 0.06), percent=lambda crf: size(crf, at_32=120), largest_percent=80)

    assert len(tried) == 1
    assert not answer.met
    assert answer.percent > 120
    assert "not worth it" in answer.reason


def test_a_film_that_would_grow_is_seen_from_two_sizes() -> None:
    # 95 lies at CRF 16, where the size is 85 % x e^(.065 x 16).
    answer, tried = run(smooth(16, 0.03), percent=lambda crf: size(crf, at_32=70), largest_percent=80)

    assert len(tried) <= 2
    assert not answer.met
    assert answer.percent > 80


def test_a_result_just_small_enough_is_met() -> None:
    answer, _ = run(smooth(32, 0.06), percent=lambda crf: size(crf, at_32=79), largest_percent=80)

    assert answer.met
    assert answer.percent < 80


@given(smooth_films)
def test_a_search_that_is_repeated_with_its_own_probes_asks_for_nothing(film: Film) -> None:
    first, tried = run(film)

    again, more = run(film, known=tuple(tried))

    assert more == []
    assert again == first


@given(smooth_films)
def test_known_probes_shorten_a_search_to_another_target(film: Film) -> None:
    _, tried = run(film)
    target = replace(TARGET, mean=VmafScore(94.0))

    answer, more = run(film, target=target, known=tuple(tried))
    _, cold = run(film, target=target)

    assert len(more) <= len(cold)
    off = abs(film(answer.crf) - 94)
    assert answer.crf == 63 or off <= 0.1 + film(answer.crf) - film(answer.crf + STEP)


def test_known_probes_outside_the_range_are_left_aside() -> None:
    answer, tried = run(smooth(30, 0.06), known=(probe(66, 40), probe(31.1, 94.5)))

    assert tried
    assert answer.met


def test_a_pilot_places_the_search_and_one_probe_of_all_windows_gives_the_level() -> None:
    answer, tried = run(smooth(40, 0.06), pilots=2, harder=1.3)

    assert [one.pilot for one in tried[:3]] == [True, True, False]
    assert smooth(40, 0.06)(answer.crf) == pytest.approx(95, abs=0.3)


@given(smooth_films, st.floats(0.6, 1.7), st.sampled_from([1, 2]))
def test_pilots_of_another_level_lead_to_the_same_answer(film: Film, harder: float, pilots: int) -> None:
    answer, tried = run(film, pilots=pilots, harder=harder)

    one_step = film(answer.crf) - film(answer.crf + STEP)
    assert answer.met
    assert any(not one.pilot for one in tried)
    assert 95 - 0.25 <= film(answer.crf) <= 95 + 0.25 + one_step


@given(st.integers(), st.floats(0.5, 2.0), st.sampled_from([1, 2]))
def test_pilots_that_tell_anything_at_all_end_in_an_answer(seed: int, harder: float, pilots: int) -> None:
    run(chaos(seed, 80, 100), pilots=pilots, harder=harder)


def test_a_crushed_source_is_given_up_from_its_pilot() -> None:
    answer, tried = run(smooth(26, 0.06), percent=lambda crf: size(crf, at_32=150), largest_percent=80, pilots=1)

    assert [one.pilot for one in tried] == [True]
    assert not answer.met


def siblings(crf: float, *, spread: float, films: int = 5, percent: float = 40.0) -> Prior:
    return Prior(crf=Crf(crf), spread=spread, slope=0.06, percent=percent, films=films, origin=Origin.SIBLINGS)


def test_siblings_that_lie_close_together_make_probes_needless() -> None:
    answer, tried = run(smooth(34, 0.06), prior=siblings(34.1, spread=0.3), trusted=0.25)

    assert tried == []
    assert (answer.crf, answer.met) == (34.0, True)
    assert 0 < answer.doubt <= 0.125
    assert "5 films alike" in answer.reason


@pytest.mark.parametrize(
    "prior",
    [
        siblings(34, spread=0.6),
        siblings(34, spread=0.3, films=2),
        siblings(34, spread=0.3, percent=75),
    ],
    ids=["too far apart", "too few", "perhaps too large"],
)
def test_siblings_that_are_not_sure_are_a_place_to_begin(prior: Prior) -> None:
    answer, tried = run(smooth(33, 0.06), prior=prior, trusted=0.25, pilots=1, largest_percent=80)

    assert (tried[0].crf, tried[0].pilot) == (34, False)
    assert smooth(33, 0.06)(answer.crf) == pytest.approx(95, abs=0.3)


def test_an_answer_carries_the_slope_of_its_film_and_its_doubt() -> None:
    answer, _ = run(smooth(40, 0.08))

    assert answer.slope == pytest.approx(0.08, rel=0.15)
    assert answer.doubt < 0.2
