"""What an encode will probably save and cost, before anything is tried. Pure; `plan` and the forecast print it.

The size model is bits per pixel at the target. Twelve measured real clips need 0.024 to 0.17 bits a pixel for VMAF 95
(median 0.043) at preset 8; a library's own finished encodes replace these numbers as soon as there are five of them.
The cost model is CPU seconds per megapixel, measured on one core of an AVX-512 server for presets 4 to 12.
"""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reencodarr.encoding.plan import EncodePlan
from reencodarr.media.facts import MediaFacts, VideoTrack
from reencodarr.units import Bytes, Seconds

BITS_PER_PIXEL = (0.024, 0.028, 0.035, 0.036, 0.037, 0.041, 0.046, 0.056, 0.060, 0.066, 0.15, 0.17)
"""Of the twelve clips, at VMAF 95."""
ENOUGH_HISTORY = 5
ENCODE_COST = {4: 0.12, 5: 0.10, 6: 0.07, 7: 0.05, 8: 0.036, 9: 0.028, 10: 0.020, 11: 0.019, 12: 0.018, 13: 0.018}
"""CPU seconds per megapixel of SVT-AV1 by preset; slower presets count as 4."""
SCORE_COST = 0.03
"""CPU seconds per megapixel of decoding both legs and scoring every third frame."""
SAMPLED_SHARE = 0.03
PROBES = 3
PARALLEL_GAIN = 0.85
"""How much of the cores an encode really uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What one film, or several together, will probably save and cost."""

    saved: Bytes
    saved_low: Bytes
    saved_high: Bytes
    """Bounds of a 80 % interval; 0 where it may turn out not to be worth it."""
    cpu: Seconds
    """CPU seconds for search, encode and proof together."""


def bits_per_pixel(size: Bytes, *, width: int, height: int, frames: int) -> float:
    """How many bits an encode spends on a pixel, for the library's history."""
    return size * 8 / max(1, width * height * frames)


def estimate(facts: MediaFacts, plan: EncodePlan, *, history: Sequence[float] = ()) -> Estimate:
    """The forecast for one film. `history` holds bits per pixel of the library's finished encodes."""
    video = facts.video
    if video is None:
        return Estimate(saved=Bytes(0), saved_low=Bytes(0), saved_high=Bytes(0), cpu=Seconds(0.0))
    pixels = video.width * video.height * frame_count(facts, video)
    known = sorted(history if len(history) >= ENOUGH_HISTORY else BITS_PER_PIXEL)
    low, likely, high = (_quantile(known, share) for share in (0.1, 0.5, 0.9))
    return Estimate(
        saved=_saved(facts, plan, pixels * likely / 8),
        saved_low=_saved(facts, plan, pixels * high / 8),
        saved_high=_saved(facts, plan, pixels * low / 8),
        cpu=_cost(plan, pixels / 1e6, long=(facts.duration or 0.0) > 45.0),
    )


def total(estimates: Iterable[Estimate]) -> Estimate:
    """Several films together; their errors are taken as independent, so the interval grows with the root."""
    found = list(estimates)
    saved = sum(one.saved for one in found)
    below = math.sqrt(sum((one.saved - one.saved_low) ** 2 for one in found))
    above = math.sqrt(sum((one.saved_high - one.saved) ** 2 for one in found))
    return Estimate(
        saved=Bytes(saved),
        saved_low=Bytes(max(0, round(saved - below))),
        saved_high=Bytes(round(saved + above)),
        cpu=Seconds(sum(one.cpu for one in found)),
    )


def wall(cpu: Seconds, cores: int) -> Seconds:
    """Hours in front of the owner, in seconds, when all cores of one machine work."""
    return Seconds(cpu / max(1.0, cores * PARALLEL_GAIN))


def frame_count(facts: MediaFacts, video: VideoTrack) -> int:
    """Frames as stated, else from duration and rate, else at 24 a second."""
    if video.frames:
        return video.frames
    rate = float(video.frame_rate) if video.frame_rate else 24.0
    return max(1, round((facts.duration or 0.0) * rate))


def _saved(facts: MediaFacts, plan: EncodePlan, video_bytes: float) -> Bytes:
    source = facts.video.bitrate if facts.video and facts.video.bitrate else None
    source_video = source * (facts.duration or 0.0) / 8 if source else facts.size * 0.9
    result = facts.size - source_video + video_bytes
    if result > plan.largest_ratio * facts.size:
        return Bytes(0)
    return Bytes(max(0, round(facts.size - result)))


def _cost(plan: EncodePlan, megapixels: float, *, long: bool) -> Seconds:
    encode = ENCODE_COST.get(plan.video.preset, ENCODE_COST[4])
    searched = megapixels * (SAMPLED_SHARE if long else 1.0) * PROBES
    return Seconds(megapixels * (encode + SCORE_COST) + searched * (encode + SCORE_COST))


def _quantile(ordered: Sequence[float], share: float) -> float:
    if len(ordered) == 1:
        return ordered[0]
    return statistics.quantiles(ordered, n=10, method="inclusive")[round(share * 10) - 1]
