"""The parts of a film that a search reads, as a small file that stands for the film.

Not packets in a new container but the film's own bytes: frame rate, colour, rotation, time base, reordering delay and
all else that ffmpeg takes from headers are the film's, so that scores are bit-identical. Where the container has an
index, the bytes lie in their old places with holes between them (`holes`). Where it has none (MPEG-TS, MPEG-PS,
Matroska without Cues), a seek is a search through the file, which holes would mislead: there the parts follow one
another (`splice`). A short film is copied whole; of any other container the whole film is needed.
"""

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path, PurePath

from reencodarr.errors import ExcerptUnusable
from reencodarr.media import demuxer, seekable
from reencodarr.media.packets import PacketIndex
from reencodarr.media.partial import Range
from reencodarr.quality import footage, holes, splice
from reencodarr.quality.footage import Footage, Parts
from reencodarr.quality.windows import Window
from reencodarr.units import MIB, Bytes

log = logging.getLogger(__name__)


class Form(StrEnum):
    """How the parts lie in the file."""

    WHOLE = "whole"
    HOLES = "holes"
    SPLICED = "spliced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """What was cut, and what it takes to search in it."""

    path: Path
    label: str
    """What messages call the film."""
    form: Form
    size: Bytes
    """Of the film."""
    ranges: tuple[Range, ...]
    """The film's bytes that it holds, in order."""
    windows: tuple[Window, ...]
    lands_on_keyframes: bool

    @property
    def held(self) -> Bytes:
        """How many of the film's bytes it holds."""
        return Bytes(sum(end - start for start, end in self.ranges))


Expect = Callable[[Iterable[Range]], None]
"""Told beforehand about where the windows' bytes lie, so that a source that is far away can fetch ahead."""


def cut(
    source: Path | demuxer.File,
    label: str,
    index: PacketIndex,
    windows: Sequence[Window],
    folder: Path,
    *,
    expect: Expect | None = None,
) -> Excerpt:
    """Copy what `windows` need out of a film into `folder`, which has to exist. `index` is the whole film's.

    Raises ExcerptUnusable when the film cannot be sampled in parts, or is not the one of the index: fetch it whole;
    MediaError, NoSpace, and what reading the source raises.
    """
    path = file_in(folder, label)
    with _file(source) as file:
        made = _planned(file, label, index, windows, path=path)
        if made.form is Form.WHOLE:
            found = replace(made, ranges=_whole(file, made))
        elif made.form is Form.HOLES:
            ranges = holes.copy(file, of(made, index), windows, size=made.size, expect=expect)
            found = replace(made, ranges=ranges)
        else:
            found = replace(made, ranges=splice.copy(file, of(made, index), windows))
    log.info("%s: %.1f of %.1f MiB hold its %d windows", label, found.held / MIB, found.size / MIB, len(windows))
    return found


def of(excerpt: Excerpt, index: PacketIndex) -> Footage:
    """The excerpt in place of the film; `index` is the whole film's."""
    parts = Parts(windows=excerpt.windows, holes=excerpt.form is Form.HOLES)
    return Footage(
        path=excerpt.path,
        packets=index,
        lands_on_keyframes=excerpt.lands_on_keyframes,
        parts=None if excerpt.form is Form.WHOLE else parts,
        named=Path(excerpt.label),
    )


def file_in(folder: Path, label: str) -> Path:
    """Where the excerpt of a film lies. It keeps the film's extension, by which ffmpeg tells what looks alike."""
    suffix = PurePath(label).suffix
    return folder / f"excerpt{suffix if suffix[1:].isalnum() and suffix.isascii() else ''}"


def _planned(file: demuxer.File, label: str, index: PacketIndex, windows: Sequence[Window], *, path: Path) -> Excerpt:
    """The excerpt as it is to be made; it holds nothing yet."""
    with demuxer.opened(file, label=label) as film:
        name = film.container.format.name
        if footage.is_whole(windows, index):
            form = Form.WHOLE
        elif seekable.indexed(film):
            form = Form.HOLES
        elif name in splice.CONTAINERS:
            form = Form.SPLICED
        else:
            raise ExcerptUnusable(
                f"{label} is {name} without an index: it cannot be sampled in parts.",
                path=Path(label),
                advice="Fetch it whole.",
            )
        return Excerpt(
            path=path,
            label=label,
            form=form,
            size=film.size,
            ranges=(),
            windows=tuple(windows),
            lands_on_keyframes=name in footage.LANDS_ON_KEYFRAMES,
        )


def _whole(file: demuxer.File, made: Excerpt) -> tuple[Range, ...]:
    file.seek(0)
    with made.path.open("xb") as copy:
        shutil.copyfileobj(file, copy, MIB)
    return ((0, made.size),)


@contextmanager
def _file(source: Path | demuxer.File) -> Iterator[demuxer.File]:
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file
    else:
        yield source
