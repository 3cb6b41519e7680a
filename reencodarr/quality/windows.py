"""Where a film is sampled: short windows spread over its time and its bitrates, or the whole of a short film. Pure.

At equal length many short windows estimate a film better than few long ones: 20 s of a nine-minute programme were
off by 1.7 VMAF (rms) as one piece, by 0.73 as 4 x 5 s and by 0.48 as 10 x 2 s. Below 2 s the encoder's cold start
shows. What is hard to encode took many bytes in the source already, so each block of time is sampled at low and at
high bitrates alike; packets tell these without any decoding. Windows begin at keyframes of the source where it has
them, so that nothing is decoded only to be thrown away.
"""

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise

from reencodarr.media.packets import PacketIndex
from reencodarr.units import Frames

WHOLE_UP_TO = 20
"""Seconds; a film no longer than this is scored as a whole: that costs no more than the fewest windows do."""
LENGTH = Fraction(5, 2)
"""Seconds of a window."""
SPACING = 150
"""Seconds of film for each window, within the two bounds below."""
FEWEST, MOST = 8, 48
BLOCK = 4
"""Windows of one block of time; each takes one from another quarter of the block's bitrates."""
LEFT_OUT = Fraction(2, 100)
"""Share of the film left out at its start and at its end: logos, black, credits."""
LEAST_FRAMES = 40
"""A window of a very slow film is made longer, up to the next window, to hold at least so many."""
CANDIDATES = Fraction(12)
"""Seconds; where keyframes are further apart, or too far for the number of windows, these begin between them too."""
PILOT = 4
"""One in so many windows is also one of the pilot's."""
MEASURED = Fraction(4)
LEAST_MEASURED = 24
"""Seconds, and frames at least, of a window in which a finished film is measured."""

SCHEME = "windows-2"
"""The way in which windows are planned; to be changed together with `plan`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Consecutive frames of a film, as pts in its time base and as places in its sorted pts."""

    first: int
    """Place of its first frame."""
    frames: Frames
    start_pts: int
    end_pts: int
    """Exclusive: the pts of the first frame after it."""

    @property
    def end(self) -> int:
        """Place of the first frame after it."""
        return self.first + self.frames


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A place where a window may begin."""

    start: Fraction
    """Seconds."""
    bytes: int
    """What the source takes for the window."""
    weight: Fraction
    """Seconds of film that it stands for: up to the next candidate."""


def scheme() -> str:
    """Part of every search key: scores of other windows are not compared with those of these."""
    numbers = (WHOLE_UP_TO, LENGTH, SPACING, FEWEST, MOST, BLOCK, LEFT_OUT, LEAST_FRAMES, CANDIDATES)
    return f"{SCHEME}: {', '.join(map(str, numbers))}"


def plan(film: PacketIndex, *, seed: str) -> tuple[Window, ...]:
    """The windows to score, in order and without overlap; the same for the same film and seed.

    A single window means the whole film.
    """
    if not film.pts:
        return ()
    duration = (end_of(film.pts) - film.pts[0]) * film.time_base
    count = min(max(math.ceil(duration / SPACING), FEWEST), MOST)
    if duration <= WHOLE_UP_TO or len(film.pts) <= count * LEAST_FRAMES:
        return (whole(film.pts),)
    chance = random.Random(seed)
    length = max(LENGTH, LEAST_FRAMES * duration / len(film.pts))
    blocks = math.ceil(count / BLOCK)
    span = duration * (1 - 2 * LEFT_OUT) / blocks
    starts: list[Fraction] = []
    for number in range(blocks):
        begin = film.pts[0] * film.time_base + duration * LEFT_OUT + span * number
        wanted = count * (number + 1) // blocks - count * number // blocks
        apart = min(CANDIDATES, max(length, span / wanted / 2))
        candidates = _candidates(film, begin, begin + span, length=length, apart=apart)
        starts += _stratified(candidates, wanted, length=length, chance=chance)
    return _cut(film.pts, sorted(starts), length=length, least=LEAST_FRAMES, time_base=film.time_base)


def pilot(film: PacketIndex, windows: Sequence[Window]) -> tuple[Window, ...]:
    """A few windows that stand for all, of middling bitrates; none where there are too few to choose from."""
    count = max(2, len(windows) // PILOT)
    if len(windows) < 2 * count:
        return ()
    ranked = sorted(windows, key=lambda one: (_rate(film, one), one.first))
    middles = [ranked[(2 * number + 1) * len(ranked) // (2 * count)] for number in range(count)]
    return tuple(sorted(middles, key=lambda one: one.first))


def every(pts: Sequence[int], *, time_base: Fraction, spacing: Fraction) -> tuple[Window, ...]:
    """One window in the middle of each `spacing` seconds of the film: for measuring what is finished."""
    if not pts:
        return ()
    duration = (end_of(pts) - pts[0]) * time_base
    count = max(1, math.floor(duration / spacing))
    cell = duration / count
    if cell <= MEASURED:
        return (whole(pts),)
    starts = [pts[0] * time_base + cell * n + (cell - MEASURED) / 2 for n in range(count)]
    return _cut(pts, starts, length=MEASURED, least=LEAST_MEASURED, time_base=time_base)


def whole(pts: Sequence[int]) -> Window:
    """All frames as one window."""
    return Window(first=0, frames=Frames(len(pts)), start_pts=pts[0], end_pts=end_of(pts))


def end_of(pts: Sequence[int]) -> int:
    """Where the last frame ends, taking it to last as long as the frame before."""
    return pts[-1] + max(1, pts[-1] - pts[-2]) if len(pts) > 1 else pts[-1] + 1


def share(windows: Sequence[Window], pts: Sequence[int]) -> float:
    """The share of the film's running time that lies in the windows."""
    return sum(window.end_pts - window.start_pts for window in windows) / (end_of(pts) - pts[0])


