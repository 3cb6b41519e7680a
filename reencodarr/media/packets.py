"""Packets of the film's video: presentation times, keyframes and sizes, through PyAV. No ffprobe, no decoding.

Packets decide what MediaInfo only guesses: whether the frame rate varies, how many frames there are, where a
decoder can start. What that means for an encode is left to others.
"""

import logging
import statistics
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.packet import Packet
from av.video.stream import VideoStream

from reencodarr.errors import DamagedSource
from reencodarr.media import demuxer, sample_table
from reencodarr.media.facts import RateMode
from reencodarr.units import Frames, Seconds

log = logging.getLogger(__name__)

IRREGULAR_SHARE = Fraction(2, 100)
"""A film varies when more than this share of its gaps are irregular."""
IRREGULAR_SECONDS = Fraction(21, 10_000)
"""A gap this near the median is regular: Matroska rounds to milliseconds."""
IRREGULAR_PART = Fraction(1, 10)
"""And so is one that differs by this part of the median."""

_MISSING_SECONDS = 5.0
_MISSING_PART = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketIndex:
    """All packets of one video stream, in the order of presentation. Times are integers in `time_base`."""

    stream: int
    """ffmpeg's index of the stream in the file: `0:N`."""
    time_base: Fraction
    start_time: int
    """The first presentation time."""
    end_time: int
    """Exclusive: the last presentation time and its packet's duration."""
    pts: Sequence[int]
    """Ascending; without packets that an edit list discards."""
    sizes: Sequence[int]
    """Bytes of each packet, in the order of `pts`."""
    keyframes: Sequence[int]
    """The presentation times of keyframes, ascending."""
    corrupt: int = 0
    """Packets that the demuxer marks as damaged."""

    @property
    def frames(self) -> Frames:
        """How many packets. As many as frames, unless fields are stored apart (some H.264) or frames hidden (VP8)."""
        return Frames(len(self.pts))


def index(path: Path) -> PacketIndex:
    """All packets of the first real video stream of `path`. Reads only.

    An MP4 tells them in its header. Any other file is demuxed, which reads it from beginning to end: about 0.25 CPU
    seconds for 30 000 packets (measured), and whatever its disk takes for the whole size.

    Raises FileUnreadable, EmptyFile, NotAVideo, DamagedSource (its message says how far the file could be read).
    """
    with demuxer.opened(path) as source:
        found = from_table(source)
    if found is None:
        with demuxer.opened(path) as source:
            found = from_packets(source)
    log.debug("%r: %d packets, %d keyframes", path, len(found.pts), len(found.keyframes))
    return found


def from_table(source: demuxer.Source) -> PacketIndex | None:
    """The index from an MP4's header; None where there is none that proves to be right.

    Raises DamagedSource when the file was cut short.
    """
    table = sample_table.read(source)
    if table is None:
        return None
    return _index(source.video, pts=table.pts, durations=table.durations, sizes=table.sizes, keys=table.keys)


def from_packets(source: demuxer.Source) -> PacketIndex:
    """The index from all packets of the file; reads it whole.

    Raises DamagedSource.
    """
    gathered = _Gathered()
    try:
        _gather(source, gathered)
        if gathered.pts:
            _require_end(source, gathered)
    except av.FFmpegError as error:
        raise _damaged(source, gathered, str(error.strerror)) from error
    if gathered.untimed:
        raise DamagedSource(
            f"{gathered.untimed} video packets of {source.path} carry no time.",
            path=source.path,
            advice="Remux it into Matroska.",
        )
    if not gathered.pts:
        raise _damaged(source, gathered, "there are no packets of its video")
    return _index(
        source.video,
        pts=gathered.pts,
        durations=gathered.durations,
        sizes=gathered.sizes,
        keys=gathered.keys,
        corrupt=gathered.corrupt,
    )


def rate_mode(packets: PacketIndex) -> RateMode:
    """Whether frames are evenly spaced; unknown for fewer than two.

    Variable when more than 2 % of the gaps are off the median by more than 2.1 ms and more than a tenth of it. The
    rule told all films of the corpus right, where MediaInfo calls variable Matroska and WebM constant (measured).
    """
    gaps = [after - before for before, after in zip(packets.pts, packets.pts[1:], strict=False) if after > before]
    if not gaps:
        return RateMode.UNKNOWN
    median = Fraction(statistics.median(gaps))
    allowed = max(IRREGULAR_SECONDS / packets.time_base, IRREGULAR_PART * median)
    lowest, highest = median - allowed, median + allowed
    irregular = sum(1 for gap in gaps if not lowest <= gap <= highest)
    return RateMode.VARIABLE if irregular > IRREGULAR_SHARE * len(gaps) else RateMode.CONSTANT


