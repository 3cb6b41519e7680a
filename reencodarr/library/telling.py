"""What a person was told of, and when: each topic is told by one of several who want to tell it at once."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from reencodarr.library.tables import Told


def when(session: Session, topic: str) -> datetime | None:
    """When a topic was last told; None for never. Reads only."""
    row = session.get(Told, topic)
    return None if row is None else row.told_at


def claim(session: Session, topic: str, before: datetime | None, moment: datetime) -> bool:
    """Note that a topic is told at `moment`, if it was last told at `before`; False when somebody else was faster."""
    if before is not None:
        same = (col(Told.topic) == topic) & (col(Told.told_at) == before)
        return session.exec(update(Told).where(same).values(told_at=moment)).rowcount == 1
    try:
        with session.begin_nested():
            session.add(Told(topic=topic, told_at=moment))
    except IntegrityError:
        return False
    return True


def take_back(session: Session, topic: str, before: datetime | None, moment: datetime) -> None:
    """Note that what was claimed for `moment` was not told after all."""
    same = (col(Told.topic) == topic) & (col(Told.told_at) == moment)
    if before is None:
        session.exec(delete(Told).where(same))
    else:
        session.exec(update(Told).where(same).values(told_at=before))
