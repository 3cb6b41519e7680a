"""The windows of a film without an index, one after another: its head, then the bytes of each window.

A demuxer of such containers finds its way by the times it meets, and those still ascend. Bytes of a stream that is
cut anywhere are skipped up to the next start of a packet; what that costs lies outside the windows, and that every
packet of the windows is whole is checked by reading the result.
"""

from collections.abc import Iterator, Sequence
from io import BufferedWriter

from reencodarr.errors import ExcerptUnusable
from reencodarr.media import demuxer, seekable
from reencodarr.media.partial import Range
from reencodarr.quality import holes
from reencodarr.quality.footage import Footage
from reencodarr.quality.holes import Seen
from reencodarr.quality.windows import Window
from reencodarr.units import MIB

CONTAINERS = frozenset({"mpegts", "mpeg", seekable.MATROSKA})
"""ffmpeg's names of containers whose packets carry their times and can be found from anywhere."""

HEAD = 6 * MIB
"""ffmpeg reads up to 5 MB to learn what streams there are."""
TAIL = MIB
"""And the end of an MPEG stream, to learn how long it is."""
UNIT = 188 * 192 * 17 // 4
"""Ranges of MPEG streams begin and end at multiples of this: of a packet's 188, 192 and 204 bytes."""
_BEFORE = (2, 15, 120)
"""Seconds before a keyframe at which it is looked for; a seek lands late where times are sparse."""
_BEHIND = 3
"""Packets that are looked at behind a window: its last ones may be spread among those of other streams."""


def copy(source: demuxer.File, film: Footage, windows: Sequence[Window]) -> tuple[Range, ...]:
    """Copy what `windows` need from `source` to `film.path`, which is new; the ranges that were copied.

    Raises ExcerptUnusable, MediaError, NoSpace, and what the source raises.
    """
    label = str(film.named or film.path)
    with demuxer.opened(source, label=label) as opened:
        ranges = _merged(_ranges(opened, film, windows), opened.size)
    with film.path.open("xb") as spliced:
        for place in ranges:
            _append(source, place, spliced)
    seen = _seen(film, label)
    for window in windows:
        holes.require_seen(film, window, seen)
    return ranges


def _append(source: demuxer.File, place: Range, spliced: BufferedWriter) -> None:
    position, end = place
    source.seek(position)
    while position < end and (data := source.read(min(end - position, MIB))):
        spliced.write(data)
        position += len(data)


def _ranges(opened: demuxer.Source, film: Footage, windows: Sequence[Window]) -> Iterator[Range]:
    """The ranges as they come: they may overlap."""
    matroska = opened.container.format.name == seekable.MATROSKA
    spans = [_span(opened, film, window) for window in windows]
    if matroska:
        clusters = sorted({entry.pos for entry in opened.video.index_entries})
        yield 0, next((start for start in clusters if start >= HEAD), opened.size)
        for start, end in spans:
            begin = max((place for place in clusters if place <= start), default=0)
            yield begin, next((place for place in clusters if place >= end), opened.size)
        return
    yield 0, _up(HEAD)
    for start, end in spans:
        yield max(0, start - start % UNIT - UNIT), _up(end) + UNIT
    yield opened.size - TAIL - (opened.size - TAIL) % UNIT, opened.size


def _span(opened: demuxer.Source, film: Footage, window: Window) -> Range:
    """Where the packets of a window lie: from its keyframe to the first keyframe, or a few packets, behind it."""
    base = film.packets.time_base
    keyframe = film.keyframe(window)
    for before in (*_BEFORE, None):
        aim = film.packets.start_time if before is None else keyframe - round(before / base)
        opened.container.seek(max(aim, film.packets.start_time), stream=opened.video)
        span = _found(opened, keyframe, film.stop(window))
        if span is not None:
            return span
    raise ExcerptUnusable(
        f"The keyframe at {float(keyframe * base):.1f} s of {film.named or film.path} is not found again.",
        path=film.named,
        advice="Fetch it whole.",
    )


def _found(opened: demuxer.Source, keyframe: int, stop: int | None) -> Range | None:
    """From the keyframe's first byte to what follows the window, if reading on from here meets the keyframe."""
    matroska = opened.container.format.name == seekable.MATROSKA
    start: int | None = None
    place = behind = 0
    for packet in opened.container.demux(opened.video):
        time = packet.pts if packet.pts is not None else packet.dts
        place = place if packet.pos is None else packet.pos  # It may share one packet of the stream with others.
        if time is None:
            continue
        if start is None and time == keyframe:
            start = place
        elif start is None and packet.is_keyframe and time > keyframe:
            return None
        elif start is not None and stop is not None and packet.dts is not None and packet.dts >= stop:
            behind += packet.is_keyframe or not matroska
            if behind == (1 if matroska else _BEHIND):
                return start, place
    return (start, opened.size) if start is not None else None


def _seen(film: Footage, label: str) -> Seen:
    with film.path.open("rb") as file, demuxer.opened(file, label=label) as spliced:
        return {
            (packet.pts if packet.pts is not None else packet.dts or 0, packet.size)
            for packet in spliced.container.demux(spliced.video)
            if packet.size
        }


def _up(place: int) -> int:
    return -(-place // UNIT) * UNIT


def _merged(ranges: Iterator[Range], size: int) -> tuple[Range, ...]:
    found: list[Range] = []
    for start, end in sorted((max(0, start), min(end, size)) for start, end in ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif start < end:
            found.append((start, end))
    return tuple(found)
