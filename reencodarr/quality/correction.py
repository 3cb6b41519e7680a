"""A second CRF for a film that was measured and missed its target. Pure.

The miss is turned into CRF through the slope of u = ln(100.3 - VMAF), in which a film's curve is nearly straight
(measured: 0.027 to 0.129 per CRF, 0.057 on average).
"""

import math

from reencodarr.encoding.plan import QualityTarget
from reencodarr.units import Crf, VmafScore

SLOPE = 0.057
STEP = 0.25
LARGEST = 8.0
"""No correction goes further than this many CRF: a miss beyond it has another cause than sampling."""


def corrected_crf(crf: Crf, achieved: VmafScore, target: QualityTarget, *, slope: float = SLOPE) -> Crf | None:
    """The CRF for a second encode, rounded down to the encoder's quarter steps; None when there is no room below."""
    if achieved >= target.mean:
        return None
    miss = math.log(100.3 - achieved) - math.log(100.3 - target.mean)
    down = min(LARGEST, max(STEP, miss / slope))
    better = max(float(target.lowest_crf), math.floor((crf - down) / STEP) * STEP)
    return Crf(better) if better < crf else None
