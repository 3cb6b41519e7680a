"""Attached pictures (cover art), taken out of a film.

Matroska holds them as attachments; ffmpeg, asked to copy one, would write a second video track instead (measured).
"""

import errno
from dataclasses import dataclass
from pathlib import Path

from av.container import InputContainer
from av.stream import Disposition

from reencodarr.encoding.film import Found, Picture
from reencodarr.errors import NoSpace
from reencodarr.media import demuxer

_KINDS = {
    "mjpeg": ("image/jpeg", "jpg"),
    "png": ("image/png", "png"),
    "bmp": ("image/bmp", "bmp"),
    "gif": ("image/gif", "gif"),
    "tiff": ("image/tiff", "tif"),
    "webp": ("image/webp", "webp"),
}
"""Mime type and extension by ffmpeg's codec name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """An attached picture as its film holds it."""

    codec: str
    name: str | None
    """The file name that Matroska gives it; None in MP4."""
    mimetype: str | None
    content: bytes


def read(source: Path) -> tuple[Attached, ...]:
    """The film's attached pictures in order, byte for byte.

    Raises FileUnreadable, EmptyFile, NotAVideo, DamagedSource.
    """
    with demuxer.opened(source) as film:
        return tuple(_attached(film.container))


def found(source: Path, folder: Path, *, container: str) -> Found:
    """Which stream is the film, and its attached pictures, written into `folder` where the result needs them so.

    Raises FileUnreadable, EmptyFile, NotAVideo, DamagedSource, NoSpace.
    """
    with demuxer.opened(source) as film:
        video, behind = film.video.index, len(film.container.streams.attachments)
        attached = _attached(film.container) if container == "mkv" else []
    pictures = tuple(_written(picture, folder, place) for place, picture in enumerate(attached, start=behind))
    return Found(video=video, pictures=pictures)


def _written(attached: Attached, folder: Path, place: int) -> Picture:
    mimetype, extension = _KINDS.get(attached.codec, ("application/octet-stream", "bin"))
    path = folder / f"picture-{place}.{extension}"
    _write(path, attached.content)
    name, stated = attached.name or f"cover.{extension}", attached.mimetype or mimetype
    return Picture(path=path, place=place, name=name, mimetype=stated)


def _attached(container: InputContainer) -> list[Attached]:
    """Each picture is the one packet of its stream; containers give them before everything else."""
    streams = [stream for stream in container.streams.video if stream.disposition & Disposition.attached_pic]
    found: dict[int, bytes] = {}
    if streams:
        for packet in container.demux(*streams):
            if packet.size:
                found.setdefault(packet.stream.index, bytes(packet))
            if len(found) == len(streams):
                break
    return [
        Attached(
            codec=stream.codec_context.codec.canonical_name,
            name=stream.metadata.get("filename"),
            mimetype=stream.metadata.get("mimetype"),
            content=found[stream.index],
        )
        for stream in streams
        if stream.index in found
    ]


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise NoSpace(f"The scratch folder {path.parent} is full.", path=path.parent) from error
