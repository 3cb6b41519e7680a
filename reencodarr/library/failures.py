"""What went wrong with a video, and whether that still stands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, true, update
from sqlmodel import Session, col

from reencodarr.errors import Category, ReencodarrError, Stage
from reencodarr.library.tables import Failure, now


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What went wrong."""

    stage: Stage
    """Where the video was."""
    category: Category
    code: str
    message: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """The failures of one cause, or of several: a word that is left empty fits all."""

    stage: str = ""
    category: str = ""
    code: str = ""

    @property
    def condition(self) -> ColumnElement[bool]:
        """What their rows have in common."""
        wanted = ((Failure.stage, self.stage), (Failure.category, self.category), (Failure.code, self.code))
        return and_(true(), *(col(column) == word for column, word in wanted if word))


def record(
    session: Session,
    video_id: int,
    error: BaseException,
    *,
    stage: Stage | None = None,
    context: dict[str, Any] | None = None,
    attempt: int = 0,
) -> None:
    """Keep a failure. `stage` is where the video was; without it, where the error says it belongs.

    An error that nobody foresaw is kept as `unknown`, under the name of its class.
    """
    if isinstance(error, ReencodarrError):
        where, category, code = stage or error.stage, error.category, error.code
        message, advice = _words(error), error.advice
    else:
        where, category, code = stage or Stage.SETUP, Category.UNKNOWN, "unknown"
        message, advice = f"{type(error).__name__}: {error}", ""
    keep(
        session,
        video_id,
        Cause(stage=where, category=category, code=code, message=message, advice=advice),
        context=context or {},
        attempt=attempt,
    )


def keep(session: Session, video_id: int, cause: Cause, *, context: Mapping[str, Any], attempt: int) -> None:
    """Keep a failure that is told in words, as other machines do."""
    session.add(
        Failure(
            video_id=video_id,
            stage=cause.stage.value,
            category=cause.category.value,
            code=cause.code,
            message=cause.message,
            advice=cause.advice,
            context=json.dumps(dict(context), default=str),
            attempt=attempt,
        )
    )


def resolve(session: Session, video_id: int, stage: Stage | None = None) -> int:
    """Close the open failures of a stage, or all of a video; how many there were."""
    still_open = (col(Failure.video_id) == video_id) & col(Failure.resolved_at).is_(None)
    if stage is not None:
        still_open &= col(Failure.stage) == stage.value
    return session.exec(update(Failure).where(still_open).values(resolved_at=now())).rowcount


def _words(error: ReencodarrError) -> str:
    """What happened without the advice, which has a column of its own; some errors say more than their message."""
    said = str(error)
    return said.removesuffix(error.advice).rstrip() if error.advice else said
