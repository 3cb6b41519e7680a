"""The values of a search, and how an answer is put together from what probes have shown. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reencodarr.encoding.plan import QualityTarget
from reencodarr.quality import curve, goals
from reencodarr.quality.curve import Point
from reencodarr.quality.engine import Probe
from reencodarr.quality.prior import DEFAULT, Prior
from reencodarr.units import Crf, VmafScore

STEP = 0.25
"""SVT-AV1 4.0 and newer know quarter steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to try next."""

    crf: Crf
    pilot: bool = False
    """On the pilot's windows only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The end of a search."""

    crf: Crf
    predicted: VmafScore
    percent: float
    met: bool
    reason: str
    """A sentence or two; empty where a probe hit the target and there is nothing to explain."""
    doubt: float = 0.0
    """VMAF by which `predicted` may be off beside what sampling makes, about one standard deviation."""
    slope: float | None = None
    """u per CRF around `crf`; None where a single point is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What does not change during a search."""

    target: QualityTarget
    largest_percent: float
    prior: Prior = DEFAULT
    pilots: int = 0
    """Pilots to make before the first probe of all windows; 0: the engine has none."""
    trusted: float = 0.0
    """Half width in VMAF of a prior that makes all probes needless; 0: never."""
    promised: float = 0.0
    """VMAF by which the finished film may miss; half of it is room for reading an answer off."""

    @property
    def lowest(self) -> float:
        return math.ceil(self.target.lowest_crf / STEP) * STEP

    @property
    def highest(self) -> float:
        return math.floor(self.target.highest_crf / STEP) * STEP

    def grid(self, crf: float) -> Crf:
        """The allowed CRF nearest to `crf`."""
        return Crf(min(max(round(crf / STEP) * STEP, self.lowest), self.highest))

    def below(self, crf: float) -> Crf:
        """The highest allowed CRF that is not above `crf`."""
        return self.grid(math.floor(crf / STEP) * STEP)


def best_effort(terms: Terms, seen: Sequence[Probe], *, why: str) -> Answer:
    """The best of the probes: on the highest rung that one meets, else the one that misses by least."""
    for goal in goals.ladder(terms.target):
        good, _ = goal.bracket(tuple(seen))
        if good is not None:
            return found(terms, seen, good.crf, f"{goal.note} {why}")
    goal = next(iter(goals.ladder(terms.target)))
    best = max(seen, key=lambda probe: (goal.excess(probe), probe.crf))
    p5 = "" if best.p5 is None else f" and {best.p5:.1f} in the worst 2-second windows"
    why = f"VMAF {best.mean:.1f}{p5} at CRF {best.crf:g} is the best there is; {terms.target.mean:g} is wanted. {why}"
    return found(terms, seen, best.crf, why, met=False)


def found(
    terms: Terms,
    seen: Sequence[Probe],
    crf: float,
    reason: str,
    *,
    met: bool = True,
    at_least: float = 0.0,
    doubt: float = 0.0,
) -> Answer:
    """An answer at `crf` as the curve through `seen` has it; not met where its size is more than is allowed."""
    points = [point(probe, probe.mean) for probe in seen]
    predicted = curve.predicted(points, crf, per_crf=terms.prior.slope)
    percent = max(curve.percent([point(probe, probe.percent) for probe in seen], crf), at_least)
    if percent > terms.largest_percent:
        met = False
        size = f"about {percent:.0f} % of the video's size is needed, {terms.largest_percent:.0f} % is allowed."
        reason = f"It is not worth it: {size} {reason}"
    return Answer(
        crf=Crf(crf),
        predicted=VmafScore(predicted),
        percent=percent,
        met=met,
        reason=reason.strip(),
        doubt=doubt,
        slope=curve.local_slope(points, crf),
    )


def point(probe: Probe, value: float) -> Point:
    """One value of a probe at its CRF."""
    return Point(crf=probe.crf, value=value)
