"""Files that a person called bad: what is to be replaced, how far that got, and how many were looked for today.

Every change is a compare-and-set on what was read, so that of two who work on one file only one goes on.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from reencodarr.errors import RemedyRefused, StateConflict
from reencodarr.library import arr_files
from reencodarr.library.notices import Step, steps_from, steps_text
from reencodarr.library.tables import ArrFile, BadFile, Video, now

A_DAY = timedelta(days=1)


class BadState(StrEnum):
    """How far the replacement of a bad file got."""

    REPORTED = "reported"
    """Nobody confirmed it; nothing is done."""
    CONFIRMED = "confirmed"
    """Being removed and looked for."""
    SEARCHING = "searching"
    """Gone there; another release is waited for."""
    REPLACED = "replaced"
    FAILED = "failed"
    DISMISSED = "dismissed"


OPEN = (BadState.CONFIRMED, BadState.SEARCHING)
"""States in which there is something to do."""
_DISMISSIBLE = frozenset({BadState.REPORTED, BadState.SEARCHING, BadState.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a person agreed to: exactly this file goes, and a replacement is known by these parts."""

    path: str
    """As the application sees it."""
    size: int
    parts: tuple[int, ...]
    """Episode ids; the movie's for Radarr."""
    others: tuple[int, ...] = ()
    """Ids of the title's other files: none of them is the replacement."""
    edition: str = ""
    grabbed: int = 0
    """The history's record of the grab that is to be blocked; 0: none is known."""
    download: str = ""
    redownloads: bool = False
    """Blocking makes it look for another release by itself."""


def report(session: Session, video_id: int, *, instance: str = "", reason: str) -> BadFile:
    """Note that a film is bad. Reported twice, it is one report with the newer reason. Does nothing to the file.

    Raises RemedyRefused where no Sonarr or Radarr knows it, or several and none is named.
    """
    file = _owner(session, video_id, instance)
    same = (col(BadFile.instance) == file.instance) & (col(BadFile.file_id) == file.file_id)
    unfinished = col(BadFile.state).in_([BadState.REPORTED.value, *OPEN])
    row = session.exec(select(BadFile).where(same, unfinished)).first()
    if row is None:
        row = BadFile(video_id=video_id, instance=file.instance, file_id=file.file_id, title_id=file.title_id)
    row.reason = reason
    session.add(row)
    session.flush()
    return row


def found(session: Session, bad_id: int) -> BadFile:
    """A report by its number.

    Raises RemedyRefused.
    """
    row = session.get(BadFile, bad_id)
    if row is None:
        raise RemedyRefused(f"There is no bad file {bad_id}.", advice="`reencodarr bad list` shows them.")
    return row


def listed(session: Session) -> list[tuple[BadFile, Path]]:
    """All reports with their films, newest first. Reads only."""
    query = select(BadFile, Video).join(Video, col(Video.id) == col(BadFile.video_id))
    return [(row, video.path) for row, video in session.exec(query.order_by(col(BadFile.id).desc())).all()]


def to_do(session: Session) -> list[int]:
    """Reports that were confirmed and are not at their end, oldest first. Reads only."""
    query = select(BadFile.id).where(col(BadFile.state).in_(OPEN)).order_by(col(BadFile.confirmed_at))
    return [one for one in session.exec(query).all() if one is not None]


def today(session: Session) -> int:
    """How many were confirmed in the last 24 hours. Reads only."""
    recent = col(BadFile.confirmed_at) > now() - A_DAY
    return session.exec(select(func.count()).select_from(BadFile).where(recent)).one()


def confirm(session: Session, row: BadFile, subject: Subject, *, most: int) -> None:
    """Note that a person agreed.

    Raises RemedyRefused when that was one too many today, StateConflict when it is not waiting for that.
    """
    if today(session) >= most:
        raise RemedyRefused(
            f"{most} replacements were asked for in the last 24 hours, which is the limit.",
            advice="Wait, or raise REENCODARR_ARR_SEARCHES_A_DAY.",
        )
    parts = json.dumps(asdict(subject))
    _set(session, row, state=BadState.CONFIRMED.value, parts=parts, confirmed_at=now(), ended_at=None)


def subject(row: BadFile) -> Subject:
    """What a person agreed to."""
    said = json.loads(row.parts)
    return Subject(**{**said, "parts": tuple(said["parts"]), "others": tuple(said["others"])})


def dismiss(session: Session, row: BadFile) -> None:
    """Let a report rest; what is done already stays done.

    Raises StateConflict while it is being removed, or when it is at its end.
    """
    if BadState(row.state) not in _DISMISSIBLE:
        raise StateConflict(f"Bad file {row.id} is {row.state}: there is nothing to dismiss.")
    _set(session, row, state=BadState.DISMISSED.value, ended_at=now())


def steps(row: BadFile) -> list[Step]:
    """What was done, oldest first."""
    return steps_from(row.steps)


def note(session: Session, row: BadFile, step: Step, *, state: BadState | None = None) -> None:
    """Keep a step, in place of the last one where that has the same name.

    Raises StateConflict when somebody else works on it.
    """
    done = steps(row)
    if done and done[-1].name == step.name:
        done = done[:-1]
    ended = {"ended_at": now()} if state in {BadState.REPLACED, BadState.FAILED} else {}
    _set(session, row, steps=steps_text([*done, step]), state=(state or BadState(row.state)).value, **ended)


def _set(session: Session, row: BadFile, **values: Any) -> None:
    same = (col(BadFile.id) == row.id) & (col(BadFile.state) == row.state) & (col(BadFile.steps) == row.steps)
    if session.exec(update(BadFile).where(same).values(**values)).rowcount != 1:
        raise StateConflict(f"Somebody else works on bad file {row.id}, which was {row.state}.")
    for name, value in values.items():
        setattr(row, name, value)


def _owner(session: Session, video_id: int, instance: str) -> ArrFile:
    """The file as the instance knows it that is to replace it."""
    known = {file.instance: file for file in arr_files.of_video(session, video_id)}
    chosen: Sequence[ArrFile] = [file for name, file in known.items() if instance in {"", name}]
    if len(chosen) == 1:
        return chosen[0]
    name = session.get_one(Video, video_id).path.name
    if chosen:
        raise RemedyRefused(f"{' and '.join(known)} know {name}.", advice="Say which with --instance.")
    said = f"{instance} does not know {name}." if instance else f"No Sonarr or Radarr knows {name}."
    raise RemedyRefused(said, advice="If one should, `reencodarr sync` asks them all.")
