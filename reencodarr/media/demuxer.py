"""A film opened with PyAV: its container, its one real video stream, and errors of ours instead of ffmpeg's.

The file is opened here and handed over as an object, so that any name works; nothing that a file merely points to
is opened. An object that reads from elsewhere does as well: PyAV reads lazily, 32 KiB at a time. To open a film of
18 minutes it read 32 KiB of a Matroska, the header (1 MiB) of an MP4, its end too where the header is there, and
0.3 to 0.5 MiB of AVI and MPEG-TS; a Matroska with eight tracks took 2.8 MiB (measured).
"""

import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from typing import Protocol

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from reencodarr.errors import DamagedSource, EmptyFile, FileUnreadable, NotAVideo
from reencodarr.media import codecs
from reencodarr.units import Bytes

_NOTHING_ELSE = {"protocol_whitelist": "none"}
"""A playlist that is named like a film must not make ffmpeg open files or addresses."""


class File(Protocol):
    """What a film can be read from: a file, or an object that reads from elsewhere."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, none at the end only."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move, and say where to."""
        ...

    def tell(self) -> int:
        """Where the next read begins."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An opened film."""

    path: Path
    """Where it is, or what messages call it."""
    size: Bytes
    file: File
    container: InputContainer
    video: VideoStream


class Named:
    """A file object that bears the film's name, by whose ending libavformat tells apart what looks alike."""

    def __init__(self, file: File, name: str) -> None:
        self.name = name
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell


@contextmanager
def opened(film: Path | File, *, label: str = "") -> Iterator[Source]:
    """Open `film` for reading; what ffmpeg or the disk complain about inside the block becomes our error.

    A file object has to seek; messages call it `label`, and it stays open.

    Raises FileUnreadable, EmptyFile, NotAVideo, DamagedSource.
    """
    path = film if isinstance(film, Path) else Path(label or "film")
    try:
        with _file(film) as file:
            size = Bytes(file.seek(0, SEEK_END))
            if size == 0:
                raise EmptyFile(f"{path} is empty.", path=path, advice="Fetch it again; it is left as it is.")
            file.seek(0)
            named = Named(file, str(path))
            with av.open(named, "r", options=_NOTHING_ELSE, metadata_errors="replace") as container:
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


@contextmanager
def _file(film: Path | File) -> Iterator[File]:
    if not isinstance(film, Path):
        yield film
        return
    if not stat.S_ISREG(film.stat().st_mode):
        raise FileUnreadable(f"{film} is no regular file.", path=film, advice="Rename or exclude it.")
    with film.open("rb") as file:
        yield file


def _damaged(path: Path, error: OSError | av.FFmpegError) -> DamagedSource:
    return DamagedSource(
        f"{path} cannot be read as a film: {error.strerror}.",
        path=path,
        advice="Play it, and fetch it again if it is broken.",
    )


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
