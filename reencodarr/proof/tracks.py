"""The packets of a film's video, audio and subtitle streams: times, numbers, and a digest of what they carry.

One pass over the whole file with PyAV; nothing is decoded. Payloads are digested as a whole and in the one form that
all containers share, so that a copied stream can be told from a changed one although its packets are cut otherwise.
"""

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from av.packet import Packet
from av.stream import Disposition, Stream

from reencodarr.errors import DamagedSource
from reencodarr.media import demuxer

_KINDS = {"video", "audio", "subtitle"}
_ADTS_SYNC = 0xFFF
_EMPTY_TEXT = 2
"""Bytes of a timed text packet that says nothing: its length field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The packets of one stream. Times are integers in `time_base`, in the order of presentation."""

    kind: str
    place: int
    """ffmpeg's N within the kind; attached pictures are not counted."""
    codec: str
    time_base: Fraction
    pts: Sequence[int]
    """Without those that an edit list hides from the video."""
    end: int
    """Exclusive: the latest presentation time and its packet's duration."""
    heard: int | None
    """The first presentation time that no edit list hides."""
    digest: str
    """MD5 in hex over all payloads."""
    untimed: int = 0
    """Packets without a presentation time."""
    ends: Sequence[int] = ()
    """Of subtitles: when each is taken away, in the order of `pts`."""

    @property
    def start_seconds(self) -> float:
        """Where a player begins with it; 0 where there is no packet."""
        return float((self.heard or 0) * self.time_base)

    @property
    def end_seconds(self) -> float:
        return float(self.end * self.time_base)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """All of them; the first video is the film."""

    video: Track
    audio: tuple[Track, ...]
    text: tuple[Track, ...]


def read(path: Path, *, hidden_audio_before: Fraction | None = None) -> Tracks:
    """Read all packets. Audio packets before `-hidden_audio_before` seconds are left out, as the encode leaves them.

    Raises FileUnreadable, EmptyFile, NotAVideo, DamagedSource.
    """
    with demuxer.opened(path) as film:
        gathered = _gathered(film)
        for packet in film.container.demux():
            track = gathered.get(packet.stream_index)
            if track is not None and packet.size:
                track.add(packet, hidden_before=hidden_audio_before)
        found = [track.done() for track in gathered.values()]
        video = gathered[film.video.index].done()
    if not video.pts and not video.untimed:
        raise DamagedSource(f"{path} has no packets of its video.", path=path)
    return Tracks(
        video=video,
        audio=tuple(track for track in found if track.kind == "audio"),
        text=tuple(track for track in found if track.kind == "subtitle"),
    )


@dataclass(slots=True)
class _Gathering:
    stream: Stream
    place: int
    codec: str
    framed: bool
    """AAC that carries an ADTS header in every packet, which other containers store once."""
    pts: "array[int]" = field(default_factory=lambda: array("q"))
    ends: list[tuple[int, int]] = field(default_factory=list)
    end: int = 0
    heard: int | None = None
    untimed: int = 0
    digest: "hashlib._Hash" = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))

    def add(self, packet: "Packet[Stream]", *, hidden_before: Fraction | None) -> None:
        if self.stream.type == "video":
            # Its content is encoded anew; only its times count.
            if not packet.is_discard:
                self._time(packet)
            return
        if self._hidden(packet, hidden_before) or (self.codec == "mov_text" and packet.size <= _EMPTY_TEXT):
            return
        self._time(packet)
        payload = memoryview(packet)
        self.digest.update(payload[_adts_header(payload) :] if self.framed else payload)

    def done(self) -> Track:
        return Track(
            kind=self.stream.type,
            place=self.place,
            codec=self.codec,
            time_base=Fraction(self.stream.time_base or 1),
            pts=array("q", sorted(self.pts)),
            end=self.end,
            heard=self.heard,
            digest=self.digest.hexdigest(),
            untimed=self.untimed,
            ends=[end for _, end in sorted(self.ends)],
        )

    def _time(self, packet: "Packet[Stream]") -> None:
        if packet.pts is None:
            self.untimed += 1
            return
        self.pts.append(packet.pts)
        end = packet.pts + (packet.duration or 0)
        self.end = max(self.end, end)
        if self.stream.type == "subtitle":
            self.ends.append((packet.pts, end))
        if not packet.is_discard:
            self.heard = packet.pts if self.heard is None else min(self.heard, packet.pts)

    def _hidden(self, packet: "Packet[Stream]", before: Fraction | None) -> bool:
        if before is None or self.stream.type != "audio" or packet.pts is None:
            return False
        return packet.pts * Fraction(self.stream.time_base or 1) < -before


def _gathered(film: demuxer.Source) -> dict[int, _Gathering]:
    found: dict[int, _Gathering] = {}
    places: dict[str, int] = {}
    for stream in film.container.streams:
        if stream.type not in _KINDS or stream.disposition & Disposition.attached_pic:
            continue
        place = places.get(stream.type, 0)
        places[stream.type] = place + 1
        context = stream.codec_context
        codec = context.codec.canonical_name if context is not None else "unknown"
        framed = codec == "aac" and context is not None and not context.extradata
        found[stream.index] = _Gathering(stream=stream, place=place, codec=codec, framed=framed)
    return found


def _adts_header(payload: memoryview) -> int:
    """Bytes of the ADTS header at the start of an AAC packet; 0 where there is none."""
    if len(payload) < 7 or int.from_bytes(payload[:2], "big") >> 4 != _ADTS_SYNC:
        return 0
    protection_absent = payload[1] & 1
    return 7 if protection_absent else 9
