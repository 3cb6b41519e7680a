"""What is to be looked at again in a Sonarr or Radarr: one wish a title, however many events ask for it.

A wish is a hint that something changed, never what changed. Losing one costs time: the next sync sees the same.
"""

from collections.abc import Sequence

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from reencodarr.library.tables import ArrWish, now

ALL = 0
"""In place of a title: the whole instance."""
_LONGEST_EVENT = 64


def wish(session: Session, instance: str, title_id: int, event: str, *, events: int = 1) -> bool:
    """Note that a title is to be looked at again, or with `ALL` the whole instance; False when that was known already.

    One statement, so that any number of events may come at once; `events` says how many this call stands for. A wish
    keeps its age.
    """
    made = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    said = event[:_LONGEST_EVENT]
    row = made(ArrWish).values(instance=instance, title_id=title_id, event=said, events=events, asked_at=now())
    upsert = row.on_conflict_do_update(
        index_elements=["instance", "title_id"], set_={"event": said, "events": col(ArrWish.events) + events}
    )
    known: int = session.execute(upsert.returning(col(ArrWish.events))).scalar_one()
    return known == events


def waiting(session: Session, limit: int) -> Sequence[ArrWish]:
    """The oldest wishes. Reads only."""
    query = select(ArrWish).order_by(col(ArrWish.asked_at), col(ArrWish.instance), col(ArrWish.title_id)).limit(limit)
    return session.exec(query).all()


def fulfilled(session: Session, wish: ArrWish) -> None:
    """Forget a wish, if nobody asked again since it was read: what changed after the look was not seen by it."""
    unchanged = (
        (col(ArrWish.instance) == wish.instance)
        & (col(ArrWish.title_id) == wish.title_id)
        & (col(ArrWish.asked_at) == wish.asked_at)
        & (col(ArrWish.events) == wish.events)
    )
    session.exec(delete(ArrWish).where(unchanged))
