"""Rows of files as a Sonarr or Radarr knows them, and of the instances themselves: hints, which no state rests on."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from reencodarr.library.states import State
from reencodarr.library.tables import ArrFile, ArrInstance, ArrWish, Video, VideoState

AT_ONCE = 200
"""Rows of one statement: SQLite takes a limited number of values."""

_HINTS = ("title_id", "title", "slug", "video_id", "theirs", "size", "added", "year", "tags", "seen_at")


def of_video(session: Session, video_id: int) -> list[ArrFile]:
    """What each Sonarr and Radarr has on its books at this film's place, by instance. Reads only.

    An instance may have left the settings since.
    """
    query = select(ArrFile).where(ArrFile.video_id == video_id)
    return list(session.exec(query.order_by(col(ArrFile.instance), col(ArrFile.file_id))).all())


def of_titles(session: Session, instance: str, title_ids: Collection[int]) -> list[ArrFile]:
    """The files of some series or movies. Reads only."""
    found: list[ArrFile] = []
    for some in _portions(sorted(title_ids)):
        query = select(ArrFile).where(ArrFile.instance == instance, col(ArrFile.title_id).in_(some))
        found += session.exec(query.order_by(col(ArrFile.file_id))).all()
    return found


def title_ids(session: Session, instance: str) -> set[int]:
    """Every series or movie of which files are known. Reads only."""
    return set(session.exec(select(ArrFile.title_id).where(ArrFile.instance == instance).distinct()).all())


def known(session: Session, instance: str) -> int:
    """How many files of an instance are known. Reads only."""
    return session.exec(select(func.count()).select_from(ArrFile).where(ArrFile.instance == instance)).one()


def untied(session: Session, instance: str) -> list[tuple[int, str]]:
    """Number and path, as they see it, of files of an instance that are no film of ours so far. Reads only."""
    query = select(ArrFile.file_id, ArrFile.theirs).where(ArrFile.instance == instance, col(ArrFile.video_id).is_(None))
    return list(session.exec(query).all())


def tie(session: Session, instance: str, places: Mapping[int, Path]) -> int:
    """Note which film lies at the place of each of some untied files, where one does; how many were tied."""
    tied = 0
    for some in _portions(sorted(places)):
        query = select(col(Video.path), Video.id).join(VideoState, col(VideoState.video_id) == col(Video.id))
        there = col(Video.path).in_([places[one] for one in some]) & (col(VideoState.state) != State.GONE.value)
        films = dict(session.exec(query.where(there)).all())
        for file_id in some:
            same = (col(ArrFile.instance) == instance) & (col(ArrFile.file_id) == file_id)
            if video_id := films.get(places[file_id]):
                free = same & col(ArrFile.video_id).is_(None)
                tied += session.exec(update(ArrFile).where(free).values(video_id=video_id)).rowcount
    return tied


def tags(row: ArrFile) -> tuple[str, ...]:
    """Names, in lower case."""
    return tuple(json.loads(row.tags)) if row.tags else ()


def write(session: Session, rows: Sequence[ArrFile]) -> None:
    """Write rows, new or known. What a later look wrote (`seen_at`) is left as it is."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(ArrFile)
    later = statement.on_conflict_do_update(
        index_elements=["instance", "file_id"],
        set_={name: statement.excluded[name] for name in _HINTS},
        where=col(ArrFile.seen_at) <= statement.excluded.seen_at,
    )
    if rows:
        session.connection().execute(later, [row.model_dump() for row in rows])


def drop(session: Session, instance: str, file_ids: Iterable[int], *, before: datetime) -> int:
    """Forget files that were not on its books at a moment, but for those a later look found; how many."""
    dropped = 0
    for some in _portions(sorted(file_ids)):
        these = (col(ArrFile.instance) == instance) & col(ArrFile.file_id).in_(some)
        dropped += session.exec(delete(ArrFile).where(these, col(ArrFile.seen_at) <= before)).rowcount
    return dropped


def note(session: Session, name: str, kind: str, **values: object) -> None:
    """Write down something about an instance; its row is made where there is none."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    empty = ArrInstance(name=name, kind=kind).model_dump()
    session.connection().execute(insert(ArrInstance).on_conflict_do_nothing(), [empty])
    session.exec(update(ArrInstance).where(col(ArrInstance.name) == name).values(kind=kind, **values))


def forget_others(session: Session, names: Collection[str]) -> list[str]:
    """Forget what was known of every other instance: they left the settings. Their names."""
    query = select(ArrInstance.name).where(col(ArrInstance.name).not_in(names))
    gone = list(session.exec(query.order_by(col(ArrInstance.name))).all())
    for name in gone:
        for table in (ArrFile, ArrWish):
            session.exec(delete(table).where(col(table.instance) == name))
        session.exec(delete(ArrInstance).where(col(ArrInstance.name) == name))
    return gone


def _portions(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[first : first + AT_ONCE] for first in range(0, len(ids), AT_ONCE))
