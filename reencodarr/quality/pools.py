"""From the scores of single frames to what is promised about a film. Pure.

The mean says how much is lost; the 5th percentile of 2-second windows says how bad the bad scenes are. Single
frames are left out on purpose: at cuts one frame may score 69 in a film of 95 and nobody sees it. libvmaf's own
pools are not used, since they were wrong together with subsampling.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

STRETCH = 2.0
"""Seconds over which a viewer notices bad quality."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The score of one frame and when it is shown."""

    time: float
    """Seconds from the start of its window."""
    score: float


def mean(frames: Sequence[Scored]) -> float:
    """The mean over frames; `frames` must not be empty."""
    return math.fsum(frame.score for frame in frames) / len(frames)


def stretches(frames: Sequence[Scored]) -> list[float]:
    """The means of 2-second stretches from the first frame on; a last one under a second joins the one before."""
    grouped: dict[int, list[Scored]] = {}
    for frame in frames:
        grouped.setdefault(int(frame.time // STRETCH), []).append(frame)
    groups = [grouped[number] for number in sorted(grouped)]
    if len(groups) > 1 and frames[-1].time % STRETCH < STRETCH / 2:
        groups[-2:] = [groups[-2] + groups[-1]]
    return [mean(group) for group in groups]


def p5(values: Sequence[float]) -> float:
    """The 5th percentile, interpolated between the two nearest values; `values` must not be empty."""
    ordered = sorted(values)
    place = 0.05 * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def half_width(means: Sequence[float]) -> float:
    """Half the 95 % interval of the mean of sampled windows: two standard errors; 0 for a single value."""
    if len(means) < 2:
        return 0.0
    centre = math.fsum(means) / len(means)
    variance = math.fsum((value - centre) ** 2 for value in means) / (len(means) - 1)
    return 2 * math.sqrt(variance / len(means))
