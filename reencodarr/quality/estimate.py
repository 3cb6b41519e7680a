"""Where a limit is just met, read off the curve between or beside probes, and how far that may be off. Pure.

An estimate is the lower of several opinions: a line in u, a line in VMAF and, from three probes on, a monotone cubic.
Its doubt is how far they lie apart, and what lines beyond their points and pilots far from their anchor are worth.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from reencodarr.quality import curve
from reencodarr.quality.curve import Point
from reencodarr.quality.engine import Probe
from reencodarr.quality.goals import Goal
from reencodarr.quality.prior import Origin, Prior

WIDEST = 8.0
"""Width in CRF of a bracket in which an answer may be read off; 8 apart a line in u was off by 0.33 CRF on average."""
NEARBY = 12.0
"""Width of one in which it may be read off beside one of its ends."""
BREAK = 0.15
"""u per CRF; twelve clips fell by 0.027 to 0.129. What falls by more has a step, and no line tells where that is."""
FURTHEST = 6.0
"""CRFs beyond the last probe at which an answer may be read off."""
SAMPLED = 4
"""An answer may err by a quarter of the 95 % interval that sampling leaves: that widens it by an eighth."""
_BENT = 0.01
"""VMAF of doubt for each CRF of a bracket's width (0.1 rms at 10 CRF over twelve clips)."""
_SLOPE = 0.15
"""Share by which a slope between two probes of the film may change further on."""
_NOISE = 0.3
"""And by which noise may have turned it, divided by the distance of the two in CRF."""
_GUESSED = {Origin.SIBLINGS: 0.25, Origin.LIBRARY: 0.6, Origin.DEFAULT: 1.0}
"""The same for a slope that other films have shown."""
_P5 = 0.5
"""Share of the slack of the 5th percentile that an answer may be off."""
_ANCHOR = 0.1
"""Share of its distance from the probe of all windows that a pilot may err."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A place on the curve."""

    crf: float
    doubt: float
    """VMAF, about one standard deviation."""
    slack: float
    """VMAF; more doubt than this is worth another probe."""


def of(goal: Goal, seen: Sequence[Probe], prior: Prior, *, slack: float) -> Estimate | None:
    """The highest CRF that meets all limits of a goal; None where no line leads there.

    `seen` lie on one curve, by CRF. `slack` widens that of each limit where sampling errs by more anyway.
    """
    good, bad = goal.bracket(tuple(seen))
    if bad is None:
        assert good is not None
        ahead = (_beyond(index, goal, seen, good, prior) for index in range(len(goal.limits(good))))
        found = [one for one in ahead if one is not None]  # a limit that lies further on is not the first to be met
    elif good is None:
        behind = [_beyond(index, goal, seen, bad, prior) for index in _missed(goal, bad)]
        found = [one for one in behind if one is not None]
        if len(found) < len(behind):
            return None
    else:
        found = [_between(index, goal, seen, good, bad, prior) for index in _missed(goal, bad)]
    if not found:
        return None
    lowest = min(found, key=lambda one: one.crf)
    return Estimate(crf=lowest.crf, doubt=_with_anchor(lowest, seen, goal), slack=max(lowest.slack, slack))


def _missed(goal: Goal, bad: Probe) -> list[int]:
    return [index for index, limit in enumerate(goal.limits(bad)) if limit.excess < 0]


def _between(index: int, goal: Goal, seen: Sequence[Probe], good: Probe, bad: Probe, prior: Prior) -> Estimate:
    """By all opinions in a narrow bracket; near one of its ends also by the line from there, if that is surer."""
    ends = (_point(goal, good, index), _point(goal, bad, index))
    wanted = goal.limits(good)[index].wanted
    opinions = [curve.crossing(*ends, wanted), curve.straight_crossing(*ends, wanted)]
    points = [_point(goal, probe, index) for probe in seen]
    if len(points) > 2 and all(a.value > b.value for a, b in pairwise(points)):
        opinions.append(curve.monotone_crossing(points, wanted))
    width = bad.crf - good.crf
    steepness = (ends[0].value - ends[1].value) / width
    breaks = curve.slope(*ends) > BREAK
    apart = math.hypot((max(opinions) - min(opinions)) * steepness, _BENT * width)
    doubt = apart if width <= WIDEST and not breaks else math.inf
    inside = Estimate(crf=min(opinions), doubt=doubt, slack=_slack(goal, good, index))
    if breaks or width > NEARBY:
        return inside
    near = [_beyond(index, goal, seen, end, prior) for end in (good, bad)]
    held = [one for one in near if one is not None and good.crf <= one.crf <= bad.crf]
    return min([inside, *held], key=lambda one: one.doubt)


def _beyond(index: int, goal: Goal, seen: Sequence[Probe], start: Probe, prior: Prior) -> Estimate | None:
    limit = goal.limits(start)[index]
    here = _point(goal, start, index)
    others = [_point(goal, probe, index) for probe in seen if probe is not start]
    if others:
        there = min(others, key=lambda point: abs(point.crf - here.crf))
        per_crf = curve.slope(*sorted((here, there), key=lambda point: point.crf))
        share = _SLOPE + _NOISE / abs(there.crf - here.crf)
    else:
        per_crf, share = prior.slope, _GUESSED[prior.origin]
    crf = curve.projection(here, limit.wanted, per_crf=per_crf)
    if per_crf <= curve.FLATTEST or abs(crf - here.crf) > FURTHEST:
        return None
    return Estimate(crf=crf, doubt=share * abs(limit.excess), slack=_slack(goal, start, index))


def _slack(goal: Goal, probe: Probe, index: int) -> float:
    return goal.limits(probe)[index].slack * (_P5 if index else 1.0)


def _with_anchor(found: Estimate, seen: Sequence[Probe], goal: Goal) -> float:
    full = [probe.crf for probe in seen if not probe.pilot]
    if not full or len(full) == len(seen):
        return found.doubt
    nearest = min(abs(crf - found.crf) for crf in full)
    return math.hypot(found.doubt, _ANCHOR * nearest * curve.PRIOR_SLOPE * (curve.CEILING - goal.mean))


def _point(goal: Goal, probe: Probe, index: int) -> Point:
    return Point(crf=probe.crf, value=goal.limits(probe)[index].measured)
