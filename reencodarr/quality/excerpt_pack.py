"""An excerpt as one object: an uncompressed tar of a manifest and the film's bytes that it holds, one after another."""

import io
import tarfile
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import IO, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from reencodarr.errors import ExcerptUnusable
from reencodarr.media.partial import Range
from reencodarr.quality import excerpt as excerpts
from reencodarr.quality.excerpt import Excerpt, Form
from reencodarr.quality.windows import Window
from reencodarr.tools import sparse
from reencodarr.units import MIB, Bytes, Frames

_MANIFEST = "manifest.json"
_BYTES = "bytes"
_LARGEST_MANIFEST = 4 * MIB


class Manifest(BaseModel):
    """What an excerpt is, but for its bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    label: str
    form: Form
    size: int
    ranges: tuple[tuple[int, int], ...]
    windows: tuple[tuple[int, int, int, int], ...]
    """First frame, frames, first pts, pts behind the last."""
    lands_on_keyframes: bool

    @model_validator(mode="after")
    def _is_possible(self) -> "Manifest":
        bounds = [place for start, end in self.ranges for place in (start, end)]
        if any(after < before for before, after in pairwise([0, *bounds, self.size])):
            raise ValueError("its ranges are not in order, or lie outside the film")
        if self.form is Form.WHOLE and self.ranges != ((0, self.size),):
            raise ValueError("it is no whole film")
        return self


def pack(excerpt: Excerpt, path: Path) -> Path:
    """Write the excerpt as one file at `path`, which is new."""
    manifest = _manifest(excerpt).model_dump_json().encode()
    with tarfile.open(path, "x:") as tar, excerpt.path.open("rb") as file:
        entry = tarfile.TarInfo(_MANIFEST)
        entry.size = len(manifest)
        tar.addfile(entry, io.BytesIO(manifest))
        entry = tarfile.TarInfo(_BYTES)
        entry.size = excerpt.held
        tar.addfile(entry, _Held(file, _places(excerpt)))  # type: ignore[arg-type]
    return path


def unpack(path: Path, folder: Path) -> Excerpt:
    """The excerpt out of its one file, in `folder`, which has to exist.

    Raises ExcerptUnusable when the file is damaged, or was packed by another version.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            manifest = Manifest.model_validate_json(_member(tar, _MANIFEST).read(_LARGEST_MANIFEST))
            excerpt = _excerpt(manifest, folder)
            _write(_member(tar, _BYTES), excerpt)
    except (tarfile.TarError, EOFError, KeyError, ValidationError) as error:
        raise _damaged(path, str(error).splitlines()[0] if str(error) else type(error).__name__) from error
    return excerpt


def _write(data: IO[bytes], excerpt: Excerpt) -> None:
    size = Bytes(excerpt.held if excerpt.form is Form.SPLICED else excerpt.size)
    with sparse.create(excerpt.path, size) as file:
        for place in _places(excerpt):
            _copy(data, file, place)
        if data.read(1):
            raise EOFError("it holds more than it says")


def _copy(data: IO[bytes], file: BinaryIO, place: Range) -> None:
    position, end = place
    file.seek(position)
    while position < end:
        piece = data.read(min(end - position, MIB))
        if not piece:
            raise EOFError(f"{end - position} bytes are missing")
        file.write(piece)
        position += len(piece)


class _Held:
    """The bytes of an excerpt without its holes, as a file that can be read once."""

    def __init__(self, file: IO[bytes], places: Iterable[Range]) -> None:
        self._file = file
        self._places = iter(places)
        self._position = self._end = 0

    def read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            if self._position == self._end:
                place = next(self._places, None)
                if place is None:
                    break
                self._position, self._end = place
            self._file.seek(self._position)
            piece = self._file.read(min(size - len(found), self._end - self._position))
            self._position += len(piece)
            found += piece
        return found


def _places(excerpt: Excerpt) -> tuple[Range, ...]:
    """Where its bytes lie in its file."""
    return ((0, excerpt.held),) if excerpt.form is Form.SPLICED else excerpt.ranges


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    member = tar.extractfile(name)
    if member is None:
        raise KeyError(name)
    return member


def _manifest(excerpt: Excerpt) -> Manifest:
    return Manifest(
        label=excerpt.label,
        form=excerpt.form,
        size=excerpt.size,
        ranges=excerpt.ranges,
        windows=tuple((one.first, one.frames, one.start_pts, one.end_pts) for one in excerpt.windows),
        lands_on_keyframes=excerpt.lands_on_keyframes,
    )


def _excerpt(manifest: Manifest, folder: Path) -> Excerpt:
    return Excerpt(
        path=excerpts.file_in(folder, manifest.label),
        label=manifest.label,
        form=manifest.form,
        size=Bytes(manifest.size),
        ranges=manifest.ranges,
        windows=tuple(
            Window(first=first, frames=Frames(frames), start_pts=start, end_pts=end)
            for first, frames, start, end in manifest.windows
        ),
        lands_on_keyframes=manifest.lands_on_keyframes,
    )


def _damaged(path: Path, why: str) -> ExcerptUnusable:
    return ExcerptUnusable(
        f"{path} cannot be read as an excerpt: {why}.",
        path=path,
        advice="Cut it again, with the same version of Reencodarr on both sides.",
    )
