"""An MP4's table of samples: every packet's time, size and kind from the header, without reading the film.

libavformat's index has decode times; how far each sample is shown later stands in the box `ctts`, which is read
here (ISO/IEC 14496-12, 8.6.1.3). The result is compared with real packets at both ends of the film before it is
believed.
"""

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from av.packet import Packet
from av.video.stream import VideoStream

from reencodarr.errors import DamagedSource
from reencodarr.media import demuxer
from reencodarr.units import MIB, Bytes

_LARGEST_HEADER = 256 * MIB
_COMPARED = 64
"""Packets that are compared at the beginning; at the end, all from the last keyframe on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleTable:
    """Samples in decode order, without those that an edit list discards."""

    pts: "array[int]"
    durations: "array[int]"
    sizes: "array[int]"
    keys: "array[int]"
    """1 for a keyframe."""


def read(source: demuxer.Source) -> SampleTable | None:
    """The table of the film's video; None where there is none (fragments, other containers) or packets disagree.

    Leaves the container at an unknown position. Reads the header and a few packets only.

    Raises DamagedSource when samples lie behind the end of the file: it was cut short.
    """
    entries = list(source.video.index_entries) if source.container.format.name.startswith("mov") else []
    if len(entries) < 2 or len(entries) != source.video.frames:
        return None
    missing = sum(1 for entry in entries if entry.pos + entry.size > source.size)
    if missing:
        raise DamagedSource(
            f"{source.path} is cut short: {missing} of its {len(entries)} frames lie behind its end.",
            path=source.path,
            advice="Fetch it again.",
        )
    offsets = presentation_offsets(source.file, size=source.size, track=source.video.id, samples=len(entries))
    dts = array("q", (entry.timestamp for entry in entries))
    tail = _checked(source, dts, offsets) if offsets is not None else None
    if offsets is None or tail is None:
        return None
    shift, last_duration = tail
    durations = [dts[place + 1] - dts[place] for place in range(len(dts) - 1)] + [last_duration]
    kept = [place for place, entry in enumerate(entries) if entry.size and not entry.is_discard]
    return SampleTable(
        pts=array("q", (dts[place] + offsets[place] + shift for place in kept)),
        durations=array("q", (durations[place] for place in kept)),
        sizes=array("q", (entries[place].size for place in kept)),
        keys=array("b", (entries[place].is_keyframe for place in kept)),
    )


def _checked(source: demuxer.Source, dts: "array[int]", offsets: "array[int]") -> tuple[int, int] | None:
    """(what to add to dts and offset, the last packet's duration), if packets at both ends agree with it."""
    head = _packets(source, limit=_COMPARED)
    if not head or head[0].pts is None:
        return None
    shift = head[0].pts - dts[0] - offsets[0]
    source.container.seek(dts[-1], stream=source.video)
    tail = _packets(source)
    for packet in (*head, *tail):
        place = bisect_left(dts, packet.dts or 0)
        if place == len(dts) or (packet.dts, packet.pts) != (dts[place], dts[place] + offsets[place] + shift):
            return None
    reached_end = bool(tail) and tail[-1].dts == dts[-1]
    return (shift, tail[-1].duration or 0) if reached_end else None


def _packets(source: demuxer.Source, limit: int | None = None) -> "list[Packet[VideoStream]]":
    found: list[Packet[VideoStream]] = []
    for packet in source.container.demux(source.video):
        if packet.size:
            found.append(packet)
        if limit is not None and len(found) == limit:
            break
    return found


def presentation_offsets(file: demuxer.File, *, size: Bytes, track: int, samples: int) -> "array[int] | None":
    """By how much each sample of a track is shown after it is decoded, in the track's time base.

    All 0 where the track has no such box; None where the header cannot be understood. Restores the file's position.
    """
    position = file.tell()
    try:
        header = _header(file, size)
    finally:
        file.seek(position)
    try:
        table = _table(header, track) if header is not None else None
        if table is None:
            return None
        return _expanded(_child(table, b"ctts"), samples)
    except struct.error:
        return None


def _header(file: demuxer.File, size: Bytes) -> memoryview | None:
    """The contents of the box `moov`."""
    position = 0
    while position + 8 <= size:
        file.seek(position)
        length, kind = struct.unpack(">I4s", file.read(8))
        start = 8
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
            start = 16
        length = length or size - position
        if length < start:
            return None
        if kind == b"moov":
            return memoryview(file.read(length - start)) if length <= _LARGEST_HEADER else None
        position += length
    return None


def _table(header: memoryview, track: int) -> memoryview | None:
    """The contents of the box `stbl` of one track."""
    for kind, box in _boxes(header):
        if kind == b"trak" and _track_id(_child(box, b"tkhd")) == track:
            found: memoryview | None = box
            for name in (b"mdia", b"minf", b"stbl"):
                found = _child(found, name) if found is not None else None
            return found
    return None


def _track_id(box: memoryview | None) -> int | None:
    if box is None:
        return None
    (found,) = struct.unpack_from(">I", box, 20 if box[0] == 1 else 12)
    return int(found)


def _expanded(box: memoryview | None, samples: int) -> "array[int] | None":
    if box is None:
        return array("q", bytes(8 * samples))
    (runs,) = struct.unpack_from(">I", box, 4)
    offsets = array("q")
    for count, offset in struct.iter_unpack(">Ii", box[8 : 8 + 8 * runs]):
        if len(offsets) + count > samples:
            return None
        offsets.extend([offset] * count)
    return offsets if len(offsets) == samples else None


def _child(box: memoryview, kind: bytes) -> memoryview | None:
    return next((content for name, content in _boxes(box) if name == kind), None)


def _boxes(content: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    position = 0
    while position + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        start = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", content, position + 8)
            start = 16
        length = length or len(content) - position
        if length < start:
            return
        yield kind, content[position + start : position + length]
        position += length
