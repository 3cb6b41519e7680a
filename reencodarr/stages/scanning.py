"""Scanning: from paths people type to libraries that are up to date with their disks."""

import logging
from collections.abc import Sequence
from pathlib import Path

from sqlmodel import select

from reencodarr import paths
from reencodarr.errors import RootMissing
from reencodarr.library import database, roots
from reencodarr.library import scan as scans
from reencodarr.library.scan import ScanOptions, ScanSummary
from reencodarr.library.tables import Library
from reencodarr.progress import Report, silent
from reencodarr.stages import tying
from reencodarr.stages.workplace import Workplace

log = logging.getLogger(__name__)


def scan(workplace: Workplace, path: str | Path, *, report: Report = silent, mark: bool = True) -> ScanSummary:
    """Bring the library that holds `path` up to date; a folder that no library holds becomes one.

    Of a folder inside a library only that folder is scanned, and a single film alone. `mark=False` writes nothing
    beside the films. What a Sonarr or Radarr listed before it was found is tied to its film.

    Raises RootMissing, TooManyGone, LibraryError.
    """
    where = resolved(path)
    library = library_of(workplace, where, mark=mark)
    if where.is_file():
        found = scans.scan_file(workplace.database, library, where, options(workplace))
    else:
        found = scans.scan(workplace.database, library, options(workplace), within=where, report=report)
    if found.new or found.moved:
        tying.tie(workplace)
    return found


def options(workplace: Workplace) -> ScanOptions:
    """What the settings have a scan look at."""
    return ScanOptions(
        exclude=workplace.settings.exclude,
        stable_seconds=workplace.settings.stable_seconds,
        gone_limit=workplace.settings.gone_limit,
    )


def library_of(workplace: Workplace, where: Path, *, mark: bool = True) -> Library:
    """The library a path lies in; made when there is none, with a film's folder as its root.

    Raises RootMissing, LibraryError.
    """
    root = where.parent if where.is_file() else where
    with database.session(workplace.database) as session:
        known = roots.containing(session, where)
        if known is not None:
            return roots.ensure(session, known.path, mark=mark)
        return roots.ensure(session, root, data_dir=workplace.settings.data_dir, mark=mark)


def libraries_of(workplace: Workplace, places: Sequence[str | Path], *, mark: bool = True) -> tuple[Library, ...]:
    """The libraries of some paths, each once."""
    found = {library.id: library for library in (library_of(workplace, resolved(place), mark=mark) for place in places)}
    return tuple(found.values())


def known_roots(workplace: Workplace) -> list[str]:
    """The roots of all known libraries."""
    with database.session(workplace.database, reads_only=True) as session:
        return [paths.to_text(library.path) for library in session.exec(select(Library)).all()]


def resolved(path: str | Path) -> Path:
    """A path people typed, or its text (`reencodarr.paths`), absolute and without symlinks.

    Raises RootMissing when nothing is there.
    """
    try:
        return paths.from_text(str(path)).expanduser().resolve(strict=True)
    except OSError as error:
        raise RootMissing(
            f"{path} is not there: {error.strerror}.", path=Path(path), advice="Mount the disk, or check the name."
        ) from error
