"""Which CRF to try next, on how many windows, and when to stop: a generator that is sent scores and never sees a film.

It knows the shape of the curves (`curve`, `estimate`), what pilots are worth (`anchor`) and what is wanted (`goals`);
encoding and scoring are left to an engine. The next step follows from the probes alone, so known probes are worth as
much as new ones, for nothing. A search goes in three steps: pilots show where the answer lies, a probe of all windows
there gives the level, and the answer is read off beside it, or between it and one more pilot.
"""

from collections.abc import Generator, Sequence

from reencodarr.quality import anchor, answer, estimate, goals, outlook
from reencodarr.quality.answer import STEP, Answer, Step, Terms
from reencodarr.quality.engine import Probe
from reencodarr.quality.goals import Goal
from reencodarr.units import Crf

MOST_PROBES = 8
MOST_PILOTS = 3
"""After so many a probe of all windows is due, wherever the answer seems to lie."""
NEAR = 10.0
"""CRFs from the last pilot at which the first probe of all windows is made; further on another pilot is."""
ANCHORED = 6.0
"""CRFs from a probe of all windows at which a pilot still tells enough."""
FAMILIAR = 4.0
"""Standard deviation in CRF below which a prior makes pilots needless."""
PILOT_MARGIN = 1.5
"""A size that a pilot alone has shown is believed to be too large only with this much to spare."""
FEWEST_TRUSTED = 3
"""Films that a prior rests on at least, if nothing is probed."""


def candidates(terms: Terms, known: Sequence[Probe] = ()) -> Generator[Step, Probe, Answer]:
    """Yield what to try, take its probe, return the answer: the highest CRF that meets the target.

    Promises: at most `MOST_PROBES` are asked for; each CRF at most once as a pilot and once of all windows, never a
    known one, on quarter steps between the target's lowest and highest; and there always is an answer, which may be
    a CRF between or beside probes. It rests on a probe of all windows, unless the prior was trusted with it or the
    film is far too large. `known` are probes of the same film with the same meaning.
    """
    probes = tuple(probe for probe in known if terms.grid(probe.crf) == probe.crf)
    for number in range(MOST_PROBES):
        step = _next(terms, probes, last=number >= MOST_PROBES - 2)
        if isinstance(step, Answer):
            return step
        probe = yield step
        probes = (*probes, probe)
    step = _next(terms, probes, last=True)
    seen = anchor.anchored(probes)
    if isinstance(step, Answer):
        return step
    return answer.best_effort(terms, seen, why=f"{len(probes)} probes were tried.")


def _next(terms: Terms, probes: tuple[Probe, ...], *, last: bool) -> Step | Answer:
    if not probes:
        return _unprobed(terms)
    seen = anchor.anchored(probes)
    judged = _judged(terms, seen, before=anchor.anchored(probes[:-1]), latest=probes[-1].crf)
    pilots = [probe for probe in probes if probe.pilot]
    full = [probe.crf for probe in probes if not probe.pilot]
    if isinstance(judged, Answer):
        sure = full or judged.percent > terms.largest_percent * PILOT_MARGIN
        return judged if sure else Step(crf=judged.crf)
    if judged in {pilot.crf for pilot in pilots}:
        return Step(crf=judged)
    if full:
        # A pilot that did not settle it will not be helped by another one: the level is what is in doubt.
        tells = min(abs(crf - judged) for crf in full) <= ANCHORED and not probes[-1].pilot
        return Step(crf=judged, pilot=bool(terms.pilots) and tells and not last)
    near = min(abs(pilot.crf - judged) for pilot in pilots) <= NEAR
    enough = len(pilots) >= MOST_PILOTS or (len(pilots) >= terms.pilots and near)
    return Step(crf=judged, pilot=not enough and not last)


def _unprobed(terms: Terms) -> Step | Answer:
    prior = terms.prior
    width = prior.half_width(terms.target.mean)
    small = prior.percent is not None and prior.percent * outlook.EARLY_MARGIN <= terms.largest_percent
    if prior.films >= FEWEST_TRUSTED and width <= terms.trusted and small:
        why = f"Not probed: {prior.films} films alike show it within {width:.2f} VMAF."
        return Answer(
            crf=terms.below(prior.crf),
            predicted=terms.target.mean,
            percent=prior.percent or 0.0,
            met=True,
            reason=why,
            doubt=width / 2,
            slope=prior.slope,
        )
    return Step(crf=terms.grid(prior.crf), pilot=bool(terms.pilots) and prior.spread > FAMILIAR)


def _judged(terms: Terms, seen: tuple[Probe, ...], *, before: tuple[Probe, ...], latest: Crf) -> Crf | Answer:
    """What the probes say, all on one curve: the answer, or the CRF that would tell most.

    `before` is what was seen before the latest probe.
    """
    goal = next((goal for goal in goals.ladder(terms.target) if not outlook.out_of_reach(terms, seen, goal)), None)
    if goal is None:
        return answer.best_effort(terms, seen, why="No lower CRF helps.")
    good, bad = goal.bracket(seen)
    if bad is not None and (too_large := outlook.too_large(terms, seen, goal)):
        return too_large
    if good is not None and not good.pilot and (goal.hit(good) or (bad is not None and bad.crf - good.crf <= STEP)):
        return answer.found(terms, seen, good.crf, goal.note)
    if (found := _read_off(terms, seen, goal)) is not None:
        return found
    if good is None or bad is None:
        return outlook.towards_an_end(terms, seen, goal)
    if bad.crf - good.crf <= STEP:
        return good.crf
    if outlook.stalled(goal, before, seen, latest):
        return terms.grid((good.crf + bad.crf) / 2)
    return Crf(min(max(terms.grid(outlook.wished_crf(terms, seen, goal)), good.crf + STEP), bad.crf - STEP))


def _read_off(terms: Terms, seen: tuple[Probe, ...], goal: Goal) -> Answer | None:
    """An answer beside or between probes, where the curve is known well enough there."""
    good, bad = goal.bracket(seen)
    sampled = max((probe.interval or 0.0 for probe in seen if not probe.pilot), default=0.0)
    found = estimate.of(goal, seen, terms.prior, slack=max(terms.promised / 2, sampled / estimate.SAMPLED))
    if found is None or found.doubt > found.slack:
        return None
    if bad is None and found.crf > terms.highest:
        return None
    if good is None and found.crf < terms.lowest:
        return None
    crf = terms.below(found.crf)
    nearest = min(seen, key=lambda probe: abs(probe.crf - crf))
    if crf == nearest.crf and not nearest.pilot:
        return answer.found(terms, seen, nearest.crf, goal.note)
    where = f"between CRF {good.crf:g} and {bad.crf:g}" if good and bad else f"beside CRF {nearest.crf:g}"
    why = f"It was read off {where}, which {'were' if good and bad else 'was'} measured."
    return answer.found(terms, seen, crf, f"{goal.note} {why}", doubt=found.doubt)
