"""By how much finished films of a class are better than their samples said. Pure.

A window that is encoded alone begins with a keyframe and a cold encoder: alone, windows of 2 s scored 0.4 below to
0.3 above the same frames inside a whole encode, those of 5 s within 0.13 (measured on eight clips). The rest is chance,
of which nothing is learned.
"""

import statistics
from collections.abc import Sequence

FEWEST = 5
"""Finished films of a class before anything is believed."""
CAUTION = 5
"""As many films without any deviation are counted along."""
LARGEST = 1.0
"""VMAF; whatever is larger has another cause."""


def learned(deviations: Sequence[float]) -> float:
    """VMAF to add to what samples of one more film say; `deviations` are achieved less predicted without any bias."""
    if len(deviations) < FEWEST:
        return 0.0
    middle = statistics.median(deviations) * len(deviations) / (len(deviations) + CAUTION)
    return max(-LARGEST, min(LARGEST, middle))
