"""Where a film is sampled: short windows spread over it, or the whole of a short film. Pure.

At equal length many short windows estimate a film better than few long ones: 20 s of a nine-minute programme were
off by 1.7 VMAF (rms) as one piece, by 0.73 as 4 x 5 s and by 0.48 as 10 x 2 s. Below 2 s the encoder's cold start
shows. Even spacing did as well as random places or places at scene changes, or better.
"""

import math
import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from reencodarr.units import Frames

WHOLE_UP_TO = 45
"""Seconds; a film no longer than this is scored as a whole."""
LENGTH = Fraction(4)
"""Seconds of a window."""
SPACING = 150
"""Seconds of film for each window, within the two bounds below."""
FEWEST, MOST = 8, 48
LEFT_OUT = Fraction(2, 100)
"""Share of the film left out at its start and at its end: logos, black, credits."""
LEAST_FRAMES = 24
"""A window of a very slow film is made longer, up to the next window, to hold at least so many."""

SCHEME = "windows-1"
"""Part of every search key; to be changed together with anything above."""


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


def plan(pts: Sequence[int], *, time_base: Fraction, seed: str) -> tuple[Window, ...]:
    """The windows to score, in order and without overlap; the same for the same film and seed.

    `pts` are the shown frames' timestamps in order. A single window means the whole film.
    """
    if not pts:
        return ()
    duration = (end_of(pts) - pts[0]) * time_base
    count = min(max(math.ceil(duration / SPACING), FEWEST), MOST)
    if duration <= WHOLE_UP_TO or len(pts) <= count * LEAST_FRAMES:
        return (whole(pts),)
    cell = duration * (1 - 2 * LEFT_OUT) / count
    phase = Fraction(random.Random(seed).randrange(1000), 1000) * (cell - LENGTH)
    starts = [pts[0] * time_base + duration * LEFT_OUT + cell * n + phase for n in range(count)]
    return _cut(pts, starts, length=LENGTH, time_base=time_base)


def every(pts: Sequence[int], *, time_base: Fraction, spacing: Fraction) -> tuple[Window, ...]:
    """One window in the middle of each `spacing` seconds of the film: for measuring what is finished."""
    if not pts:
        return ()
    duration = (end_of(pts) - pts[0]) * time_base
    count = max(1, math.floor(duration / spacing))
    cell = duration / count
    if cell <= LENGTH:
        return (whole(pts),)
    starts = [pts[0] * time_base + cell * n + (cell - LENGTH) / 2 for n in range(count)]
    return _cut(pts, starts, length=LENGTH, time_base=time_base)


def whole(pts: Sequence[int]) -> Window:
    """All frames as one window."""
    return Window(first=0, frames=Frames(len(pts)), start_pts=pts[0], end_pts=end_of(pts))


def end_of(pts: Sequence[int]) -> int:
    """Where the last frame ends, taking it to last as long as the frame before."""
    return pts[-1] + max(1, pts[-1] - pts[-2]) if len(pts) > 1 else pts[-1] + 1


def share(windows: Sequence[Window], pts: Sequence[int]) -> float:
    """The share of the film's running time that lies in the windows."""
    return sum(window.end_pts - window.start_pts for window in windows) / (end_of(pts) - pts[0])


def _cut(
    pts: Sequence[int], starts: Sequence[Fraction], *, length: Fraction, time_base: Fraction
) -> tuple[Window, ...]:
    """Windows from the first frame at or after each start; one that would hold no frame is left out."""
    places = [bisect_left(pts, math.ceil(start / time_base)) for start in starts]
    limits = [*places[1:], len(pts)]
    windows = []
    for start, place, limit in zip(starts, places, limits, strict=True):
        end = bisect_left(pts, math.ceil((start + length) / time_base))
        end = min(max(end, place + LEAST_FRAMES), limit)
        if end > place:
            after = pts[end] if end < len(pts) else end_of(pts)
            windows.append(Window(first=place, frames=Frames(end - place), start_pts=pts[place], end_pts=after))
    return tuple(windows)
