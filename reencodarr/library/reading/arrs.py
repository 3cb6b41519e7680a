"""What is known of each Sonarr and Radarr, and which series or movie a film belongs to there. Reads only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from reencodarr.library import tables
from reencodarr.library.reading.rows import table

_instances = table(tables.ArrInstance)
_files = table(tables.ArrFile)
_wishes = table(tables.ArrWish)
_notices = table(tables.ArrNotice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A folder of theirs with files that we cannot see."""

    folder: str
    files: int
    words: str
    """What is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arr:
    """A Sonarr or Radarr, as the last sync left it."""

    name: str
    kind: str
    """`sonarr` or `radarr`."""
    version: str
    synced_at: datetime | None
    words: str
    """How the last sync ended."""
    failing: bool
    webhook: str
    """Empty while unknown; `registered`, `missing` or `foreign`."""
    webhook_at: datetime | None
    unseen: tuple[Unseen, ...]
    files: int
    """On its books."""
    films: int
    """Of these, films in our libraries."""
    wishes: int
    """Titles that are to be looked at again."""
    untold: int
    """Swaps that it has still to be told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A series or movie that a film belongs to."""

    instance: str
    title: str
    slug: str
    """What its page is called there; empty while unknown."""


def arrs(session: Session) -> tuple[Arr, ...]:
    """Every Sonarr and Radarr that was ever synced or called, by name. Reads only."""
    files = _counted(session, _files, func.count())
    films = _counted(session, _files, func.count(_files.c.video_id))
    wishes = _counted(session, _wishes, func.count())
    untold = _counted(session, _notices, func.count(), _notices.c.state == "waiting")
    return tuple(
        Arr(
            name=row["name"],
            kind=row["kind"],
            version=row["version"],
            synced_at=row["synced_at"],
            words=row["sync_words"],
            failing=row["failing"],
            webhook=row["webhook"],
            webhook_at=row["webhook_at"],
            unseen=_unseen(row["unmapped"]),
            files=files.get(row["name"], 0),
            films=films.get(row["name"], 0),
            wishes=wishes.get(row["name"], 0),
            untold=untold.get(row["name"], 0),
        )
        for row in session.execute(select(_instances).order_by(_instances.c.name)).mappings()
    )


def listed(session: Session, video: int) -> tuple[Listed, ...]:
    """The series and movies that a film belongs to, by instance. Reads only."""
    query = select(_files.c.instance, _files.c.title, _files.c.slug).where(_files.c.video_id == video).distinct()
    found = session.execute(query.order_by(_files.c.instance, _files.c.title)).tuples()
    return tuple(Listed(instance=instance, title=title, slug=slug) for instance, title, slug in found)


def _counted(session: Session, of: Any, what: Any, *which: ColumnElement[bool]) -> Mapping[str, int]:
    query = select(of.c.instance, what).where(*which).group_by(of.c.instance)
    return dict(session.execute(query).tuples().all())


def _unseen(text: str) -> tuple[Unseen, ...]:
    """What a sync wrote; nothing where another version wrote it in other words."""
    try:
        return tuple(
            Unseen(folder=str(one["folder"]), files=int(one["files"]), words=str(one["words"]))
            for one in json.loads(text or "[]")
        )
    except (ValueError, TypeError, KeyError):
        return ()
