"""A film opened with PyAV: its container, its one real video stream, and errors of ours instead of ffmpeg's.

The file is opened here and handed over as an object, so that any name works; nothing that a file merely points to
is opened.
"""

import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from reencodarr.errors import DamagedSource, EmptyFile, FileUnreadable, NotAVideo
from reencodarr.media import codecs
from reencodarr.units import Bytes

_NOTHING_ELSE = {"protocol_whitelist": "none"}
"""A playlist that is named like a film must not make ffmpeg open files or addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An opened film."""

    path: Path
    size: Bytes
    file: BinaryIO
    container: InputContainer
    video: VideoStream


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open `path` for reading; what ffmpeg or the disk complain about inside the block becomes our error.

    Raises FileUnreadable, EmptyFile, NotAVideo, DamagedSource.
    """
    try:
        size = _size(path)
        with path.open("rb") as file, av.open(file, "r", options=_NOTHING_ELSE, metadata_errors="replace") as container:
            yield Source(path=path, size=size, file=file, container=container, video=_video(container, path))
    except av.FFmpegError as error:
        raise _damaged(path, error) from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # A damaged header names a place that no file can have.
            raise _damaged(path, error) from error
        raise FileUnreadable(
            f"{path} cannot be read: {error.strerror or error}.",
            path=path,
            advice="Check that it is there and its permissions.",
        ) from error


def _damaged(path: Path, error: OSError | av.FFmpegError) -> DamagedSource:
    return DamagedSource(
        f"{path} cannot be read as a film: {error.strerror}.",
        path=path,
        advice="Play it, and fetch it again if it is broken.",
    )


def _size(path: Path) -> Bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise FileUnreadable(f"{path} is no regular file.", path=path, advice="Rename or exclude it.")
    if status.st_size == 0:
        raise EmptyFile(f"{path} is empty.", path=path, advice="Fetch it again; it is left as it is.")
    return Bytes(status.st_size)


def _video(container: InputContainer, path: Path) -> VideoStream:
    """The first video stream that is no attached picture; one in a codec of pictures only where there is no other."""
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        raise NotAVideo(f"{path} holds no video.", path=path, advice="Exclude it.")
    return next((stream for stream in streams if _codec(stream) not in codecs.STILL_PICTURES), streams[0])


def _codec(stream: VideoStream) -> str:
    # A stream whose codec this build of ffmpeg does not know (`dav1`) has no context.
    context = stream.codec_context
    return context.name if context else ""
