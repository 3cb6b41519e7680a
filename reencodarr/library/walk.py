"""Walking a library's folders, one entry at a time, and saying of each file what it is to a scan.

Nothing is opened and no link is followed: a link that stays inside the libraries leads to a file that is reached by
its own name anyway. What cannot be listed is named and the walk goes on. The database is `scan`'s business.
"""

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath

from reencodarr.library import patterns
from reencodarr.library.patterns import Patterns

EXTENSIONS = frozenset(
    ("mkv", "mp4", "m4v", "avi", "mov", "wmv", "ts", "m2ts", "mts", "mpg")
    + ("mpeg", "vob", "webm", "flv", "ogm", "ogv", "3gp", "divx", "asf", "rmvb")
)
_UNFINISHED = (".tmp", ".temp")
"""yt-dlp and others write `film.temp.mkv`; names that end in `.part`, `.tmp`, `.crdownload` are no videos anyway."""
_BINS = frozenset({"#recycle", "@recycle", "@eadir", "$recycle.bin", "system volume information", "lost+found"})
"""Recycle bins and indexes of NAS systems and Windows, in lower case: what the owner deleted is not re-encoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """What a scan looks at."""

    exclude: tuple[str, ...] = ()
    """Patterns (`library.patterns`) relative to the library's root."""
    stable_seconds: float = 60.0
    """A file whose last change is younger than this is still being written."""
    gone_limit: float = 0.05
    """The brake, as a share of the known files."""
    extensions: frozenset[str] = EXTENSIONS
    """In lower case, without the dot."""


class Kind(StrEnum):
    """What an entry is to a scan."""

    FILM = "film"
    UNSTABLE = "unstable"
    """Still being written."""
    EXCLUDED = "excluded"
    """A video, or a folder, that a pattern leaves out."""
    OUTSIDE = "outside"
    """A link that leads out of the libraries, or nowhere."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One entry of a folder."""

    kind: Kind
    path: Path
    status: os.stat_result | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which names under a root a scan wants."""

    root: Path
    excluded: Patterns
    extensions: frozenset[str]

    def hidden(self, name: str) -> bool:
        """Whether a name is somebody's own business: hidden, a backup, a recycle bin."""
        return name.startswith((".", "~")) or name.endswith("~") or name.lower() in _BINS

    def video(self, name: str) -> bool:
        """Whether a file's name is that of a finished video."""
        stem, dot, extension = name.rpartition(".")
        return bool(dot) and extension.lower() in self.extensions and not stem.lower().endswith(_UNFINISHED)

    def wants(self, path: Path) -> bool:
        """Whether a walk would come upon this file and take it for a film."""
        relative = path.relative_to(self.root)
        hidden = any(self.hidden(name) for name in relative.parts)
        return not hidden and self.video(path.name) and not self.excluded.leave_out(relative)


def selected(root: Path, options: ScanOptions) -> Filter:
    """The filter of a library's root."""
    return Filter(root=root, excluded=patterns.compiled(options.exclude), extensions=options.extensions)


def walk(
    root: Path, options: ScanOptions, *, roots: tuple[Path, ...], within: Path | None = None
) -> Iterator[Sighting]:
    """Every entry below `root` that matters, in no particular order. Reads only, and remembers only folders to come.

    `roots` are all libraries: links between them are nothing to speak of. `within` is a folder of the library, when
    only that is wanted.
    """
    chosen = selected(root, options)
    folders = [within or root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if not chosen.hidden(entry.name):
                        yield from _seen(entry, chosen, folders, roots=roots, stable=options.stable_seconds)
        except OSError as error:
            yield Sighting(kind=Kind.UNREADABLE, path=folder, why=error.strerror or str(error))


def settled(status: os.stat_result, stable_seconds: float) -> bool:
    """Whether a file's last change is old enough; one dated far in the future is a wrong clock, not a writer."""
    return abs(time.time() - status.st_mtime) >= stable_seconds


def _seen(
    entry: os.DirEntry[str], chosen: Filter, folders: list[Path], *, roots: tuple[Path, ...], stable: float
) -> Iterator[Sighting]:
    path = Path(entry.path)
    try:
        if entry.is_symlink():
            yield from _link(path, chosen, roots)
            return
        folder = entry.is_dir(follow_symlinks=False)
        if not folder and not chosen.video(entry.name):
            return
        if chosen.excluded.match(PurePath(path.relative_to(chosen.root)).as_posix()):
            yield Sighting(kind=Kind.EXCLUDED, path=path)
        elif folder:
            folders.append(path)
        else:
            yield from _film(path, entry.stat(follow_symlinks=False), stable)
    except FileNotFoundError:
        return  # deleted since the folder was listed
    except OSError as error:
        yield Sighting(kind=Kind.UNREADABLE, path=path, why=error.strerror or str(error))


def _film(path: Path, status: os.stat_result, stable: float) -> Iterator[Sighting]:
    if stat.S_ISREG(status.st_mode):
        kind = Kind.FILM if settled(status, stable) else Kind.UNSTABLE
        yield Sighting(kind=kind, path=path, status=status)


def _link(path: Path, chosen: Filter, roots: tuple[Path, ...]) -> Iterator[Sighting]:
    """Links are resolved once: one that leads out of the libraries is named, any other is passed over."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        if chosen.video(path.name):
            why = "a link that leads nowhere" if isinstance(error, FileNotFoundError) else f"a link in a loop ({error})"
            yield Sighting(kind=Kind.OUTSIDE, path=path, why=why)
        return
    inside = any(target.is_relative_to(root) for root in roots)
    if not inside and (target.is_dir() or chosen.video(path.name)):
        yield Sighting(kind=Kind.OUTSIDE, path=path, why=f"a link to {target}, outside the library")
