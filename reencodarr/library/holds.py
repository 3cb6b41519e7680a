"""Which videos a person wants to rest: paused, or cancelled. Their states stay what they are.

A paused video rests where it is, in mid-work too; of a cancelled one the work under way ends without a result. Neither
is begun until it is resumed. Who sees to that is the stages' part, but for claims, which `transitions` refuses.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, delete, not_
from sqlmodel import Session, col, select

from reencodarr.library.tables import Hold, VideoState

PAUSED = "paused"
CANCELLED = "cancelled"


def keep(session: Session, video_id: int, kind: str) -> None:
    """Have a video rest; the last word counts. May be repeated safely."""
    session.merge(Hold(video_id=video_id, kind=kind))


def drop(session: Session, video_id: int) -> bool:
    """Let a video go on; False when it did not rest."""
    return session.exec(delete(Hold).where(col(Hold.video_id) == video_id)).rowcount == 1


def of(session: Session, video_id: int) -> str:
    """`PAUSED`, `CANCELLED`, or empty. Reads only."""
    return session.exec(select(Hold.kind).where(Hold.video_id == video_id)).first() or ""


def among(session: Session, video_ids: Collection[int]) -> frozenset[int]:
    """Those of some videos that rest. Reads only."""
    return frozenset(session.exec(select(Hold.video_id).where(col(Hold.video_id).in_(video_ids))).all())


def every(session: Session) -> Mapping[int, str]:
    """All videos that rest, and how. Reads only."""
    return dict(session.exec(select(Hold.video_id, Hold.kind).order_by(col(Hold.video_id))).all())


def none() -> ColumnElement[bool]:
    """Videos of an enclosing query over `VideoState` that do not rest."""
    return not_(select(Hold.video_id).where(col(Hold.video_id) == col(VideoState.video_id)).exists())
