"""Which videos a person wants left alone. What becomes of their states is the stages' part."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, delete, true
from sqlmodel import Session, col, select

from reencodarr.library.failures import Which
from reencodarr.library.tables import Exclusion


def keep(session: Session, video_id: int, cause: Which) -> None:
    """Note that a video is to be left alone, and for which cause. May be repeated safely."""
    session.merge(Exclusion(video_id=video_id, stage=cause.stage, category=cause.category, code=cause.code))


def drop(session: Session, video_id: int) -> bool:
    """Forget that a video is to be left alone; False when it was not."""
    return session.exec(delete(Exclusion).where(col(Exclusion.video_id) == video_id)).rowcount == 1


def among(session: Session, video_ids: Collection[int]) -> frozenset[int]:
    """Those of some videos that are to be left alone. Reads only."""
    query = select(Exclusion.video_id).where(col(Exclusion.video_id).in_(video_ids))
    return frozenset(session.exec(query).all())


def caused_by(session: Session, cause: Which) -> Sequence[int]:
    """The videos that are left alone for this cause. Reads only."""
    return session.exec(select(Exclusion.video_id).where(_is(cause)).order_by(col(Exclusion.video_id))).all()


def _is(cause: Which) -> ColumnElement[bool]:
    wanted = ((Exclusion.stage, cause.stage), (Exclusion.category, cause.category), (Exclusion.code, cause.code))
    return and_(true(), *(col(column) == word for column, word in wanted if word))
