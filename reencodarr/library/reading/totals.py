"""Sums over a library: bytes saved, honestly."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select, type_coerce
from sqlalchemy.orm import Session

from reencodarr.library import tables
from reencodarr.library.reading.rows import encodes, ledger, newest, searches, standing, states, table, videos
from reencodarr.library.states import State
from reencodarr.units import Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """Bytes saved. `freed` is on the disk today; the rest is a promise of growing uncertainty."""

    freed: Bytes
    """Original minus result, over the swaps whose original has left the trash."""
    pending: Bytes
    """Original minus result, over the swaps whose original is still in the trash."""
    trash: Bytes
    """What the originals in the trash occupy."""
    next_expiry: datetime | None
    """When the first of them may leave."""
    projected: Bytes
    """What films that are searched or encoded, but not replaced, will save, if they do as the films before them."""
    projected_videos: int
    replaced_videos: int
    bytes_before: Bytes
    """Of all standing swaps, freed or pending."""


def savings(session: Session, *, library: int | None = None) -> Savings:
    """What was saved and what is in sight, from the ledger. Reads only."""
    done = session.execute(_done(library)).one()
    waiting = session.execute(_waiting(library)).one()
    return Savings(
        freed=Bytes(int(done.saved - done.pending)),
        pending=Bytes(int(done.pending)),
        trash=Bytes(int(done.trash)),
        next_expiry=done.next_expiry,
        projected=Bytes(int(waiting.encoded) + int(float(waiting.predicted) * _fulfilment(session))),
        projected_videos=waiting.number,
        replaced_videos=done.number,
        bytes_before=Bytes(int(done.before)),
    )


def _total(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(value), 0)


def _done(library: int | None) -> Select[Any]:
    """Sums over standing swaps; one is in the trash until the ledger has its `freed` entry."""
    swaps = table(tables.SwapRow)
    entries = standing()
    freed = ledger.alias()
    gone = select(freed.c.id).where(freed.c.swap_id == entries.c.swap_id, freed.c.kind == "freed").exists()
    saved = entries.c.bytes_before - entries.c.bytes_after
    expiry = type_coerce(case((gone, None), else_=swaps.c.keep_until), tables.UtcDateTime())
    query = (
        select(
            _total(saved).label("saved"),
            _total(entries.c.bytes_before).label("before"),
            _total(case((gone, 0), else_=saved)).label("pending"),
            _total(case((gone, 0), else_=entries.c.bytes_before)).label("trash"),
            func.min(expiry).label("next_expiry"),
            func.count(func.distinct(entries.c.video_id)).label("number"),
        )
        .select_from(entries)
        .outerjoin(swaps, swaps.c.id == entries.c.swap_id)
    )
    if library is not None:
        query = query.join(videos, videos.c.id == entries.c.video_id).where(videos.c.library_id == library)
    return query


def _waiting(library: int | None) -> Select[Any]:
    """Expected savings of films between search and swap: measured where encoded, else predicted."""
    is_encoded = and_(states.c.state == State.ENCODED.value, encodes.c.id.is_not(None))
    measured = case((is_encoded, encodes.c.source_size - encodes.c.size), else_=0)
    predicted = case((is_encoded, 0), else_=videos.c.size * (1 - searches.c.percent / 100))
    states_between = [State.CRF_SEARCHED.value, State.ENCODING.value, State.ENCODED.value]
    query = (
        select(_total(measured).label("encoded"), _total(predicted).label("predicted"), func.count().label("number"))
        .select_from(states.join(videos, videos.c.id == states.c.video_id))
        .join(searches, searches.c.id == newest(searches))
        .outerjoin(encodes, encodes.c.id == newest(encodes))
        .where(states.c.state.in_(states_between))
    )
    return query if library is None else query.where(videos.c.library_id == library)


def _fulfilment(session: Session) -> float:
    """Saved bytes per predicted byte over all finished films; 1 before the first.

    A search predicts the video only. What audio and container add to a file shows in the films that are done.
    """
    entries = standing()
    predicted = entries.c.bytes_before * (1 - searches.c.percent / 100)
    found = session.execute(
        select(_total(entries.c.bytes_before - entries.c.bytes_after), _total(predicted))
        .select_from(entries.join(videos, videos.c.id == entries.c.video_id))
        .join(searches, searches.c.id == newest(searches))
    ).one()
    return float(found[0]) / float(found[1]) if found[0] > 0 and found[1] > 0 else 1.0
