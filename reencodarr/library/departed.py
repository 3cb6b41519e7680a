"""Films that a complete scan did not find: tombstones for what is gone, the brake when it is too much to be true.

A film counts as gone only when the system says that nothing is at its path. A folder that cannot be listed, a disk
that answers with errors: none of these makes films go.
"""

import logging
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, func, select

from reencodarr.encoding.plan import LeaveReason
from reencodarr.errors import StateConflict, TooManyGone
from reencodarr.library import database, roots, transitions, videos
from reencodarr.library.states import State
from reencodarr.library.tables import Library, Video, VideoState
from reencodarr.library.walk import Filter

log = logging.getLogger(__name__)

ALWAYS_ALLOWED = 3
"""Films that may always go, so that the owner of a few can delete some: a share of so few says nothing."""
BATCH = 200
_WAITING = (State.NEEDS_ANALYSIS, State.ANALYZED, State.CRF_SEARCHED, State.ENCODED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A known film that the scan did not come upon."""

    video_id: int
    path: Path
    state: State


def allowed(known: int, limit: float) -> int:
    """How many of `known` films may be gone before the brake takes hold: `limit` of them, but always three."""
    return max(ALWAYS_ALLOWED, int(known * limit))


def bury(
    engine: Engine, library: Library, chosen: Filter, *, within: Path, since: datetime, known: int, limit: float
) -> int:
    """Mark the films gone that a complete scan (begun at `since`) of `within` did not find; how many.

    Films that a pattern leaves out now are skipped instead, where they still wait for something.

    Raises TooManyGone; then nothing is marked.
    """
    gone: list[Unseen] = []
    left_out: list[Unseen] = []
    for film in _unseen(engine, library, within=within, since=since):
        if _is_gone(film.path):
            gone.append(film)
        elif film.state in _WAITING and not chosen.wants(film.path):
            left_out.append(film)
        if len(gone) > allowed(known, limit):
            raise TooManyGone(
                f"More than {allowed(known, limit)} of {known} known films are no longer below {within}, the first is"
                f" {gone[0].path}. That looks like a disk that is not mounted; nothing was forgotten.",
                path=within,
                advice="Mount it. If you deleted them, run once with REENCODARR_GONE_LIMIT=1.",
            )
    _skip(engine, left_out)
    return _tombstone(engine, gone)


def bury_named(engine: Engine, library: Library, video_ids: Sequence[int], *, limit: float) -> int:
    """Mark those of some films of a library gone whose files are no longer there; how many.

    Somebody else (a Sonarr or Radarr) says that they are gone: they are looked at one by one, and the brake is that of
    the whole library.

    Raises RootMissing, TooManyGone; then nothing is marked.
    """
    with database.session(engine, reads_only=True) as session:
        known = session.exec(select(func.count()).select_from(_living(library).subquery())).one()
        rows = [
            row
            for first in range(0, len(video_ids), BATCH)
            for row in session.exec(_living(library).where(col(Video.id).in_(video_ids[first : first + BATCH]))).all()
        ]
    films = [Unseen(video_id=video_id or 0, path=path, state=State(state)) for video_id, path, state in rows]
    gone = [film for film in films if _is_gone(film.path)]
    if gone:
        roots.check_mounted(library, known=known)
    if len(gone) > allowed(known, limit):
        raise TooManyGone(
            f"{len(gone)} of {known} known films are no longer in {library.path}, the first is {gone[0].path}. That"
            " looks like a disk that is not mounted; nothing was forgotten.",
            path=library.path,
            advice="Mount it. If you deleted them, run once with REENCODARR_GONE_LIMIT=1.",
        )
    return _tombstone(engine, gone)


def _unseen(engine: Engine, library: Library, *, within: Path, since: datetime) -> Iterator[Unseen]:
    """Films of the library that were not seen since; a film that is being swapped is seen by its swap."""
    last = 0
    query = _living(library).where(Video.seen_at < since)
    if within != library.path:
        query = query.where(videos.below(within))
    while True:
        with database.session(engine, reads_only=True) as session:
            rows = session.exec(query.where(col(Video.id) > last).order_by(col(Video.id)).limit(BATCH)).all()
        for video_id, path, state in rows:
            last = video_id or last
            yield Unseen(video_id=last, path=path, state=State(state))
        if len(rows) < BATCH:
            return


def _living(library: Library) -> Any:
    """Number, path and state of each of its films that is not gone and not being swapped."""
    swapping = (col(VideoState.state) == State.ENCODED.value) & (VideoState.claimed_by != "")
    return (
        select(Video.id, col(Video.path), VideoState.state)
        .join(VideoState, col(VideoState.video_id) == col(Video.id))
        .where(Video.library_id == library.id)
        .where(col(VideoState.state) != State.GONE.value, ~swapping)
    )


def _is_gone(path: Path) -> bool:
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        log.warning("%s cannot be looked at (%s); it stays known", path, error.strerror)
        return False
    # A link, or a way that leads through one, is a name that somebody put where the film was.
    return not stat.S_ISREG(status.st_mode) or os.path.realpath(path) != str(path)


def _tombstone(engine: Engine, gone: list[Unseen]) -> int:
    for start in range(0, len(gone), BATCH):
        with database.session(engine) as session:
            for film in gone[start : start + BATCH]:
                transitions.tombstone(session, film.video_id, "the scan no longer found it")
                log.info("%s is gone", film.path)
    return len(gone)


def _skip(engine: Engine, left_out: list[Unseen]) -> None:
    for start in range(0, len(left_out), BATCH):
        with database.session(engine) as session:
            for film in left_out[start : start + BATCH]:
                try:
                    transitions.move(
                        session,
                        film.video_id,
                        film.state,
                        State.SKIPPED,
                        attempt=None,
                        reason=LeaveReason.EXCLUDED.value,
                        note="a pattern leaves it out",
                    )
                except StateConflict:
                    log.info("%s is left out, but somebody works on it; the next scan looks again", film.path)
