"""What a search aims at: the target's limits, and the ladder of lower ones where the target is out of reach. Pure."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from reencodarr.encoding.plan import QualityTarget
from reencodarr.quality.engine import Probe

P5_SLACK = 0.5
"""How far above its floor p5 may stay; few windows carry it, so it is coarser than the mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One measured value against what is wanted of it."""

    measured: float
    wanted: float
    slack: float
    """How far above `wanted` there is nothing more to gain."""

    @property
    def excess(self) -> float:
        return self.measured - self.wanted

    @property
    def aim(self) -> float:
        """The middle of what is accepted."""
        return self.wanted + self.slack / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One rung of the ladder from the target's mean down to its lowest accepted mean."""

    mean: float
    p5: float
    slack: float
    note: str = ""
    """Says what was given up; empty on the top rung."""

    def limits(self, probe: Probe) -> tuple[Limit, ...]:
        """The mean's limit and, where the engine can tell it, that of p5."""
        mean = Limit(measured=probe.mean, wanted=self.mean, slack=self.slack)
        if probe.p5 is None:
            return (mean,)
        return (mean, Limit(measured=probe.p5, wanted=self.p5, slack=P5_SLACK))

    def excess(self, probe: Probe) -> float:
        """How far the tightest limit is exceeded; negative where one is missed."""
        return min(limit.excess for limit in self.limits(probe))

    def hit(self, probe: Probe) -> bool:
        """Met, and nothing to gain by going on."""
        return self.excess(probe) >= 0 and any(limit.excess < limit.slack for limit in self.limits(probe))

    def bracket(self, probes: tuple[Probe, ...]) -> tuple[Probe | None, Probe | None]:
        """The highest CRF that meets the goal, and the lowest above it that does not; misses below do not matter."""
        good = max((p for p in probes if self.excess(p) >= 0), key=lambda p: p.crf, default=None)
        floor = good.crf if good is not None else -math.inf
        bad = min((p for p in probes if p.crf > floor and self.excess(p) < 0), key=lambda p: p.crf, default=None)
        return good, bad


def ladder(target: QualityTarget) -> Iterator[Goal]:
    """The target, then step by step less of mean and p5, the last rung at the lowest accepted mean."""
    top, bottom, step = float(target.mean), float(target.lowest_mean), float(target.fall_step)
    between = (top - step * number for number in range(1, math.ceil((top - bottom) / step)))
    means = [top, *(mean for mean in between if mean > bottom), *([bottom] if bottom < top else [])]
    for mean in means:
        note = f"VMAF {top:g} is out of reach; {mean:g} was accepted." if mean < top else ""
        yield Goal(mean=mean, p5=target.floor_p5 - (top - mean), slack=target.tolerance, note=note)