def _rate(film: PacketIndex, window: Window) -> Fraction:
    """Bytes of the source a tick."""
    return Fraction(sum(film.sizes[window.first : window.end]), window.end_pts - window.start_pts)


def _candidates(
    film: PacketIndex, begin: Fraction, end: Fraction, *, length: Fraction, apart: Fraction
) -> tuple[_Candidate, ...]:
    """Where windows of a block of time may begin; at least one place. Times are in seconds."""
    latest = end - length
    low, high = (bisect_left(film.keyframes, math.ceil(time / film.time_base)) for time in (begin, latest))
    keys = [key * film.time_base for key in film.keyframes[low:high]]
    starts = list(_starts(keys, begin, latest, apart)) or [begin]
    found = []
    for start, after in zip(starts, [*starts[1:], end], strict=True):
        first, last = (bisect_left(film.pts, math.ceil(time / film.time_base)) for time in (start, start + length))
        found.append(_Candidate(start=start, bytes=sum(film.sizes[first:last]), weight=after - start))
    return tuple(found)


def _starts(keys: Sequence[Fraction], begin: Fraction, latest: Fraction, apart: Fraction) -> Iterator[Fraction]:
    """The keyframes, and places between them where they are further `apart`."""
    for number, (start, after) in enumerate(pairwise([begin, *keys, latest])):
        if number or after - start > apart:
            yield start
        between = start + apart
        while between < after:
            yield between
            between += apart


def _stratified(
    candidates: Sequence[_Candidate], count: int, *, length: Fraction, chance: random.Random
) -> list[Fraction]:
    """One start by lot out of each of `count` equal shares of the time, ordered by bitrate; no two overlap."""
    ranked = sorted(candidates, key=lambda one: (one.bytes, one.start))
    reached = list(accumulate(one.weight for one in ranked))
    chosen: list[Fraction] = []
    for stratum in range(count):
        drawn = reached[-1] * (stratum + Fraction(chance.randrange(1000), 1000)) / count
        place = bisect_right(reached, drawn)
        nearest = sorted(range(len(ranked)), key=lambda other: abs(other - place))
        free = (ranked[other].start for other in nearest)
        start = next((one for one in free if all(abs(one - taken) >= length for taken in chosen)), None)
        if start is not None:
            chosen.append(start)
    return chosen


def _cut(
    pts: Sequence[int], starts: Sequence[Fraction], *, length: Fraction, least: int, time_base: Fraction
) -> tuple[Window, ...]:
    """Windows from the first frame at or after each start; one that would hold no frame is left out."""
    places = [bisect_left(pts, math.ceil(start / time_base)) for start in starts]
    limits = [*places[1:], len(pts)]
    windows = []
    for start, place, limit in zip(starts, places, limits, strict=True):
        end = bisect_left(pts, math.ceil((start + length) / time_base))
        end = min(max(end, place + least), limit)
        if end > place:
            after = pts[end] if end < len(pts) else end_of(pts)
            windows.append(Window(first=place, frames=Frames(end - place), start_pts=pts[place], end_pts=after))
    return tuple(windows)
