"""Looking at series and movies: what a Sonarr or Radarr lists is compared with what is known, our own scan looks at
each file that differs, and only then their hints are written down. A hint says where to look, never what is there.

What could not be looked at is not written either, so that the next look finds the same difference again.
"""

import json
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, select

from reencodarr.arr.application import Application
from reencodarr.arr.instance import Instance
from reencodarr.arr.models import MediaFile, Title
from reencodarr.errors import ArrNotFound
from reencodarr.library import arr_files, database, wishes
from reencodarr.library.states import State
from reencodarr.library.tables import ArrFile, Library, Video, VideoState, now, plain
from reencodarr.stages import redeciding
from reencodarr.stages.arrs import comparing, reviewing
from reencodarr.stages.arrs.comparing import Change, Film, Look
from reencodarr.stages.arrs.places import Place, Places
from reencodarr.stages.arrs.reviewing import UNSETTLED, Wanted
from reencodarr.stages.workplace import Workplace

log = logging.getLogger(__name__)

IN_MOTION = "file in motion"
"""The event of wishes that a look makes itself, for titles with a file that is still being written or swapped."""

_TOLD = frozenset({Change.NEW, Change.REPLACED, Change.RENAMED, Change.GONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A title and all of its files, as listed at a moment."""

    title: Title
    files: tuple[MediaFile, ...]
    tags: tuple[str, ...]
    """Names of the title's, in lower case."""
    asked: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that a person may want to know."""

    what: str
    """A `Change`, or `failed`."""
    title: str
    words: str
    """The file, as they call it; what went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look at one or more titles came to."""

    files: int = 0
    changes: Mapping[Change, int]
    lines: tuple[Line, ...] = ()
    troubles: tuple[Line, ...] = ()
    """Titles that could not be looked at: what is known of them stays as it was."""
    unlisted: tuple[ArrFile, ...] = ()
    """Files that were known and are not listed any more. They stay known until `depart`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A listed file beside what is known of it."""

    listing: Listing
    file: MediaFile
    row: ArrFile | None
    change: Change
    place: Place | None
    film: Film | None

    @property
    def look(self) -> Look:
        return comparing.look(self.change, self.file, self.film) if self.place else Look.NOTHING


def look(
    workplace: Workplace, application: Application, title_id: int, *, tags: Mapping[int, str] | None = None
) -> Looked:
    """Bring what is known of one series or movie up to date; one that they no longer have counts as empty.

    `tags` are its instance's, where they were asked for already. May be repeated safely, beside any sync.

    Raises ArrError; DatabaseError.
    """
    instance = application.instance
    asked = now()
    places = Places(instance, libraries(workplace))
    try:
        title = application.title(title_id)
        files = application.files(title_id)
    except ArrNotFound:
        log.info("%s no longer has title %d", instance, title_id)
        with database.session(workplace.database, reads_only=True) as session:
            return depart(workplace, instance, arr_files.of_titles(session, instance.name, [title_id]), asked)
    names = tags if tags is not None else application.tags()
    settled = settle(workplace, instance, places, [listing(title, files, tags=names, asked=asked)])
    departed = depart(workplace, instance, settled.unlisted, asked)
    return replace(
        settled,
        changes=Counter(settled.changes) + Counter(departed.changes),
        lines=(*settled.lines, *departed.lines),
        troubles=(*settled.troubles, *departed.troubles),
    )


def settle(workplace: Workplace, instance: Instance, places: Places, listings: Sequence[Listing]) -> Looked:
    """Look at what differs in some titles, then write down their hints: only those that changed.

    Raises DatabaseError.
    """
    with database.session(workplace.database, reads_only=True) as session:
        known = arr_files.of_titles(session, instance.name, [one.title.id for one in listings])
        seen = _compared(session, listings, known, places)
    troubles = reviewing.review(
        workplace, [_wanted(one, one.place) for one in seen if one.place and one.look in _LOOKS]
    )
    moved = {one.row.video_id: one.place for one in seen if one.change is Change.RENAMED and one.row}
    reviewing.follow(workplace, {video: place.path for video, place in moved.items() if video and place})
    reviewing.bury(workplace, [video for video in moved if video])
    good = [one for one in seen if one.listing.title.id not in troubles]
    listed = {one.file.id for one in seen}
    paths = {one.file.path for one in seen}
    left = [row for row in known if row.file_id not in listed and row.title_id not in troubles]
    _write(workplace, instance, good, [row for row in left if row.theirs in paths])
    _ask_again(workplace, instance, [title for title, words in troubles.items() if words == UNSETTLED])
    return Looked(
        files=len(good),
        changes=Counter(one.change for one in good),
        lines=tuple(_line(one.change, one.listing.title, one.file.path) for one in good if one.change in _TOLD),
        troubles=tuple(
            Line(what="failed", title=name_of(one.title), words=troubles[one.title.id])
            for one in listings
            if one.title.id in troubles
        ),
        unlisted=tuple(row for row in left if row.theirs not in paths),
    )


def depart(workplace: Workplace, instance: Instance, rows: Sequence[ArrFile], asked: datetime) -> Looked:
    """Forget files that were not listed at a moment; their films are gone where nothing is at their place any more.

    Raises DatabaseError.
    """
    troubles = reviewing.bury(workplace, [row.video_id for row in rows if row.video_id])
    gone = [row for row in rows if row.video_id not in troubles]
    with database.session(workplace.database) as session:
        arr_files.drop(session, instance.name, [row.file_id for row in gone], before=asked)
    redeciding.hinted(workplace, [row.video_id for row in gone if row.video_id])
    kept = {row.video_id: row for row in rows if row.video_id in troubles}
    return Looked(
        changes=Counter({Change.GONE: len(gone)}),
        lines=tuple(Line(what=Change.GONE.value, title=row.title, words=row.theirs) for row in gone),
        troubles=tuple(
            Line(what="failed", title=row.title, words=troubles[video]) for video, row in kept.items() if video
        ),
    )


def libraries(workplace: Workplace) -> Sequence[Library]:
    """All libraries."""
    with database.session(workplace.database, reads_only=True) as session:
        return session.exec(select(Library)).all()


def listing(title: Title, files: Iterable[MediaFile], *, tags: Mapping[int, str], asked: datetime) -> Listing:
    """A title as it was listed; `tags` are all names by id. What no database stores in a path becomes an escape."""
    return Listing(
        title=title.model_copy(update={"files": None}),
        files=tuple(one.model_copy(update={"path": plain(one.path)}) for one in files),
        tags=tuple(sorted(plain(tags[tag]) for tag in title.tags if tag in tags)),
        asked=asked,
    )


def name_of(title: Title) -> str:
    """What people call it."""
    return plain(title.title or title.path or str(title.id))


_LOOKS = frozenset({Look.SIZE, Look.FILE, Look.AFRESH})


def _compared(session: Session, listings: Sequence[Listing], known: Sequence[ArrFile], places: Places) -> list[_Seen]:
    rows = {row.file_id: row for row in known}
    listed = {file.id for one in listings for file in one.files}
    left = {row.theirs for row in known if row.file_id not in listed}
    found = [(one, file, places.of(one.title, file)) for one in listings for file in one.files]
    films = _films(session, {place.path for _, _, place in found if place})
    return [
        _Seen(
            listing=one,
            file=file,
            row=rows.get(file.id),
            change=comparing.change(file, rows.get(file.id), left),
            place=place,
            film=films.get(place.path) if place else None,
        )
        for one, file, place in found
    ]


def _films(session: Session, paths: Collection[Path]) -> dict[Path, Film]:
    """The films that we know at some paths, tombstones among them."""
    wanted = sorted(paths)
    found: dict[Path, Film] = {}
    for first in range(0, len(wanted), arr_files.AT_ONCE):
        some = wanted[first : first + arr_files.AT_ONCE]
        query = select(col(Video.path), Video.id, Video.size, VideoState.state)
        joined = query.join(VideoState, col(VideoState.video_id) == col(Video.id)).where(col(Video.path).in_(some))
        for path, video_id, size, state in session.exec(joined).all():
            found[path] = Film(id=video_id or 0, size=size, gone=state == State.GONE.value)
    return found


def _wanted(one: _Seen, place: Place) -> Wanted:
    return Wanted(
        title_id=one.listing.title.id, place=place, look=one.look, size=one.film.size if one.film else one.file.size
    )


def _write(workplace: Workplace, instance: Instance, seen: Sequence[_Seen], replaced: Sequence[ArrFile]) -> None:
    """Write the rows that differ from what is known, in one transaction; then decide again where a hint matters."""
    again = {one.place.path for one in seen if one.place and one.look in _LOOKS}
    with database.session(workplace.database, reads_only=True) as session:
        films = _films(session, again)
    rows = [(one, _row(instance, one, films if one.place and one.place.path in again else None)) for one in seen]
    changed = [(one, row) for one, row in rows if one.row is None or _content(one.row) != _content(row)]
    if changed or replaced:
        with database.session(workplace.database) as session:
            for row in replaced:
                arr_files.drop(session, instance.name, [row.file_id], before=seen[0].listing.asked)
            arr_files.write(session, [row for _, row in changed])
    hinted = [row.video_id for one, row in changed if row.video_id and _hint(one.row) != _hint(row)]
    redeciding.hinted(workplace, hinted)


def _row(instance: Instance, one: _Seen, films: Mapping[Path, Film] | None) -> ArrFile:
    film = one.film if films is None or one.place is None else films.get(one.place.path)
    return ArrFile(
        instance=instance.name,
        file_id=one.file.id,
        title_id=one.listing.title.id,
        title=name_of(one.listing.title),
        slug=one.listing.title.slug,
        video_id=film.id if film and not film.gone else None,
        theirs=one.file.path,
        size=one.file.size,
        added=one.file.date_added,
        year=one.file.year,
        tags=json.dumps(one.listing.tags) if one.listing.tags else "",
        seen_at=one.listing.asked,
    )


def _content(row: ArrFile) -> dict[str, object]:
    return row.model_dump(exclude={"seen_at"})


def _hint(row: ArrFile | None) -> tuple[object, ...]:
    return () if row is None else (row.video_id, row.year, row.tags)


def _ask_again(workplace: Workplace, instance: Instance, title_ids: Iterable[int]) -> None:
    with database.session(workplace.database) as session:
        for title_id in title_ids:
            wishes.wish(session, instance.name, title_id, IN_MOTION)


def _line(change: Change, title: Title, path: str) -> Line:
    return Line(what=change.value, title=name_of(title), words=path)
