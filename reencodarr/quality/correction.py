"""What a measured film says about its CRF: kept, or encoded once more with another one. Pure.

The miss is turned into CRF through the slope of u = ln(100.3 - VMAF), in which a film's curve is nearly straight: its
own slope where the search saw two points of it, else the usual one (0.057 per CRF; 0.027 to 0.129 measured).
"""

import math
from dataclasses import dataclass

from reencodarr.encoding.plan import QualityTarget
from reencodarr.quality import curve
from reencodarr.quality.measure import Achieved
from reencodarr.units import Crf, VmafScore

STEP = 0.25
LARGEST = 8.0
"""No correction goes further than this many CRF: a miss beyond it has another cause than sampling."""
P5_SLACK = 1.0
"""VMAF that the 5th percentile may fall below its floor; it rests on few windows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do with a measured film."""

    again: Crf | None
    """To be encoded once more with this CRF; None: it is kept."""
    why: str
    """Why it is encoded again, or kept though further off than promised; empty where it is as promised."""


def judged(
    crf: Crf, achieved: Achieved, target: QualityTarget, *, predicted: VmafScore, slope: float | None = None
) -> Verdict:
    """Whether a film keeps the promise. `predicted`: what the search settled for, which may be less than the target."""
    settled = max(0.0, target.mean - predicted)
    aim, floor = target.mean - settled, target.floor_p5 - settled
    by_mean, by_p5 = achieved.mean - aim, achieved.p5 - floor
    found = f"CRF {crf:g} achieved VMAF {achieved.mean:.2f}, {aim:g} was the aim"
    if by_mean < -target.promise or by_p5 < -P5_SLACK:
        better = _moved(crf, target, [(achieved.mean, aim), (achieved.p5, floor)], slope)
        worst = f", with {achieved.p5:.2f} in its worst 2-second windows" if by_p5 < -P5_SLACK else ""
        why = "" if better < crf else " No lower CRF is allowed."
        return Verdict(again=better if better < crf else None, why=f"{found}{worst}.{why}")
    if by_mean <= target.promise:
        return Verdict(again=None, why="")
    smaller = _moved(crf, target, [(achieved.mean, aim), (achieved.p5, floor)], slope)
    if by_mean > target.accepted_excess and smaller > crf:
        return Verdict(again=smaller, why=f"{found}.")
    return Verdict(again=None, why=f"{found}; {_kept(crf, smaller, target)}")


def _kept(crf: Crf, smaller: Crf, target: QualityTarget) -> str:
    if crf >= target.highest_crf:
        return "no higher CRF is allowed."
    if smaller <= crf:
        return "its worst 2-second windows allow no higher CRF."
    return f"up to {target.accepted_excess:g} more is not worth a second encode."


def _moved(crf: Crf, target: QualityTarget, misses: list[tuple[VmafScore, float]], slope: float | None) -> Crf:
    """The highest CRF at which all measured values are where they should be, on the encoder's quarter steps."""
    steps = [(curve.loss(aim) - curve.loss(found)) / (slope or curve.PRIOR_SLOPE) for found, aim in misses]
    step = max(-LARGEST, min(LARGEST, *steps))
    moved = math.floor((crf + step) / STEP) * STEP
    return Crf(min(max(moved, target.lowest_crf), target.highest_crf))
