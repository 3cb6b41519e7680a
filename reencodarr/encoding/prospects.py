"""How far an encode is, how long it still takes, and whether it can still become small enough. Pure."""

from dataclasses import dataclass

from reencodarr.encoding.ffprogress import Moment
from reencodarr.units import Bytes, Seconds

FIRST_JUDGED = 0.3
"""Share of the film before which nothing is extrapolated: an opening is not the film."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What the result is measured against."""

    source: Bytes
    largest_ratio: float

    @property
    def ceiling(self) -> Bytes:
        return Bytes(int(self.source * self.largest_ratio))


def share(moment: Moment, *, frames: int | None, duration: Seconds | None) -> float | None:
    """The share of the film that is done, 0 to 1, by frames where their number is known, else by time."""
    if frames:
        return min(1.0, moment.frames / frames)
    if duration and moment.time is not None:
        return min(1.0, max(0.0, moment.time / duration))
    return None


def remaining(elapsed: Seconds, done: float | None) -> Seconds | None:
    """Seconds still to go when the rest goes as the part so far; None while nothing is known."""
    return Seconds(elapsed * (1 - done) / done) if done else None


def too_large(moment: Moment, size: Size, *, done: float | None) -> str:
    """Why the encode cannot become small enough, in words; empty while it can.

    What is written never shrinks, so bytes beyond the ceiling end it at once. From 30 % on the size is extrapolated;
    it ends where that exceeds the ceiling by the factor 2 - share done. The rest would then have to take less than
    41 % of the bytes per frame so far (at 30 %), 33 % (at half), 17 % (at 80 %): credits do not save that much.
    """
    if moment.size > size.ceiling:
        return f"{moment.size / size.source:.0%} of the source's size is written, {size.largest_ratio:.0%} is the most"
    if done is None or done < FIRST_JUDGED:
        return ""
    expected = moment.size / done / size.source
    if expected <= size.largest_ratio * (2 - done):
        return ""
    return f"after {done:.0%} of the film {expected:.0%} of the source's size must be expected"


def words(moment: Moment, size: Size, *, done: float | None, frames: int | None) -> str:
    """A few words for people: frames and the size ratio so far."""
    count = f"{moment.frames} of {frames} frames" if frames else f"{moment.frames} frames"
    if not done or not moment.size:
        return count
    return f"{count}, size so far {moment.size / done / size.source:.0%}"
