"""Scans: bring what is known of a library up to date with its disk, in batches, at any time, as often as wanted.

A scan may be killed anywhere: what it saw is written, films that stayed the same are not read again, and nothing is
ever forgotten before a scan went through to its end with the right disk in place.
"""

import logging
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import monotonic, sleep

from sqlalchemy import Engine, update
from sqlmodel import col, func, select

from reencodarr.errors import FileUnreadable, LibraryError, RootMissing
from reencodarr.library import database, departed, roots, sightings, videos, walk
from reencodarr.library.sightings import Change, Found, Recorded
from reencodarr.library.states import State
from reencodarr.library.tables import Library, Video, VideoState, now
from reencodarr.library.walk import Kind, ScanOptions, Sighting
from reencodarr.progress import Progress, Report, silent

__all__ = ["ScanOptions", "ScanSummary", "scan", "scan_file", "scan_files"]

log = logging.getLogger(__name__)

BATCH = 200
WAIT = 1.0
"""Seconds that a single young file is watched before it is believed to be complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSummary:
    """What a scan found."""

    found: int = 0
    """Films that are there, each once."""
    new: int = 0
    changed: int = 0
    moved: int = 0
    gone: int = 0
    ignored_unstable: int = 0
    """Still being written: the next scan looks again."""
    hard_linked: int = 0
    excluded: int = 0
    """Videos and folders that a pattern leaves out."""
    outside_links: tuple[Path, ...] = ()
    """Links that lead out of the libraries, or nowhere."""
    unreadable: tuple[tuple[Path, str], ...] = ()
    """What could not be listed or read, and why; films known in there stay known."""


class _Tally:
    """What a scan has counted so far."""

    def __init__(self) -> None:
        self.changes: Counter[Change] = Counter()
        self.excluded = self.hard_linked = 0
        self.outside: list[Path] = []
        self.unreadable: list[tuple[Path, str]] = []

    def note(self, sighting: Sighting) -> None:
        match sighting.kind:
            case Kind.UNSTABLE:
                self.changes[Change.UNSTABLE] += 1
            case Kind.EXCLUDED:
                self.excluded += 1
            case Kind.OUTSIDE:
                self.outside.append(sighting.path)
                log.warning("%s is passed over: %s", sighting.path, sighting.why)
            case Kind.UNREADABLE:
                self.unreadable.append((sighting.path, sighting.why))
                log.warning("%s cannot be read: %s", sighting.path, sighting.why)

    def add(self, recorded: Recorded) -> None:
        self.changes.update(recorded.changes)
        self.hard_linked += recorded.hard_linked
        self.unreadable += recorded.unreadable

    @property
    def found(self) -> int:
        return sum(self.changes[kind] for kind in (Change.SAME, Change.NEW, Change.CHANGED, Change.MOVED))

    def summary(self, gone: int = 0) -> ScanSummary:
        return ScanSummary(
            found=self.found,
            new=self.changes[Change.NEW],
            changed=self.changes[Change.CHANGED],
            moved=self.changes[Change.MOVED],
            gone=gone,
            ignored_unstable=self.changes[Change.UNSTABLE],
            hard_linked=self.hard_linked,
            excluded=self.excluded,
            outside_links=tuple(self.outside),
            unreadable=tuple(self.unreadable),
        )


def scan(
    engine: Engine,
    library: Library,
    options: ScanOptions = ScanOptions(),
    *,
    within: Path | None = None,
    report: Report = silent,
) -> ScanSummary:
    """Bring the library up to date; `within` is a folder of it, when only that is to be looked at.

    Raises RootMissing (nothing was changed) and TooManyGone (all but the tombstones is written).
    """
    began, folder, moment = monotonic(), within or library.path, now()
    known, all_roots = _known(engine, library, folder)
    _check(library, folder, known)
    tally = _Tally()
    films = _films(walk.walk(library.path, options, roots=all_roots, within=within), tally)
    while batch := list(islice(films, BATCH)):
        tally.add(sightings.record(engine, library, batch, moment))
        report(_progress(library, tally.found, known))
    _check(library, folder, known)
    chosen = walk.selected(library.path, options)
    gone = departed.bury(engine, library, chosen, within=folder, since=moment, known=known, limit=options.gone_limit)
    if within is None:
        with database.session(engine) as session:
            session.exec(update(Library).where(col(Library.id) == library.id).values(scanned_at=now()))
    summary = tally.summary(gone)
    log.info(
        "scanned %s in %.1f s: %d films, %d new, %d changed, %d moved, %d gone, %d still being written, %d unreadable",
        folder, monotonic() - began, summary.found, summary.new, summary.changed, summary.moved, gone,
        summary.ignored_unstable, len(summary.unreadable),
    )  # fmt: skip
    return summary


def scan_file(engine: Engine, library: Library, path: Path, options: ScanOptions = ScanOptions()) -> ScanSummary:
    """Look at one film of a library, whatever its name; somebody asked for it. A young one is watched for a second.

    Raises RootMissing, LibraryError for a file that lies elsewhere, FileUnreadable.
    """
    if not path.is_relative_to(library.path):
        raise LibraryError(f"{path} is not in the library {library.path}.", path=path)
    known, _ = _known(engine, library, library.path)
    roots.check_mounted(library, known=known)
    try:
        status = path.lstat()
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.", path=path) from error
    if not walk.settled(status, options.stable_seconds):
        sleep(WAIT)
    tally = _Tally()
    tally.add(sightings.record(engine, library, [Found(path=path, status=status)], now()))
    return tally.summary()


def scan_files(
    engine: Engine,
    library: Library,
    films: Sequence[Path],
    options: ScanOptions = ScanOptions(),
    *,
    afresh: bool = False,
) -> ScanSummary:
    """Look at some films of a library that somebody says are there and complete; those that are not are passed over.

    `afresh` reads even those whose size, time and inode are as they were: a release that replaced another may have got
    its inode and, where it is dated by its first broadcast, its time.

    Raises RootMissing.
    """
    known, _ = _known(engine, library, library.path)
    roots.check_mounted(library, known=known)
    tally = _Tally()
    found = [Found(path=path, status=status) for path in films if (status := _standing(path, tally))]
    if not all(walk.settled(film.status, options.stable_seconds) for film in found):
        sleep(WAIT)
    moment = now()
    for first in range(0, len(found), BATCH):
        tally.add(sightings.record(engine, library, found[first : first + BATCH], moment, afresh=afresh))
    return tally.summary()


def _standing(path: Path, tally: _Tally) -> os.stat_result | None:
    """What a file is, if it is one of the library's own: no link, and not behind one."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        tally.note(Sighting(kind=Kind.UNREADABLE, path=path, why=error.strerror or str(error)))
        return None
    return status if stat.S_ISREG(status.st_mode) and os.path.realpath(path) == str(path) else None


