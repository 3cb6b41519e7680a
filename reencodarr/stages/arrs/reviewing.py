"""Our own look at single files that a Sonarr or Radarr named: whatever it says of them, the scan decides."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import col, select

from reencodarr.errors import LibraryError
from reencodarr.library import database, departed, scan, videos, walk
from reencodarr.library.tables import Library, Video
from reencodarr.stages import scanning
from reencodarr.stages.arrs.comparing import Look
from reencodarr.stages.arrs.places import Place
from reencodarr.stages.workplace import Workplace

log = logging.getLogger(__name__)

UNSETTLED = "A file of it is still being written."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file that is to be looked at, and for which series or movie."""

    title_id: int
    place: Place
    look: Look
    size: int
    """Of the film that we know."""


def review(workplace: Workplace, wanted: Sequence[Wanted]) -> dict[int, str]:
    """Look at files; the titles of which one could not be looked at, with words. The others' films are up to date.

    What a pattern leaves out is left out here too.
    """
    options = scanning.options(workplace)
    troubles: dict[int, str] = {}
    for library, look in sorted({(one.place.library.id, one.look) for one in wanted}, key=str):
        some = [one for one in wanted if (one.place.library.id, one.look) == (library, look)]
        chosen = walk.selected(some[0].place.library.path, options)
        some = [one for one in some if chosen.wants(one.place.path) and _differs(one)]
        if some:
            troubles |= _look(workplace, some, afresh=look is Look.AFRESH)
    return troubles


def follow(workplace: Workplace, moved: Mapping[int, Path]) -> None:
    """Let films keep what is known of them that were copied to another disk: new paths by the films' old numbers.

    The scan takes such a copy for a new film, as nothing but its bytes is the same.
    """
    for video_id, path in moved.items():
        with database.session(workplace.database, reads_only=True) as session:
            old, copy = session.get_one(Video, video_id), videos.at(session, path)
        if copy is None or copy.id == video_id or not _same_bytes(old, copy) or old.path.exists():
            continue
        with database.session(workplace.database) as session:
            videos.adopt(session, video_id, path, videos.identity(copy))
            session.get_one(Video, video_id).library_id = copy.library_id
        log.info("%s is %s now", old.path, path)


def _same_bytes(old: Video, copy: Video) -> bool:
    return bool(old.sparse_hash) and (old.size, old.sparse_hash) == (copy.size, copy.sparse_hash)


def bury(workplace: Workplace, video_ids: Iterable[int]) -> dict[int, str]:
    """Mark those of some films gone that are no longer there; words for each that could not be looked at."""
    wanted = sorted(set(video_ids))
    troubles: dict[int, str] = {}
    with database.session(workplace.database, reads_only=True) as session:
        libraries = {library.id: library for library in session.exec(select(Library)).all()}
        rows = [
            row
            for first in range(0, len(wanted), departed.BATCH)
            for row in session.exec(
                select(Video.id, Video.library_id).where(col(Video.id).in_(wanted[first : first + departed.BATCH]))
            ).all()
        ]
    for library_id in sorted({library for _, library in rows}):
        films = [video or 0 for video, library in rows if library == library_id]
        try:
            departed.bury_named(workplace.database, libraries[library_id], films, limit=workplace.settings.gone_limit)
        except LibraryError as error:
            log.warning("%s", error)
            troubles |= dict.fromkeys(films, str(error))
    return troubles


def _differs(one: Wanted) -> bool:
    """Whether there is something to look at: their size may be older than ours."""
    if one.look is not Look.SIZE:
        return True
    try:
        return one.place.path.stat().st_size != one.size
    except OSError:
        return True


def _look(workplace: Workplace, wanted: Sequence[Wanted], *, afresh: bool) -> dict[int, str]:
    titles = sorted({one.title_id for one in wanted})
    try:
        seen = scan.scan_files(
            workplace.database,
            wanted[0].place.library,
            _paths(wanted),
            scanning.options(workplace),
            afresh=afresh,
        )
    except LibraryError as error:
        log.warning("%s", error)
        return dict.fromkeys(titles, str(error))
    if not seen.ignored_unstable:
        return {}
    if len(titles) == 1:
        return {titles[0]: UNSETTLED}
    found: dict[int, str] = {}
    for title in titles:
        found |= _look(workplace, [one for one in wanted if one.title_id == title], afresh=afresh)
    return found


def _paths(wanted: Sequence[Wanted]) -> list[Path]:
    return list(dict.fromkeys(one.place.path for one in wanted))
