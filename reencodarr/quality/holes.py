"""The windows of a film with an index, copied by reading them just as ffmpeg will: same header, same seeks, same end.

Whatever is read on the way lands in the copy in its old place. That the wanted packets were among it is checked
against the film's packet index.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import av
from av.stream import Discard

from reencodarr.errors import ExcerptUnusable
from reencodarr.media import demuxer
from reencodarr.media.partial import PartialCopy, Range
from reencodarr.quality import cut as cuts
from reencodarr.quality.cut import Cut
from reencodarr.quality.footage import Footage
from reencodarr.quality.windows import Window
from reencodarr.units import MIB, Bytes

_SLACK = Fraction(1, 10)
"""Seconds that are read beyond where ffmpeg stops."""
_SEEKS_BY_PTS = 0x4000000
"""AVFMT_SEEK_TO_PTS of libavformat."""
_SEEKS_EARLIER = Fraction(3, 23)
"""Seconds by which ffmpeg seeks earlier where a container seeks by decode time and frames are reordered."""
_GENEROUS = 3
_ALLOWANCE = 32 * MIB
"""Three times what a window should take, and this: beyond it the container's index is not what it seemed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What is in the copy."""

    ranges: tuple[Range, ...]
    begins: tuple[int, ...]
    """The earliest time of a frame that was read for each window."""


Seen = set[tuple[int, int]]
"""(time, size) of packets."""


def copy(
    source: demuxer.File,
    film: Footage,
    windows: Sequence[Window],
    *,
    size: Bytes,
    expect: Callable[[Iterable[Range]], None] | None,
) -> Copied:
    """Copy what `windows` need from `source` to `film.path`, which is new.

    Raises ExcerptUnusable, MediaError, NoSpace, and what the source raises.
    """
    label = str(film.named or film.path)
    with PartialCopy(source, film.path, label=label) as partial:
        if expect is not None:
            expect(_places(partial, label, [film.cut(window) for window in windows], size=size))
        begins = []
        for window in windows:
            partial.allowance = _allowed(film, window, size)
            seen = _read(partial, label, film.cut(window))
            require_seen(film, window, seen)
            begins.append(min(time for time, _ in seen))
        return Copied(ranges=partial.ranges(), begins=tuple(begins))


def require_seen(film: Footage, window: Window, seen: Seen) -> None:
    """Raise ExcerptUnusable unless all packets of a window, and some before it, were seen as the index has them."""
    index = film.packets
    places = range(film.anchor(window).place, window.end)
    missing = sum(1 for place in places if (index.pts[place], index.sizes[place]) not in seen)
    if missing:
        raise ExcerptUnusable(
            f"{missing} of {len(places)} packets of {film.named or film.path} are not where its index has them.",
            path=film.named,
            advice="Fetch it whole; if that fails too, analyse it again.",
        )


def _read(partial: PartialCopy, label: str, cut: Cut) -> Seen:
    """Read as ffmpeg reads for a cut. The film is opened anew each time: a demuxer learns where it has been."""
    seen: Seen = set()
    with demuxer.opened(partial, label=label) as film:
        _seek(film, cut)
        for stream in film.container.streams:
            if stream.index != film.video.index:
                stream.discard = Discard.all
        for packet in film.container.demux(film.video):
            time = packet.pts if packet.pts is not None else packet.dts
            if packet.size and time is not None:
                seen.add((time, packet.size))
                cut = _begun(cut, time)
            until = cuts.read_until(cut)
            if until is not None and packet.dts is not None and packet.dts * cut.time_base >= until + _SLACK:
                break
    return seen


def _begun(cut: Cut, time: int) -> Cut:
    """The cut, once a frame of this time was read for it."""
    if cut.part is None or cut.part.begins <= time:
        return cut
    return replace(cut, part=replace(cut.part, begins=time))


def _seek(film: demuxer.Source, cut: Cut) -> None:
    aim = cuts.seek(cut)
    if aim is None:
        return
    earlier = 0 if film.container.format.flags & _SEEKS_BY_PTS else _SEEKS_EARLIER
    film.container.seek(int((aim * cut.time_base - earlier) * av.time_base))


def _allowed(film: Footage, window: Window, size: Bytes) -> int:
    """How many bytes a window may move: its share of the video, of the whole file, generously."""
    index = film.packets
    first = bisect_left(index.pts, film.keyframe(window))
    wanted = sum(index.sizes[first : window.end])
    return int(_ALLOWANCE + _GENEROUS * size * wanted / max(1, sum(index.sizes)))


def _places(partial: PartialCopy, label: str, cut_list: Sequence[Cut], *, size: Bytes) -> list[Range]:
    """Where the container's index says that the cuts lie."""
    with demuxer.opened(partial, label=label) as film:
        _seek(film, cut_list[-1])  # A Matroska's Cues are read at the first seek.
        entries = [(entry.timestamp, entry.pos) for entry in film.video.index_entries if entry.is_keyframe]
    times = [time for time, _ in entries]
    found = []
    for cut in cut_list:
        until = cuts.read_until(cut)
        first = max(bisect_right(times, cuts.seek(cut) or 0) - 1, 0)
        last = len(times) if until is None else bisect_left(times, int(until / cut.time_base) + 1)
        start = entries[first][1] if entries else 0
        found.append((start, entries[last][1] if last < len(entries) else size))
    return [(start, end) for start, end in found if start < end]
