"""Which CRF to try next, and when to stop: a generator that is sent scores and never sees a film.

It knows the shape of the curves (`curve`) and what is wanted (`goals`); encoding and scoring are left to an
engine. The next step follows from the probes alone, so known probes are worth as much as new ones, for nothing.
"""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from reencodarr.encoding.plan import QualityTarget
from reencodarr.quality import curve, goals
from reencodarr.quality.curve import Point
from reencodarr.quality.engine import Probe
from reencodarr.quality.goals import Goal
from reencodarr.units import Crf, VmafScore

STEP = 0.25
"""SVT-AV1 4.0 and newer know quarter steps."""
FIRST_CRF = Crf(32.0)
"""In the middle of 22 to 41, where twelve real clips reached VMAF 95."""
MOST_PROBES = 8
NARROW = 4.0
"""Width in CRF of a bracket in which an answer may be read off the curve instead of being probed."""
NOISE = 0.1
"""VMAF; neighbouring CRFs were seen to rise by up to 0.08 where they should fall."""
FAR_OFF = 1.0
"""VMAF; a probe that misses its aim by more shows that the curve is no line there."""
EARLY_MARGIN = 1.15
"""A size that was not measured is believed to be too large only with this much to spare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The end of a search."""

    crf: Crf
    predicted: VmafScore
    percent: float
    met: bool
    reason: str
    """A sentence or two; empty where a probe hit the target and there is nothing to explain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What does not change during a search."""

    target: QualityTarget
    largest_percent: float

    @property
    def lowest(self) -> float:
        return math.ceil(self.target.lowest_crf / STEP) * STEP

    @property
    def highest(self) -> float:
        return math.floor(self.target.highest_crf / STEP) * STEP

    def grid(self, crf: float) -> Crf:
        """The allowed CRF nearest to `crf`."""
        return Crf(min(max(round(crf / STEP) * STEP, self.lowest), self.highest))


def candidates(
    target: QualityTarget, *, largest_percent: float, known: tuple[Probe, ...] = (), first_crf: Crf | None = None
) -> Generator[Crf, Probe, Answer]:
    """Yield the CRF to try, take its probe, return the answer: the highest CRF that meets the target.

    Promises: at most `MOST_PROBES` are asked for; each CRF once, never a known one, on quarter steps between the
    target's lowest and highest; and there always is an answer, which may be a CRF between two near probes.
    `known` are probes of the same film with the same meaning, `first_crf` is where siblings suggest to start.
    """
    task = _Task(target=target, largest_percent=largest_percent)
    probes = tuple({probe.crf: probe for probe in known if task.grid(probe.crf) == probe.crf}.values())
    for _ in range(MOST_PROBES):
        step = _next(task, probes, first=first_crf or FIRST_CRF)
        if isinstance(step, Answer):
            return step
        probe = yield step
        probes = (*probes, probe)
    step = _next(task, probes, first=FIRST_CRF)
    return step if isinstance(step, Answer) else _best_effort(task, probes, why=f"{len(probes)} probes were tried.")


def _next(task: _Task, probes: tuple[Probe, ...], *, first: Crf) -> Crf | Answer:
    if not probes:
        return task.grid(first)
    goal = next((goal for goal in goals.ladder(task.target) if not _out_of_reach(task, probes, goal)), None)
    if goal is None:
        return _best_effort(task, probes, why="No lower CRF helps.")
    good, bad = goal.bracket(probes)
    if bad is not None and (too_large := _too_large(task, probes, goal)):
        return too_large
    if good is None or bad is None:
        return _towards_an_end(task, probes, goal)
    if goal.hit(good) or bad.crf - good.crf <= STEP:
        return _measured(task, good, goal.note)
    return _agreed(task, goal, good, bad) or _between(task, probes, goal)


def _out_of_reach(task: _Task, probes: tuple[Probe, ...], goal: Goal) -> bool:
    """No probe meets the goal, and none will: the lowest CRF does not, or lower ones do worse or grow too large."""
    good, bad = goal.bracket(probes)
    if good is not None or bad is None:
        return False
    if bad.crf <= task.lowest:
        return True
    worse_below = any(
        goal.excess(low) < goal.excess(high) - NOISE for low in probes for high in probes if high.crf - low.crf >= 2
    )
    endless = len(probes) > 1 and bad.percent > task.largest_percent and _wished(probes, goal) < task.lowest
    return worse_below or endless


