"""Reads what a film holds beside its packets, with PyAV.

The picture's properties are those of the first decoded frame, because that is what a viewer gets: some files say one
thing in the container and another in the video.
"""

import ctypes
import hashlib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.container import InputContainer
from av.sidedata.sidedata import SideData, Type
from av.stream import Disposition
from av.video.frame import VideoFrame

from reencodarr.encoding import pictures
from reencodarr.errors import DamagedSource
from reencodarr.media import demuxer
from reencodarr.media.facts import Colour
from reencodarr.proof import names
from reencodarr.proof.streams import Attachment, Chapter, Contents, Mastering, Picture, Sound, Stream
from reencodarr.units import Bytes, Seconds


def contents(path: Path) -> Contents:
    """What `path` holds. Reads the headers, the attached pictures and the first frame.

    Raises FileUnreadable, EmptyFile, NotAVideo, DamagedSource.
    """
    pictures_of = tuple(_pictures(path))
    with demuxer.opened(path) as film:
        container = film.container
        return Contents(
            streams=tuple(_streams(film)),
            attachments=(*_files(container), *pictures_of),
            chapters=tuple(_chapters(container)),
            tags=tuple(sorted((name.lower(), value) for name, value in container.metadata.items())),
            duration=None if container.duration is None else Seconds(container.duration / av.time_base),
        )


def _streams(film: demuxer.Source) -> Iterator[Stream]:
    places: dict[str, int] = {}
    for stream in film.container.streams:
        if stream.type == "attachment" or stream.disposition & Disposition.attached_pic:
            continue
        place = places.get(stream.type, 0)
        places[stream.type] = place + 1
        context = stream.codec_context
        yield Stream(
            kind=stream.type,
            place=place,
            codec=context.codec.canonical_name if context is not None else "unknown",
            language=names.language(stream.metadata.get("language")),
            title=stream.metadata.get("title") or None,
            dispositions=frozenset(flag.name for flag in Disposition if stream.disposition & flag and flag.name),
            picture=_picture(film) if stream.index == film.video.index else None,
            sound=_sound(context) if isinstance(context, AudioCodecContext) else None,
        )


def _picture(film: demuxer.Source) -> Picture:
    frame = next(film.container.decode(film.video), None)
    if frame is None:
        raise DamagedSource(f"Of {film.path} no picture can be decoded.", path=film.path)
    # PyAV's stubs know only one kind of side data.
    sides = {side.type: side for side in cast(Iterable[SideData], frame.side_data)}
    return Picture(
        width=frame.width,
        height=frame.height,
        pixel_aspect=film.video.sample_aspect_ratio or Fraction(1),
        rotation=frame.rotation % 360,
        pixel_format=frame.format.name,
        colour=_colour(frame),
        interlaced=bool(frame.interlaced_frame),
        mastering=_mastering(sides.get(Type.MASTERING_DISPLAY_METADATA)),
        light=_light(sides.get(Type.CONTENT_LIGHT_LEVEL)),
    )


def _colour(frame: VideoFrame) -> Colour:
    return Colour(
        primaries=names.PRIMARIES.get(int(frame.color_primaries)),
        transfer=names.TRANSFERS.get(int(frame.color_trc)),
        matrix=names.MATRICES.get(int(frame.colorspace)),
        # What is not stated means limited range, except in the formats that mean full range by their name.
        range="pc" if int(frame.color_range) == names.FULL_RANGE or "yuvj" in frame.format.name else "tv",
    )


class _MasteringBytes(ctypes.Structure):
    """`AVMasteringDisplayMetadata`: ten rationals for chromaticity, two for luminance, two flags."""

    _fields_ = (("rationals", ctypes.c_int * 20), ("has_primaries", ctypes.c_int), ("has_luminance", ctypes.c_int))


def _mastering(side: SideData | None) -> Mastering | None:
    if side is None:
        return None
    raw = _MasteringBytes.from_buffer_copy(bytes(side))
    values = [n / d if d else 0.0 for n, d in zip(raw.rationals[::2], raw.rationals[1::2], strict=True)]
    return Mastering(
        primaries=tuple(values[:8]) if raw.has_primaries else (),
        luminance=tuple(values[8:10]) if raw.has_luminance else (),
    )


def _light(side: SideData | None) -> tuple[int, int] | None:
    if side is None:
        return None
    raw = bytes(side)
    return int.from_bytes(raw[:4], "little"), int.from_bytes(raw[4:8], "little")


def _sound(context: AudioCodecContext) -> Sound:
    return Sound(channels=context.channels, layout=context.layout.name, sample_rate=context.sample_rate)


def _files(container: InputContainer) -> Iterator[Attachment]:
    for stream in container.streams.attachments:
        content = stream.data or b""
        yield Attachment(
            name=stream.name,
            mimetype=stream.mimetype,
            size=Bytes(len(content)),
            sha256=hashlib.sha256(content).hexdigest(),
        )


def _pictures(path: Path) -> Iterator[Attachment]:
    for picture in pictures.read(path):
        yield Attachment(
            name=picture.name,
            mimetype=picture.mimetype,
            size=Bytes(len(picture.content)),
            sha256=hashlib.sha256(picture.content).hexdigest(),
            picture=True,
        )


def _chapters(container: InputContainer) -> Iterator[Chapter]:
    for chapter in container.chapters():
        base = chapter["time_base"] or Fraction(1, 1)
        yield Chapter(
            start=chapter["start"] * base, end=chapter["end"] * base, title=chapter["metadata"].get("title", "")
        )
