"""Whether a film can be opened in its middle without reading up to there: does its container have an index?

An MP4 has one in its header (`moov`) unless it is written in fragments, a Matroska in its Cues, an AVI at its end.
MPEG streams have none: a seek there is a search by bisection.
"""

from collections.abc import Iterator
from pathlib import Path

from reencodarr.media import demuxer
from reencodarr.units import Bytes

MATROSKA = "matroska,webm"
MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
AVI = "avi"
"""ffmpeg's names."""

_SEGMENT = 0x18538067
_SEEK_HEAD = 0x114D9B74
_CUES = 0x1C53BB6B
_CLUSTER = 0x1F43B675
_SEEK = 0x4DBB
_SEEK_ID = 0x53AB
_SEEK_POSITION = 0x53AC
_LARGEST_SEEK_HEAD = 1 << 16


def has_index(film: Path | demuxer.File, *, label: str = "") -> bool:
    """Whether a seek in this film moves a few blocks only. Reads the header, and where it says that the index is.

    Raises FileUnreadable, EmptyFile, NotAVideo, DamagedSource, and what a file object raises.
    """
    with demuxer.opened(film, label=label) as source:
        return indexed(source)


def indexed(source: demuxer.Source) -> bool:
    """The same for an opened film, whose position is kept."""
    name = source.container.format.name
    if name == MATROSKA:
        position = source.file.tell()
        try:
            return _has_cues(source.file, source.size)
        finally:
            source.file.seek(position)
    entries = source.video.index_entries
    if name == MP4:
        return len(entries) > 0 and len(entries) == source.video.frames
    # Without its index an AVI has only the entries of what was read to open it.
    return name == AVI and len(entries) > 0 and max(entry.pos for entry in list(entries)[-1:]) > source.size // 2


def _has_cues(file: demuxer.File, size: Bytes) -> bool:
    """Whether Cues stand before the first Cluster, or where the SeekHead says (Matroska, RFC 9559, 6.3 and 22)."""
    segment = next((start for kind, start, _ in _elements(file, 0, size) if kind == _SEGMENT), None)
    if segment is None:
        return False
    for kind, start, end in _elements(file, segment, size):
        if kind in (_CUES, _CLUSTER):
            return kind == _CUES
        if kind == _SEEK_HEAD and end - start <= _LARGEST_SEEK_HEAD:
            place = _place_of_cues(file, start, end)
            if place is not None and _element(file, segment + place, size, _CUES):
                return True
    return False


def _place_of_cues(file: demuxer.File, start: int, end: int) -> int | None:
    for kind, inner, inner_end in _elements(file, start, end):
        if kind != _SEEK:
            continue
        found = {name: _number(file, at, until) for name, at, until in _elements(file, inner, inner_end)}
        if found.get(_SEEK_ID) == _CUES:
            return found.get(_SEEK_POSITION)
    return None


def _element(file: demuxer.File, position: int, size: int, kind: int) -> bool:
    return any(found == kind for found, _, _ in _elements(file, position, size, most=1))


def _elements(
    file: demuxer.File, position: int, end: int, *, most: int | None = None
) -> Iterator[tuple[int, int, int]]:
    """(id, where its content begins, where it ends) of the elements that follow one another."""
    while position < end and most != 0:
        head = _bytes(file, position, 12)
        kind, width = _variable(head, 0, keep_marker=True)
        length, more = _variable(head, width, keep_marker=False)
        if not width or not more:
            return
        start = position + width + more
        position = end if length == (1 << 7 * more) - 1 else start + length  # All ones: an unknown length.
        yield kind, start, min(position, end)
        most = None if most is None else most - 1


def _variable(data: bytes, place: int, *, keep_marker: bool) -> tuple[int, int]:
    """(a number of variable width, its width); width 0 where there is none."""
    if place >= len(data) or not data[place]:
        return 0, 0
    width = 9 - data[place].bit_length()
    if place + width > len(data):
        return 0, 0
    value = int.from_bytes(data[place : place + width])
    return (value if keep_marker else value & (1 << 7 * width) - 1), width


def _number(file: demuxer.File, start: int, end: int) -> int:
    return int.from_bytes(_bytes(file, start, min(end - start, 8)))


def _bytes(file: demuxer.File, position: int, size: int) -> bytes:
    """So many bytes, fewer at the film's end only: an object that reads from elsewhere may give them piecemeal."""
    file.seek(position)
    data = b""
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data
