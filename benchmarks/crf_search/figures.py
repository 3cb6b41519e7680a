"""Figures: each trial judged by the film's reference, and what many of them come to. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.crf_search import arms
from benchmarks.crf_search.reference import Reference
from benchmarks.crf_search.trials import Case, Trial

RESAMPLES = 2000
GROUPS = {
    "whole": "up to 23 s: ab-av1 scores them whole",
    "sampled": "30 s to 2.3 min",
    "long": "6 to 8 min",
}
EFFORT = ("wall_s", "cpu_s", "probes", "encoded_frames", "scored_frames", "read_mb")
JUDGED = ("error", "regret", "size_error", "promise_error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One trial, judged."""

    case: Case
    group: str
    wall_s: float
    cpu_s: float
    start_cpu_s: float
    probes: int
    encoded_frames: int
    scored_frames: int
    read_mb: float
    crf: float | None
    best_crf: float | None
    predicted: float | None
    achieved: float | None
    """VMAF of the full encode at the chosen CRF."""
    error: float | None
    """Achieved minus target."""
    promise_error: float | None
    """Achieved minus predicted."""
    regret: float | None
    """Size of the full encode at the chosen CRF / at the best one - 1; below 0 where the target is missed."""
    size_error: float | None
    """Predicted size / size of the full encode - 1."""
    load: float
    note: str


def row(trial: Trial, reference: Reference) -> Row:
    """A trial against what full encodes gave; only what it cost, where these do not enclose what it chose."""
    crf = trial.crf
    best = reference.best(trial.case.target) if len(reference.points) > 1 else None
    judged = crf is not None and reference.covers(crf)
    achieved = reference.vmaf(crf) if crf is not None and judged else None
    size = reference.size(crf) if crf is not None and judged else None
    return Row(
        case=trial.case,
        group=reference.film.group,
        wall_s=round(trial.wall_s, 2),
        cpu_s=round(trial.cpu_s, 2),
        start_cpu_s=round(trial.start_cpu_s, 2),
        probes=len(trial.probes),
        encoded_frames=trial.encoded_frames,
        scored_frames=trial.scored_frames,
        read_mb=round(trial.read_chars / 1e6, 1),
        crf=crf,
        best_crf=best,
        predicted=_rounded(trial.predicted),
        achieved=_rounded(achieved),
        error=_rounded(_minus(achieved, trial.case.target)),
        promise_error=_rounded(_minus(achieved, trial.predicted)),
        regret=_rounded(None if size is None or best is None else size / reference.size(best) - 1),
        size_error=_rounded(None if not size or trial.predicted_size is None else trial.predicted_size / size - 1),
        load=trial.load,
        note=trial.note,
    )


def summary(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """For every arm, in all and by preset and group: what it took, how well it hit, and its ratios to ab-av1."""
    found = []
    for preset in (None, *sorted({row.case.preset for row in rows})):
        for group in (None, *GROUPS):
            part = [row for row in rows if preset in (None, row.case.preset) and group in (None, row.group)]
            for arm in arms.ARMS:
                mine = [row for row in part if row.case.arm == arm]
                if mine:
                    label = {"preset": preset or "all", "films": group or "all", "arm": arm}
                    found.append(label | _effort(mine) | _quality(mine) | _ratios(mine, part))
    return found


def spread(values: Iterable[float]) -> dict[str, float] | None:
    """Median, 90th and 95th percentile and the worst (largest); None of nothing."""
    known = sorted(values)
    if not known:
        return None
    p50, p90, p95 = (float(value) for value in np.percentile(known, [50, 90, 95]))
    return {"median": round(p50, 4), "p90": round(p90, 4), "p95": round(p95, 4), "worst": round(known[-1], 4)}


def ratio(mine: Sequence[Row], theirs: Sequence[Row], figure: Callable[[Row], float]) -> dict[str, float] | None:
    """The median over cases of mine / theirs, with the 95 % interval of a bootstrap over films.

    Films are drawn and not cases: one film's presets and targets say nearly the same. Repeats are put together first,
    by their median. None where no case is in both.
    """
    by_film: dict[str, list[float]] = {}
    above, below = _by_case(mine, figure), _by_case(theirs, figure)
    for key in above.keys() & below.keys():
        if below[key] > 0:
            by_film.setdefault(key[0], []).append(above[key] / below[key])
    if not by_film:
        return None
    low, high = interval([by_film[name] for name in sorted(by_film)])
    every = [value for values in by_film.values() for value in values]
    return {
        "ratio": round(float(np.median(every)), 3),
        "low": round(low, 3),
        "high": round(high, 3),
        "cases": len(every),
    }


def interval(clusters: Sequence[Sequence[float]], *, seed: int = 1) -> tuple[float, float]:
    """The 95 % interval of the median when clusters of values are drawn again, with replacement."""
    pairs = sorted((value, place) for place, cluster in enumerate(clusters) for value in cluster)
    values, places = np.array([value for value, _ in pairs]), np.array([place for _, place in pairs])
    chance = np.random.default_rng(seed)
    times_drawn = chance.multinomial(len(clusters), [1 / len(clusters)] * len(clusters), size=RESAMPLES)
    reached = np.cumsum(times_drawn[:, places], axis=1)
    half = reached[:, -1:] / 2
    medians = (values[np.argmax(reached >= half, axis=1)] + values[np.argmax(reached > half, axis=1)]) / 2
    low, high = np.percentile(medians, [2.5, 97.5])
    return float(low), float(high)


def _by_case(rows: Sequence[Row], figure: Callable[[Row], float]) -> dict[tuple[str, int, float], float]:
    grouped: dict[tuple[str, int, float], list[float]] = {}
    for row in rows:
        grouped.setdefault((row.case.film, row.case.preset, row.case.target), []).append(figure(row))
    return {key: float(np.median(values)) for key, values in grouped.items()}


def _effort(rows: Sequence[Row]) -> dict[str, Any]:
    return {name: spread(float(getattr(row, name)) for row in rows) for name in EFFORT}


def _quality(rows: Sequence[Row]) -> dict[str, Any]:
    """Errors without their sign; regret of those that meet the target, and apart from it how many miss it."""
    judged = [row for row in rows if row.error is not None]
    misses = [row.error for row in judged if row.error is not None and row.error < 0]
    return {
        "trials": len(rows),
        "without_an_answer": sum(row.crf is None for row in rows),
        "error": spread(abs(row.error) for row in judged if row.error is not None),
        "over_a_quarter": sum(abs(row.error or 0.0) > 0.25 for row in judged),
        "misses": {"count": len(misses), "deepest": round(min(misses), 3)} if misses else {"count": 0},
        "regret": spread(row.regret for row in judged if row.regret is not None and (row.error or 0.0) >= 0),
        "regret_with_misses": spread(row.regret for row in judged if row.regret is not None),
        "size_error": spread(abs(row.size_error) for row in judged if row.size_error is not None),
        "promise_error": spread(abs(row.promise_error) for row in judged if row.promise_error is not None),
    }


def _ratios(mine: Sequence[Row], part: Sequence[Row]) -> dict[str, Any]:
    theirs = [row for row in part if row.case.arm == arms.ABAV1]
    if not theirs or mine[0].case.arm == arms.ABAV1:
        return {}
    return {
        "to_abav1": {name: ratio(mine, theirs, lambda row, name=name: float(getattr(row, name))) for name in EFFORT}  # type: ignore[misc]
    }


def _minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
