"""What many trials come to, and how one is judged."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.crf_search import arms, figures
from benchmarks.crf_search.figures import Row
from benchmarks.crf_search.films import Film
from benchmarks.crf_search.reference import Point, Reference
from benchmarks.crf_search.trials import Case, Trial
from reencodarr.encoding.plan import VideoPlan

FILM = Film(
    name="film", path=Path("film.mkv"), key="", frames=100, duration=4.0, width=640, height=360, source_size=1_000_000
)


def reference(*, film: Film = FILM) -> Reference:
    """VMAF 100.3 - e^(0.05 CRF - 0.3), a size that halves every 8 CRF: what the curves can follow exactly."""
    made = Reference(film=film, video=VideoPlan(preset=8), folder=Path("nowhere"))
    for crf in range(20, 49, 4):
        vmaf, size = 100.3 - np.exp(0.05 * crf - 0.3), round(1e9 * 0.5 ** (crf / 8))
        made.points[crf] = Point(
            crf=crf, vmaf=vmaf, size=size, frames=100, subsample=1, encode_cpu_s=1.0, score_cpu_s=1.0
        )
    return made


def trial(crf: float | None, *, arm: str = arms.COLD, film: str = "film", cpu_s: float = 10.0) -> Trial:
    return Trial(
        case=Case(arm=arm, film=film, preset=8, target=95.0),
        wall_s=5.0,
        cpu_s=cpu_s,
        start_cpu_s=0.5,
        read_bytes=0,
        read_chars=3_000_000,
        probes=({"crf": 30.0}, {"crf": 36.0}),
        encoded_frames=200,
        scored_frames=68,
        ffmpeg_runs=4,
        crf=crf,
        predicted=95.2,
        predicted_size=5e7,
        note="",
        load=1.0,
    )


def row(*, cpu_s: float, arm: str, film: str = "film") -> Row:
    return figures.row(trial(38.0, arm=arm, film=film, cpu_s=cpu_s), reference())


def test_the_best_crf_is_the_highest_quarter_that_meets_the_target() -> None:
    curve = reference()

    best = curve.best(95.0)

    assert best is not None
    assert curve.vmaf(best) >= 95.0 > curve.vmaf(best + 0.25)


def test_no_crf_is_best_where_none_that_was_measured_meets_the_target() -> None:
    assert reference().best(99.9) is None


def test_no_crf_is_best_where_higher_ones_may_meet_the_target_too() -> None:
    curve = reference()

    assert curve.best(curve.vmaf(48.0) - 0.1) is None


def test_a_trial_is_not_judged_beyond_the_full_encodes() -> None:
    for crf in (19.75, 48.25):
        judged = figures.row(trial(crf), reference())
        assert (judged.achieved, judged.error, judged.regret, judged.size_error) == (None, None, None, None)


def test_a_trial_is_judged_by_the_full_encode_at_its_crf() -> None:
    judged = figures.row(trial(36.0), reference())

    assert judged.achieved == pytest.approx(100.3 - np.exp(1.5), abs=1e-3)
    assert judged.error == pytest.approx(judged.achieved - 95.0, abs=1e-3)
    assert judged.promise_error == pytest.approx(judged.achieved - 95.2, abs=1e-3)
    assert judged.size_error == pytest.approx(5e7 / (1e9 * 0.5**4.5) - 1, abs=1e-3)


def test_regret_is_positive_above_the_target_and_negative_where_it_is_missed() -> None:
    best = reference().best(95.0)
    assert best is not None

    above, exact, below = (figures.row(trial(best + off), reference()) for off in (-8, 0, 0.25))

    assert above.regret == pytest.approx(1.0, abs=1e-3)
    assert exact.regret == 0
    assert below.regret is not None
    assert below.error is not None
    assert below.regret < 0
    assert below.error < 0


def test_an_arm_without_an_answer_is_counted_and_not_judged() -> None:
    found = figures.summary([figures.row(replace(trial(None), predicted=None), reference())])

    assert found[0]["without_an_answer"] == 1
    assert found[0]["error"] is None
    assert found[0]["misses"] == {"count": 0}


def test_misses_are_counted_apart_from_the_regret() -> None:
    best = reference().best(95.0)
    assert best is not None
    rows = [figures.row(trial(best - 8), reference()), figures.row(trial(best + 4), reference())]

    found = figures.summary(rows)[0]

    assert found["misses"]["count"] == 1
    assert found["regret"]["median"] == pytest.approx(1.0, abs=1e-3)
    assert found["regret_with_misses"]["median"] < found["regret"]["median"]


def test_a_ratio_pairs_the_same_film_and_puts_repeats_together() -> None:
    mine = [row(cpu_s=cpu, arm=arms.COLD, film="a") for cpu in (1.0, 2.0, 90.0)]
    theirs = [row(cpu_s=8.0, arm=arms.ABAV1, film="a"), row(cpu_s=1.0, arm=arms.ABAV1, film="unpaired")]

    found = figures.ratio(mine, theirs, lambda one: one.cpu_s)

    assert found == {"ratio": 0.25, "low": 0.25, "high": 0.25, "cases": 1}


def test_nothing_in_common_has_no_ratio() -> None:
    mine, theirs = [row(cpu_s=1.0, arm=arms.COLD, film="a")], [row(cpu_s=1.0, arm=arms.ABAV1, film="b")]

    assert figures.ratio(mine, theirs, lambda one: one.cpu_s) is None


@given(st.lists(st.lists(st.floats(0.1, 10), min_size=1, max_size=4), min_size=1, max_size=8))
def test_an_interval_holds_the_median_and_repeats(clusters: list[list[float]]) -> None:
    low, high = figures.interval(clusters)

    assert min(map(min, clusters)) <= low <= high <= max(map(max, clusters))
    assert figures.interval(clusters) == (low, high)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    chance = np.random.default_rng(5)
    samples = [[[float(value)] for value in chance.normal(1.0, 0.3, size=15)] for _ in range(60)]

    held = [low <= 1.0 <= high for low, high in map(figures.interval, samples)]

    assert sum(held) / len(held) >= 0.85


def test_films_are_drawn_and_not_their_cases() -> None:
    """A film with many equal cases must not make the interval narrow."""
    few = figures.interval([[0.2] * 50, [0.8] * 50, [0.5] * 50])

    assert few == (0.2, 0.8)


def test_no_values_have_no_spread() -> None:
    assert figures.spread([]) is None


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30))
def test_a_spread_is_in_order(values: list[float]) -> None:
    found = figures.spread(values)

    assert found is not None
    ordered = [found["median"], found["p90"], found["p95"], found["worst"]]
    assert ordered == sorted(ordered)
    assert found["worst"] == round(max(values), 4)
