"""The process in which PyAV encodes: reads raw frames from an ffmpeg of its own, writes a file of video alone.

Speaks as ffmpeg does, so that whoever runs it needs no other ears: `-progress` on standard output, what is wrong on
standard error, the exit code of the ffmpeg that failed. Run as `python -m`, with the order as its only argument.
"""

import contextlib
import io
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import IO

import av
from av.codec.context import Flags
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from reencodarr.encoding.encoders import head as heads
from reencodarr.encoding.encoders import pyav_order
from reencodarr.encoding.encoders.head import Head
from reencodarr.encoding.encoders.pyav_order import SHIFT, PyavOrder
from reencodarr.errors import ProgramFailed
from reencodarr.tools import platforms, streams

_SPEAK_EVERY = 0.5
_READ_SIZE = 1 << 20
_NOTHING = "Nothing was written into output file, because there was no picture."
"""ffmpeg's own words for it."""


def main(order: PyavOrder) -> int:
    """Encode; the exit code."""
    head = heads.read(Path(order.head))
    if head is None:
        sys.stderr.write(f"{_NOTHING}\n")
        return 1
    try:
        with streams.output(order.frames) as pipe, Voice() as voice:
            _encode(order, head, pipe, voice)
    except ProgramFailed as failed:
        sys.stderr.flush()
        platforms.here().end_like(failed.exit_code)
        return failed.exit_code or 1
    except OSError as error:  # PyAV's errors are of this kind too.
        sys.stderr.write(f"{order.result}: {error.strerror or error}\n")
        return 1
    return 0


class Voice:
    """ffmpeg's `-progress`, said twice a second whatever the encoder does meanwhile, and once at the end."""

    def __init__(self) -> None:
        self.frames = self.size = 0
        self.seconds = Fraction(0)
        self._began = time.monotonic()
        self._ended = threading.Event()
        self._speaker = threading.Thread(target=self._speak, daemon=True)

    def __enter__(self) -> "Voice":
        self._speaker.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._ended.set()
        self._speaker.join()
        if kind is None:
            self._say("end")

    def _speak(self) -> None:
        while not self._ended.wait(_SPEAK_EVERY):
            self._say("continue")

    def _say(self, progress: str) -> None:
        fps = self.frames / max(time.monotonic() - self._began, 0.001)
        said = {"frame": self.frames, "fps": f"{fps:.2f}", "total_size": self.size}
        said |= {"out_time_us": int(self.seconds * 1_000_000), "progress": progress}
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.write("".join(f"{key}={value}\n" for key, value in said.items()))
            sys.stdout.flush()


def _encode(order: PyavOrder, head: Head, pipe: IO[bytes], voice: Voice) -> None:
    with ExitStack() as opened:
        source = opened.enter_context(av.open(pipe, "r", format="nut", buffer_size=_READ_SIZE))
        encoder = _encoder(order, head)
        pattern = opened.enter_context(av.open(io.BytesIO(head.pattern), "r", format="matroska"))
        result = opened.enter_context(_result(order))
        stream = result.add_stream_from_template(pattern.streams.video[0], opaque=True)
        stream.codec_context.extradata = encoder.extradata
        stream.codec_context.sample_aspect_ratio = encoder.sample_aspect_ratio
        first: int | None = None
        for frame in _frames(source, order):
            if first is None:
                first = frame.pts or 0
                sys.stdout.write(f"{pyav_order.FIRST}={first}\n{pyav_order.RATE}={head.rate or ''}\n")
            _write(encoder.encode(frame), result, order, first=first, voice=voice)
        if first is None:
            raise OSError(_NOTHING)
        _write(encoder.encode(None), result, order, first=first, voice=voice)


def _frames(source: InputContainer, order: PyavOrder) -> Iterator[VideoFrame]:
    """The frames with their own times, in ticks of the source's time base."""
    base = Fraction(*order.ticks)
    for frame in source.decode(source.streams.video[0]):
        assert frame.pts is not None
        assert frame.time_base is not None
        frame.pts = int(frame.pts * frame.time_base / base) - SHIFT
        frame.time_base = base
        frame.pict_type = PictureType.NONE  # Each raw picture says that it is a keyframe; SVT-AV1 would obey.
        yield frame


def _encoder(order: PyavOrder, head: Head) -> VideoCodecContext:
    """libsvtav1 as ffmpeg sets it up; opened, so that it knows what the container needs first."""
    encoder = av.CodecContext.create("libsvtav1", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = head.width, head.height, order.pixel_format
    encoder.time_base = Fraction(*order.ticks)
    if head.rate is not None:
        encoder.framerate = head.rate
    if head.aspect is not None:
        encoder.sample_aspect_ratio = head.aspect
    encoder.color_primaries, encoder.color_trc = head.primaries, head.transfer
    encoder.colorspace, encoder.color_range = head.matrix, head.range
    if order.keyframe_interval is not None:
        encoder.gop_size = order.keyframe_interval
    told = ":".join([order.svt_parameters, *(f"{key}={value}" for key, value in head.svt_parameters)])
    encoder.options = {"preset": str(order.preset), "crf": str(order.crf), "svtav1-params": told}
    encoder.flags |= Flags.global_header
    encoder.open()
    return encoder


def _result(order: PyavOrder) -> OutputContainer:
    """MP4, because PyAV's Matroska would round times to milliseconds and leave out the shape of pixels."""
    options = {"video_track_timescale": str(order.ticks[1]), "use_editlist": "0"}
    return av.open(order.result, "w", format="mp4", options=options)


def _write(
    packets: "Sequence[Packet[VideoStream]]", result: OutputContainer, order: PyavOrder, *, first: int, voice: Voice
) -> None:
    for packet in packets:
        assert packet.pts is not None
        voice.frames += 1
        voice.size += packet.size
        voice.seconds = packet.pts * Fraction(*order.ticks)
        packet.stream = result.streams.video[0]
        packet.time_base = Fraction(*order.ticks)
        packet.pts -= first
        packet.dts = packet.pts  # No packet of AV1 is shown at another place than it is decoded.
        result.mux_one(packet)


if __name__ == "__main__":
    sys.exit(main(pyav_order.from_json(sys.argv[1])))