def _wished(probes: tuple[Probe, ...], goal: Goal) -> float:
    """The CRF at which the tightest limit is just met, by a line in u; neither on the grid nor held to the range."""
    good, bad = goal.bracket(probes)
    if good is not None and bad is not None:
        pairs = zip(goal.limits(good), goal.limits(bad), strict=False)
        return min(
            curve.crossing(_point(good, above.measured), _point(bad, under.measured), under.aim)
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
            here = _point(start, limit.measured)
            there = None if neighbour is None else _point(neighbour, goal.limits(neighbour)[index].measured)
            wishes.append(_projected(here, there, limit.aim))
    return min(wishes)


def _projected(here: Point, there: Point | None, aim: float) -> float:
    """The CRF of `aim` on the line through both, or by the usual slope; a long step where the curve is flat."""
    if there is None:
        return curve.projection(here, aim, per_crf=curve.PRIOR_SLOPE)
    per_crf = curve.slope(*sorted((here, there), key=lambda point: point.crf))
    if per_crf > curve.FLATTEST:
        return curve.projection(here, aim, per_crf=per_crf)
    # Two points that are near may only look flat, by noise.
    step = curve.REACH if abs(here.crf - there.crf) >= 2 else NARROW
    return here.crf + math.copysign(step, here.value - aim)


def _towards_an_end(task: _Task, probes: tuple[Probe, ...], goal: Goal) -> Crf | Answer:
    """All probes are good, or all are bad: go on past the last one, all the way where the range ends soon."""
    good, bad = goal.bracket(probes)
    wished = _wished(probes, goal)
    if good is not None:
        if goal.hit(good) or good.crf >= task.highest:
            note = "" if goal.hit(good) else "No higher CRF is allowed."
            return _measured(task, good, f"{goal.note} {note}")
        wished = min(max(wished, good.crf + STEP), good.crf + curve.REACH)
        return task.grid(wished if wished < task.highest - 1 else task.highest)
    assert bad is not None
    wished = max(min(wished, bad.crf - STEP), bad.crf - curve.REACH)
    return task.grid(wished if wished > task.lowest + 1 else task.lowest)


def _between(task: _Task, probes: tuple[Probe, ...], goal: Goal) -> Crf:
    good, bad = goal.bracket(probes)
    assert good is not None
    assert bad is not None
    wished = (good.crf + bad.crf) / 2 if _stalled(probes, goal) else _wished(probes, goal)
    return Crf(min(max(task.grid(wished), good.crf + STEP), bad.crf - STEP))


def _stalled(probes: tuple[Probe, ...], goal: Goal) -> bool:
    """The last probe was far off and left more than half of the bracket: lines do not help here, halving does."""
    before, after = _width(goal.bracket(probes[:-1])), _width(goal.bracket(probes))
    return after > before / 2 and abs(goal.excess(probes[-1])) > FAR_OFF


def _width(bracket: tuple[Probe | None, Probe | None]) -> float:
    good, bad = bracket
    return math.inf if good is None or bad is None else bad.crf - good.crf


def _agreed(task: _Task, goal: Goal, good: Probe, bad: Probe) -> Answer | None:
    """An answer between two near probes, where a line in u and a line in VMAF differ by less than the slack."""
    width = bad.crf - good.crf
    if width > NARROW:
        return None
    found = []
    for above, under in zip(goal.limits(good), goal.limits(bad), strict=False):
        if under.excess >= 0:
            continue
        ends = (_point(good, above.measured), _point(bad, under.measured))
        by_loss = curve.crossing(*ends, under.wanted)
        by_score = curve.straight_crossing(*ends, under.wanted)
        if abs(by_loss - by_score) * (above.measured - under.measured) / width > under.slack:
            return None
        found.append(min(by_loss, by_score))
    crf = math.floor(min(found) / STEP) * STEP
    if crf <= good.crf:
        return _measured(task, good, goal.note)
    why = f"It was read off between CRF {good.crf:g} and {bad.crf:g}, which were measured."
    return _answer(task, (good, bad), crf, f"{goal.note} {why}")


def _too_large(task: _Task, probes: tuple[Probe, ...], goal: Goal) -> Answer | None:
    """An answer where meeting the goal makes the film too large: a miss already is, or the line of sizes says so."""
    good, bad = goal.bracket(probes)
    assert bad is not None
    wished = _wished(probes, goal)
    lowest = task.lowest if good is None else good.crf
    crf = max(math.floor(min(wished, bad.crf - STEP) / STEP) * STEP, lowest)
    if bad.percent > task.largest_percent:
        return _answer(task, probes, crf, goal.note, at_least=bad.percent)
    answer = _answer(task, probes, crf, goal.note)
    sure = answer.percent > task.largest_percent * EARLY_MARGIN and len(probes) > 1 and wished >= task.lowest
    return answer if sure else None


def _measured(task: _Task, probe: Probe, reason: str) -> Answer:
    return _answer(task, (probe,), probe.crf, reason)


def _best_effort(task: _Task, probes: tuple[Probe, ...], *, why: str) -> Answer:
    """The best of the probes: on the highest rung that one meets, else the one that misses by least."""
    for goal in goals.ladder(task.target):
        good, _ = goal.bracket(probes)
        if good is not None:
            return _measured(task, good, f"{goal.note} {why}")
    goal = next(iter(goals.ladder(task.target)))
    best = max(probes, key=lambda probe: (goal.excess(probe), probe.crf))
    p5 = "" if best.p5 is None else f" and {best.p5:.1f} in the worst 2-second windows"
    found = f"VMAF {best.mean:.1f}{p5} at CRF {best.crf:g} is the best there is; {task.target.mean:g} is wanted. {why}"
    return _answer(task, (best,), best.crf, found, met=False)


def _answer(
    task: _Task, probes: Sequence[Probe], crf: float, reason: str, *, met: bool = True, at_least: float = 0.0
) -> Answer:
    predicted = curve.predicted([_point(probe, probe.mean) for probe in probes], crf)
    percent = max(curve.percent([_point(probe, probe.percent) for probe in probes], crf), at_least)
    if percent > task.largest_percent:
        met = False
        size = f"about {percent:.0f} % of the video's size is needed, {task.largest_percent:.0f} % is allowed."
        reason = f"It is not worth it: {size} {reason}"
    return Answer(crf=Crf(crf), predicted=VmafScore(predicted), percent=percent, met=met, reason=reason.strip())


def _point(probe: Probe, value: float) -> Point:
    return Point(crf=probe.crf, value=value)