def mean_rate(packets: PacketIndex) -> Fraction | None:
    """Frames per second on average; None for fewer than two frames.

    In Matroska it is off by what rounding the first and the last time to milliseconds makes.
    """
    span = packets.pts[-1] - packets.pts[0] if packets.pts else 0
    return (len(packets.pts) - 1) / (span * packets.time_base) if span > 0 else None


def duration(packets: PacketIndex) -> Seconds:
    """From the first frame's beginning to the last one's end."""
    return Seconds(float((packets.end_time - packets.start_time) * packets.time_base))


def keyframe_before(packets: PacketIndex, pts: int) -> int:
    """The last keyframe at or before `pts`, where a decoder must start; the film's beginning if there is none."""
    place = bisect_right(packets.keyframes, pts)
    return packets.keyframes[place - 1] if place else packets.start_time


def is_keyframe(packets: PacketIndex, pts: int) -> bool:
    """Whether a keyframe is shown at `pts`."""
    place = bisect_left(packets.keyframes, pts)
    return place < len(packets.keyframes) and packets.keyframes[place] == pts


def cuts(packets: PacketIndex) -> int:
    """About how many cuts the film has, as its encoder saw them: keyframes that came before their time.

    An encoder sets a keyframe at a cut, and otherwise where a fixed interval ends; the longest usual gap shows that.
    """
    gaps = sorted(after - before for before, after in pairwise(packets.keyframes))
    if len(gaps) < 2:
        return 0
    usual = gaps[int(0.95 * (len(gaps) - 1))]
    return sum(1 for gap in gaps if gap < 0.9 * usual)


@dataclass(slots=True)
class _Gathered:
    """Packets of the video as they come, in decode order."""

    pts: "array[int]" = field(default_factory=lambda: array("q"))
    durations: "array[int]" = field(default_factory=lambda: array("q"))
    sizes: "array[int]" = field(default_factory=lambda: array("q"))
    keys: "array[int]" = field(default_factory=lambda: array("b"))
    untimed: int = 0
    corrupt: int = 0

    def add(self, packet: "Packet[VideoStream]", time: int) -> None:
        self.corrupt += packet.is_corrupt
        self.pts.append(time)
        self.durations.append(packet.duration or 0)
        self.sizes.append(packet.size)
        self.keys.append(packet.is_keyframe)


def _gather(source: demuxer.Source, gathered: _Gathered) -> None:
    """A packet without a presentation time stands at its decode time; libavformat derives the former for AVI."""
    for packet in source.container.demux(source.video):
        if not packet.size or packet.is_discard:
            continue
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None:
            gathered.untimed += 1
        else:
            gathered.add(packet, time)


def _require_end(source: demuxer.Source, gathered: _Gathered) -> None:
    """Raise DamagedSource when all streams end long before the header says: demuxers end a cut file in silence.

    The other streams are asked only where the video ends early: TrueHD alone has 1200 packets a second.
    """
    declared = (source.container.duration or 0) / av.time_base
    least = declared - max(_MISSING_SECONDS, _MISSING_PART * declared)
    reached = max(starts + lasts for starts, lasts in zip(gathered.pts, gathered.durations, strict=True))
    if reached * float(source.video.time_base or 0) < least and _latest(source) < least:
        raise _damaged(source, gathered, f"its header promises {declared:.1f} s")


def _latest(source: demuxer.Source) -> float:
    """Seconds that the packets of any stream reach."""
    seconds = {stream.index: float(stream.time_base or 0) for stream in source.container.streams}
    source.container.seek(0)
    ends = (
        (packet.pts + (packet.duration or 0)) * seconds[packet.stream_index]
        for packet in source.container.demux()
        if packet.pts is not None
    )
    return max(ends, default=0.0)


def _damaged(source: demuxer.Source, gathered: _Gathered, why: str) -> DamagedSource:
    seconds = (max(gathered.pts) if gathered.pts else 0) * float(source.video.time_base or 0)
    return DamagedSource(
        f"{source.path} stops being readable after {len(gathered.pts)} frames ({seconds:.1f} s): {why}.",
        path=source.path,
        advice="Play it to its end, and fetch it again if it is broken.",
    )


def _index(
    video: VideoStream,
    *,
    pts: Sequence[int],
    durations: Sequence[int],
    sizes: Sequence[int],
    keys: Sequence[int],
    corrupt: int = 0,
) -> PacketIndex:
    order = sorted(range(len(pts)), key=pts.__getitem__)
    first, last = order[0], order[-1]
    gap = (pts[last] - pts[first]) // max(1, len(order) - 1)
    return PacketIndex(
        stream=video.index,
        time_base=Fraction(video.time_base or 1),
        start_time=pts[first],
        end_time=pts[last] + (durations[last] or gap or 1),
        pts=array("q", (pts[place] for place in order)),
        sizes=array("q", (sizes[place] for place in order)),
        keyframes=array("q", (pts[place] for place in order if keys[place])),
        corrupt=corrupt,
    )
