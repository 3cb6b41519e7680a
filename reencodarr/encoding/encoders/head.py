"""What ffmpeg would tell its own encoder about the pictures: read from one raw picture that it wrote into Matroska.

Size, shape, colours, HDR data and frame rate are thus those after all filters, as ffmpeg sees them. The same header,
with another codec's name in it, is the pattern for the result, so that a player finds them in the container too.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.sidedata.sidedata import SideData, Type
from av.video.frame import VideoFrame

ARGUMENTS = ("-frames:v", "1", "-c:v", "rawvideo", "-pix_fmt", "yuv420p", "-f", "matroska", "-live", "1")
"""Make ffmpeg write a head; without an index (`live`) all that describes the video lies before the first cluster."""

_CLUSTER = bytes.fromhex("1f43b675")
_EMPTY_CLUSTER = _CLUSTER + bytes.fromhex("83e78100")
_RAW = b"\x86\x8eV_UNCOMPRESSED"
_AV1 = b"\x86\x8e" + b"V_AV1".ljust(14, b"\0")
"""EBML lets a string end in zeros, so that no length changes."""

# ChromaSitingHorz and -Vert as Matroska counts them, and SVT-AV1's words.
_SITINGS = {bytes.fromhex("55b7810155b88102"): "vertical", bytes.fromhex("55b7810155b88101"): "colocated"}

# `AVMasteringDisplayMetadata`: red, green, blue, white (x and y each), least and most light, two flags.
_MASTERING = struct.Struct("=22i")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A clip before its first picture."""

    pattern: bytes
    """A Matroska file without pictures, whose one stream is AV1 with all that is known of it."""
    width: int
    height: int
    aspect: Fraction | None
    """Of one pixel."""
    rate: Fraction | None
    primaries: int
    transfer: int
    matrix: int
    range: int
    svt_parameters: tuple[tuple[str, str], ...]
    """What SVT-AV1 has to be told by itself: HDR data and where chroma samples lie."""


def read(path: Path) -> Head | None:
    """The head that ffmpeg wrote; None where not one picture came."""
    content = path.read_bytes() if path.exists() else b""
    end = content.find(_CLUSTER)
    if end < 0:
        return None
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        return Head(
            pattern=content[:end].replace(_RAW, _AV1, 1) + _EMPTY_CLUSTER,
            width=frame.width,
            height=frame.height,
            aspect=stream.sample_aspect_ratio,
            rate=stream.average_rate,
            primaries=frame.color_primaries,
            transfer=frame.color_trc,
            matrix=frame.colorspace,
            range=frame.color_range,
            svt_parameters=(*_hdr(frame), *_siting(content[:end])),
        )


def _hdr(frame: VideoFrame) -> list[tuple[str, str]]:
    # PyAV's stubs know only one kind of side data.
    found = {side.type: bytes(side) for side in cast(Iterable[SideData], frame.side_data)}
    parameters = []
    if Type.MASTERING_DISPLAY_METADATA in found:
        parameters += mastering(found[Type.MASTERING_DISPLAY_METADATA])
    if Type.CONTENT_LIGHT_LEVEL in found:
        most, average = struct.unpack_from("=2I", found[Type.CONTENT_LIGHT_LEVEL])
        parameters.append(("content-light", f"{most},{average}"))
    return parameters


def mastering(raw: bytes) -> list[tuple[str, str]]:
    """SVT-AV1's words for `AVMasteringDisplayMetadata`; none where it is not whole, as ffmpeg's own encoder does."""
    *numbers, has_primaries, has_luminance = _MASTERING.unpack_from(raw)
    if not (has_primaries and has_luminance):
        return []
    values = [top / bottom if bottom else 0.0 for top, bottom in zip(numbers[::2], numbers[1::2], strict=True)]
    red, green, blue, white = (f"({values[at]:.10g},{values[at + 1]:.10g})" for at in (0, 2, 4, 6))
    least, most = values[8:]
    return [("mastering-display", f"G{green}B{blue}R{red}WP{white}L({most:.10g},{least:.10g})")]


def _siting(header: bytes) -> list[tuple[str, str]]:
    return [("chroma-sample-position", word) for stated, word in _SITINGS.items() if stated in header]
