"""Where lines through the probes lead: the CRF to wish for, what is out of reach, what is too large. Pure."""

import math

from reencodarr.quality import answer, curve
from reencodarr.quality.answer import STEP, Answer, Terms
from reencodarr.quality.curve import Point
from reencodarr.quality.engine import Probe
from reencodarr.quality.goals import Goal
from reencodarr.units import Crf

NARROW = 4.0
"""CRFs to go on where two near points look flat."""
NOISE = 0.1
"""VMAF; neighbouring CRFs were seen to rise by up to 0.08 where they should fall."""
FAR_OFF = 1.0
"""VMAF; a probe that misses its aim by more shows that the curve is no line there."""
EARLY_MARGIN = 1.15
"""A size that was not measured is believed to be too large only with this much to spare."""


def out_of_reach(terms: Terms, probes: tuple[Probe, ...], goal: Goal) -> bool:
    """No probe meets the goal, and none will: the lowest CRF does not, or lower ones do worse or grow too large."""
    good, bad = goal.bracket(probes)
    if good is not None or bad is None:
        return False
    if bad.crf <= terms.lowest:
        return True
    worse_below = any(
        goal.excess(low) < goal.excess(high) - NOISE for low in probes for high in probes if high.crf - low.crf >= 2
    )
    endless = len(probes) > 1 and bad.percent > terms.largest_percent and wished_crf(terms, probes, goal) < terms.lowest
    return worse_below or endless


def wished_crf(terms: Terms, probes: tuple[Probe, ...], goal: Goal) -> float:
    """The CRF at which the tightest limit is just met, by a line in u; neither on the grid nor held to the range."""
    good, bad = goal.bracket(probes)
    if good is not None and bad is not None:
        pairs = zip(goal.limits(good), goal.limits(bad), strict=False)
        return min(
            curve.crossing(answer.point(good, above.measured), answer.point(bad, under.measured), under.aim)
            for above, under in pairs
            if under.excess < 0
        )
    start = good or bad
    assert start is not None
    others = [probe for probe in probes if probe is not start]
    neighbour = min(others, key=lambda probe: abs(probe.crf - start.crf), default=None)
    wishes = []
    for index, limit in enumerate(goal.limits(start)):
        if good is not None or limit.excess < 0:
            here = answer.point(start, limit.measured)
            there = None if neighbour is None else answer.point(neighbour, goal.limits(neighbour)[index].measured)
            wishes.append(_projected(terms, here, there, limit.aim))
    return min(wishes)


def _projected(terms: Terms, here: Point, there: Point | None, aim: float) -> float:
    """The CRF of `aim` on the line through both, or by the usual slope; a long step where the curve is flat."""
    if there is None:
        return curve.projection(here, aim, per_crf=terms.prior.slope)
    per_crf = curve.slope(*sorted((here, there), key=lambda point: point.crf))
    if per_crf > curve.FLATTEST:
        return curve.projection(here, aim, per_crf=per_crf)
    # Two points that are near may only look flat, by noise.
    step = curve.REACH if abs(here.crf - there.crf) >= 2 else NARROW
    return here.crf + math.copysign(step, here.value - aim)


def towards_an_end(terms: Terms, probes: tuple[Probe, ...], goal: Goal) -> Crf | Answer:
    """All probes are good, or all are bad: go on past the last one, all the way where the range ends soon."""
    good, bad = goal.bracket(probes)
    wished = wished_crf(terms, probes, goal)
    if good is not None:
        if good.pilot and (goal.hit(good) or good.crf >= terms.highest):
            return good.crf
        if goal.hit(good) or good.crf >= terms.highest:
            note = "" if goal.hit(good) else "No higher CRF is allowed."
            return answer.found(terms, probes, good.crf, f"{goal.note} {note}")
        wished = min(max(wished, good.crf + STEP), good.crf + curve.REACH)
        return terms.grid(wished if wished < terms.highest - 1 else terms.highest)
    assert bad is not None
    wished = max(min(wished, bad.crf - STEP), bad.crf - curve.REACH)
    return terms.grid(wished if wished > terms.lowest + 1 else terms.lowest)


def stalled(goal: Goal, before: tuple[Probe, ...], seen: tuple[Probe, ...], latest: Crf) -> bool:
    """The latest probe was far off and left more than half of the bracket: lines do not help here, halving does."""
    far = any(probe.crf == latest and abs(goal.excess(probe)) > FAR_OFF for probe in seen)
    return far and _width(goal.bracket(seen)) > _width(goal.bracket(before)) / 2


def _width(bracket: tuple[Probe | None, Probe | None]) -> float:
    good, bad = bracket
    return math.inf if good is None or bad is None else bad.crf - good.crf


def too_large(terms: Terms, probes: tuple[Probe, ...], goal: Goal) -> Answer | None:
    """An answer where meeting the goal makes the film too large: a miss already is, or the line of sizes says so."""
    good, bad = goal.bracket(probes)
    assert bad is not None
    wished = wished_crf(terms, probes, goal)
    lowest = terms.lowest if good is None else good.crf
    crf = max(math.floor(min(wished, bad.crf - STEP) / STEP) * STEP, lowest)
    if bad.percent > terms.largest_percent:
        return answer.found(terms, probes, crf, goal.note, at_least=bad.percent)
    grown = answer.found(terms, probes, crf, goal.note)
    sure = grown.percent > terms.largest_percent * EARLY_MARGIN and len(probes) > 1 and wished >= terms.lowest
    return grown if sure else None