def _films(sightings_: Iterator[Sighting], tally: _Tally) -> Iterator[Found]:
    for sighting in sightings_:
        if sighting.kind is Kind.FILM and sighting.status is not None:
            yield Found(path=sighting.path, status=sighting.status)
        else:
            tally.note(sighting)


def _known(engine: Engine, library: Library, folder: Path) -> tuple[int, tuple[Path, ...]]:
    """How many films are known below a folder, and where all libraries are."""
    query = (
        select(func.count())
        .select_from(Video)
        .join(VideoState, col(VideoState.video_id) == col(Video.id))
        .where(Video.library_id == library.id, VideoState.state != State.GONE.value)
    )
    if folder != library.path:
        query = query.where(videos.below(folder))
    with database.session(engine, reads_only=True) as session:
        return session.exec(query).one(), tuple(session.exec(select(col(Library.path))).all())


def _check(library: Library, folder: Path, known: int) -> None:
    roots.check_mounted(library, known=known)
    if not folder.is_dir():
        raise RootMissing(f"{folder} is no folder that is there.", path=folder, advice="Check its name and its disk.")


def _progress(library: Library, found: int, known: int) -> Progress:
    return Progress(
        stage="scan",
        label=library.path.name or str(library.path),
        fraction=min(found / known, 1.0) if known else None,
        detail=f"{found} films",
    )
