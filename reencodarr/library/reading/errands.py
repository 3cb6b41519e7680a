"""What a Sonarr or Radarr has still to be told of swaps, and the bad files that one is to replace. Reads only."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from reencodarr.library import tables
from reencodarr.library.reading.rows import shown, table, videos

MOST = 200
"""Rows of each kind that are told: the newest."""

_notices = table(tables.ArrNotice)
_bad = table(tables.BadFile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A swap that an instance does not know of yet."""

    instance: str
    film: str
    """The film's name, safe to show."""
    given_up: bool
    """It is told only when a person asks for that."""
    tries: int
    due_at: datetime
    """When it is told, or told again."""
    words: str
    """What happened last; empty before the first try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """A file that a person called bad."""

    number: int
    instance: str
    film: str
    """The film's name, safe to show."""
    state: str
    reason: str
    step: str
    """What happened last; empty before anything did."""
    reported_at: datetime


def notices(session: Session) -> tuple[Notice, ...]:
    """Swaps that wait to be told, and those that were given up, newest first. Reads only."""
    query = select(_notices, videos.c.path).join(videos, videos.c.id == _notices.c.video_id)
    open_ = query.where(_notices.c.state.in_(["waiting", "failed"]))
    return tuple(
        Notice(
            instance=row["instance"],
            film=shown(row["path"].name),
            given_up=row["state"] == "failed",
            tries=row["tries"],
            due_at=row["due_at"],
            words=row["words"],
        )
        for row in session.execute(open_.order_by(_notices.c.id.desc()).limit(MOST)).mappings()
    )


def bad_files(session: Session) -> tuple[Bad, ...]:
    """Bad files that were not dismissed, newest first. Reads only."""
    query = select(_bad, videos.c.path).join(videos, videos.c.id == _bad.c.video_id)
    standing = query.where(_bad.c.state != "dismissed")
    return tuple(
        Bad(
            number=row["id"],
            instance=row["instance"],
            film=shown(row["path"].name),
            state=row["state"],
            reason=row["reason"],
            step=_last(row["steps"]),
            reported_at=row["reported_at"],
        )
        for row in session.execute(standing.order_by(_bad.c.id.desc()).limit(MOST)).mappings()
    )


def _last(steps: str) -> str:
    """The last step; nothing where another version wrote it in other words."""
    try:
        *_, step = json.loads(steps or "[]")
        return f"{step['name']}: {step['words']}"
    except (ValueError, TypeError, KeyError):
        return ""
