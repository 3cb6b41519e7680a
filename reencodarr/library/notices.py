"""What Sonarr and Radarr have to be told after a swap or its undo: noted together with it, done later, with each step.

A notice says that a film's file is another one now; what that file is, is looked up when the notice is done. So one
that is done twice does no harm, and one that was lost half way is simply done again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import update
from sqlmodel import Session, col, select

from reencodarr.errors import ReplacementMissing, SidecarMissing, Stage
from reencodarr.library import arr_files, failures
from reencodarr.library.failures import Which
from reencodarr.library.tables import ArrNotice, BadFile, Failure, now

LEASE = timedelta(minutes=30)
"""How long a notice that somebody works on is left to them; longer than a rescan is waited for."""
PAUSES = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 3 * 60, 6 * 60, 12 * 60, 24 * 60)
)  # fmt: skip
"""Before each further try: about two days in all, for one that is switched off over a weekend's night or two."""

_ACKNOWLEDGED = (SidecarMissing.code, ReplacementMissing.code)
"""Failures that only a person can end."""


class NoticeState(StrEnum):
    """How far a notice got."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    """Given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that was done about a notice or a bad file."""

    name: str
    words: str
    at: str
    names: tuple[str, ...] = ()
    """Files beside the film, where the step is about them."""

    @classmethod
    def taken(cls, name: str, words: str, names: tuple[str, ...] = ()) -> Self:
        """One that is taken now."""
        return cls(name=name, words=words, at=now().isoformat(timespec="seconds"), names=names)


def write(session: Session, video_id: int, swap_id: str) -> int:
    """Note that a swap is to be told to every instance that knows the film; how many. May be repeated safely."""
    known = set(session.exec(select(ArrNotice.instance).where(ArrNotice.swap_id == swap_id)).all())
    newest = {file.instance: file for file in arr_files.of_video(session, video_id)}
    missing = [file for name, file in newest.items() if name not in known]
    session.add_all(
        ArrNotice(
            swap_id=swap_id, video_id=video_id, instance=file.instance, file_id=file.file_id, title_id=file.title_id
        )
        for file in missing
    )
    return len(missing)


def write_again(session: Session, video_id: int, swap_id: str) -> None:
    """Note that a swap was undone: the file is another one once more. May be repeated safely."""
    write(session, video_id, swap_id)
    session.flush()
    session.exec(update(ArrNotice).where(col(ArrNotice.swap_id) == swap_id).values(**_anew()))


def due(session: Session, moment: datetime) -> tuple[ArrNotice, ...]:
    """Notices that are to be done now, oldest first. Reads only."""
    waiting = col(ArrNotice.state) == NoticeState.WAITING.value
    query = select(ArrNotice).where(waiting, col(ArrNotice.due_at) <= moment).order_by(col(ArrNotice.id))
    return tuple(session.exec(query).all())


def claim(session: Session, row: ArrNotice, moment: datetime) -> bool:
    """Take a notice for `LEASE`; False when somebody else was faster."""
    same = (col(ArrNotice.id) == row.id) & (col(ArrNotice.due_at) == row.due_at)
    free = same & (col(ArrNotice.state) == NoticeState.WAITING.value)
    values = {"due_at": moment + LEASE, "tries": row.tries + 1}
    return session.exec(update(ArrNotice).where(free).values(**values)).rowcount == 1


def steps(row: ArrNotice) -> list[Step]:
    """What was done about a notice, oldest first."""
    return steps_from(row.steps)


def steps_from(text: str) -> list[Step]:
    """Steps as `steps_text` wrote them."""
    return [Step(**{**one, "names": tuple(one.get("names", ()))}) for one in json.loads(text or "[]")]


def steps_text(done: Sequence[Step]) -> str:
    """Steps as they are kept."""
    return json.dumps(
        [
            {"name": one.name, "words": one.words, "at": one.at} | ({"names": one.names} if one.names else {})
            for one in done
        ]
    )


def note(session: Session, notice_id: int, step: Step, *, file_id: int | None = None) -> None:
    """Keep what was done about a notice, and the file's number where that is another one now."""
    row = session.get_one(ArrNotice, notice_id)
    row.steps, row.words = steps_text([*steps(row), step]), step.words
    row.file_id = file_id or row.file_id
    session.add(row)


def finish(session: Session, notice_id: int, words: str) -> None:
    """End a notice well; earlier failures to do it do not stand any more."""
    row = session.get_one(ArrNotice, notice_id)
    row.state, row.words, row.ended_at = NoticeState.DONE.value, words, now()
    session.add(row)
    _resolve(session, col(Failure.video_id) == row.video_id, col(Failure.code).not_in(_ACKNOWLEDGED))


def put_off(session: Session, notice_id: int, words: str) -> bool:
    """Do a notice again after a pause, each longer than the one before; False when it was the last try."""
    row = session.get_one(ArrNotice, notice_id)
    if row.state != NoticeState.WAITING.value:
        return True
    row.words, again = words, row.tries <= len(PAUSES)
    if again:
        row.due_at = now() + PAUSES[row.tries - 1]
    else:
        row.state, row.ended_at = NoticeState.FAILED.value, now()
    session.add(row)
    return again


def give_back(session: Session, notice_id: int) -> None:
    """End a claim as if it had never been: whoever held it was told to stop."""
    row = session.get_one(ArrNotice, notice_id)
    row.due_at, row.tries = now(), row.tries - 1
    session.add(row)


def retry(session: Session, which: Which) -> int:
    """Do again what was given up, for all films with an open failure of this cause; how many films.

    A failure that only a person can end (a missing sidecar, a bad file without a replacement) is acknowledged by this.
    """
    ours = col(Failure.video_id).in_(select(ArrNotice.video_id)) | col(Failure.video_id).in_(select(BadFile.video_id))
    still_open = (col(Failure.stage) == Stage.SYNC.value) & col(Failure.resolved_at).is_(None)
    query = select(Failure.video_id).where(which.condition, still_open, ours)
    videos = set(session.exec(query).all())
    for video_id in videos:
        given_up = (col(ArrNotice.video_id) == video_id) & (col(ArrNotice.state) == NoticeState.FAILED.value)
        session.exec(update(ArrNotice).where(given_up).values(**_anew()))
        failures.resolve(session, video_id, Stage.SYNC)
    return len(videos)


def _anew() -> dict[str, Any]:
    return {"state": NoticeState.WAITING.value, "tries": 0, "due_at": now(), "ended_at": None}


def _resolve(session: Session, *which: Any) -> None:
    still_open = (col(Failure.stage) == Stage.SYNC.value) & col(Failure.resolved_at).is_(None)
    session.exec(update(Failure).where(still_open, *which).values(resolved_at=now()))
