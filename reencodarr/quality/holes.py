"""The windows of a film with an index, copied by reading them just as ffmpeg will: same header, same seeks, same end.

Whatever is read on the way lands in the copy in its old place. That the wanted packets were among it is checked
against the film's packet index.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence

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

_SEEKS_BY_PTS = 0x4000000
"""AVFMT_SEEK_TO_PTS of libavformat."""
_LOOKED_AT = 5_000_000
_LOOKED_AT_SECONDS = 8.0
"""ffmpeg looks at the head of a film up to so many bytes (`probesize`) or seconds (5, and some to spare)."""
_GENEROUS = 3
_ALLOWANCE = 32 * MIB
"""Three times what a window should take, and this: beyond it the container's index is not what it seemed."""


Seen = set[tuple[int, int]]
"""(time, size) of packets."""


def copy(
    source: demuxer.File,
    film: Footage,
    windows: Sequence[Window],
    *,
    size: Bytes,
    expect: Callable[[Iterable[Range]], None] | None,
) -> tuple[Range, ...]:
    """Copy what `windows` need from `source` to `film.path`, which is new; the ranges that were copied.

    Raises ExcerptUnusable, MediaError, NoSpace, and what the source raises.
    """
    label = str(film.named or film.path)
    with PartialCopy(source, film.path, label=label) as partial:
        if expect is not None:
            expect(_places(partial, label, film, windows, size=size))
        _read_head(partial, label)
        for window in windows:
            partial.allowance = _allowed(film, window, size)
            require_seen(film, window, _read(partial, label, film.cut(window), stop=film.stop(window)))
        return partial.ranges()


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


def _read_head(partial: PartialCopy, label: str) -> None:
    """Read what ffmpeg may look at to learn what streams there are; the more decoder threads, the more it reads."""
    with demuxer.opened(partial, label=label) as film:
        read = 0
        first: float | None = None
        for packet in film.container.demux():
            read += packet.size
            if packet.stream_index == film.video.index and packet.dts is not None:
                seconds = float(packet.dts * (film.video.time_base or 0))
                first = seconds if first is None else first
                if seconds - first > _LOOKED_AT_SECONDS:
                    break
            if read > _LOOKED_AT:
                break


def _read(partial: PartialCopy, label: str, cut: Cut, *, stop: int | None) -> Seen:
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
            if stop is not None and packet.dts is not None and packet.dts >= stop:
                break
    return seen


def _seek(film: demuxer.Source, cut: Cut) -> None:
    aim = cuts.seek(cut)
    if aim is None:
        return
    earlier = 0 if film.container.format.flags & _SEEKS_BY_PTS else cuts.SEEKS_EARLIER
    film.container.seek(int((aim * cut.time_base - earlier) * av.time_base))


def _allowed(film: Footage, window: Window, size: Bytes) -> int:
    """How many bytes a window may move: its share of the video, of the whole file, generously."""
    index = film.packets
    first = bisect_left(index.pts, film.keyframe(window))
    wanted = sum(index.sizes[first : window.end])
    return int(_ALLOWANCE + _GENEROUS * size * wanted / max(1, sum(index.sizes)))


def _places(partial: PartialCopy, label: str, film: Footage, windows: Sequence[Window], *, size: Bytes) -> list[Range]:
    """Where the container's index says that the windows lie."""
    with demuxer.opened(partial, label=label) as opened:
        _seek(opened, film.cut(windows[-1]))  # A Matroska's Cues are read at the first seek.
        entries = [(entry.timestamp, entry.pos) for entry in opened.video.index_entries if entry.is_keyframe]
    times = [time for time, _ in entries]
    found = []
    for window in windows:
        aim, stop = cuts.seek(film.cut(window)), film.stop(window)
        first = max(bisect_right(times, aim or 0) - 1, 0)
        last = len(times) if stop is None else bisect_left(times, stop)
        start = entries[first][1] if entries else 0
        found.append((start, entries[last][1] if last < len(entries) else size))
    return [(start, end) for start, end in found if start < end]
