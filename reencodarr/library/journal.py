"""The database's side of the swap journal: how far each swap got. The file beside the film is the other side.

It satisfies the port that the swap room declares, without knowing that room: an order is anything with these fields.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Engine, exists
from sqlmodel import Session, col, select

from reencodarr.library import database
from reencodarr.library import videos as video_rows
from reencodarr.library.tables import LedgerEntry, SwapRow, Video, now
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.units import Bytes

log = logging.getLogger(__name__)

DONE = "done"
UNDONE = "undone"
CLOSED = frozenset({DONE, "rolled_back", UNDONE})
"""States in which a swap needs nothing more; the swap room's own `CLOSED`."""


class Order(Protocol):
    """What the journal needs to know of a swap's order."""

    @property
    def swap_id(self) -> str: ...
    @property
    def video_id(self) -> int: ...
    @property
    def batch(self) -> str: ...
    @property
    def original(self) -> Path: ...
    @property
    def destination(self) -> Path: ...
    @property
    def trash(self) -> Path: ...
    @property
    def fingerprint(self) -> Fingerprint: ...
    @property
    def result_size(self) -> Bytes: ...
    @property
    def keep_until(self) -> datetime: ...


class DatabaseJournal:
    """Keeps the states of swaps in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, order: Order, state: StrEnum) -> None:
        """Note how far a swap got. May be repeated safely.

        Raises DatabaseUnavailable.
        """
        with database.session(self._engine) as session:
            row = session.get(SwapRow, order.swap_id) or _first(session, order)
            if row is None:
                log.warning(
                    "swap %s: no film at %s is known; only the file journal has it", order.swap_id, order.original
                )
                return
            row.state, row.changed_at = state.value, now()
            session.add(row)


def rehome(session: Session, order: Order) -> None:
    """Note that a swap's film has another name by now, before that swap is undone under it. May be repeated safely."""
    row = session.get(SwapRow, order.swap_id)
    if row is not None and row.destination != order.destination:
        row.original, row.destination = order.original, order.destination
        row.document = TypeAdapter(type(order)).dump_json(order).decode()
        session.add(row)


def unsettled(session: Session) -> tuple[SwapRow, ...]:
    """Swaps that a crash left half done, on the disk or only here (closed, but not in the ledger); oldest first."""
    half_done = (
        col(SwapRow.state).not_in(CLOSED)
        | ((col(SwapRow.state) == DONE) & ~_in_ledger("replaced"))
        | ((col(SwapRow.state) == UNDONE) & ~_in_ledger("undone"))
    )
    return tuple(session.exec(select(SwapRow).where(half_done).order_by(col(SwapRow.started_at))).all())


def due(session: Session, moment: datetime) -> tuple[SwapRow, ...]:
    """Swaps whose original may leave the trash now, oldest first.

    Also rolled back ones: where an upgrade came in between, the old original may still be in the trash.
    """
    in_trash = col(SwapRow.state).in_(CLOSED - {UNDONE}) & ~_in_ledger("freed")
    expired = (col(SwapRow.keep_until) <= moment) & in_trash
    return tuple(session.exec(select(SwapRow).where(expired).order_by(col(SwapRow.started_at))).all())


def undoable(session: Session, *, videos: Sequence[int] | None = None, batch: str = "") -> tuple[SwapRow, ...]:
    """Swaps whose original is in the trash still, newest first: of these videos, of this run, or of all."""
    query = select(SwapRow).where(_kept()).order_by(col(SwapRow.started_at).desc())
    if batch:
        query = query.where(SwapRow.batch == batch)
    rows = session.exec(query).all()
    wanted = None if videos is None else frozenset(videos)
    return tuple(row for row in rows if wanted is None or row.video_id in wanted)


def _kept() -> ColumnElement[bool]:
    return (col(SwapRow.state) == DONE) & ~_in_ledger("freed")


def _in_ledger(kind: str) -> ColumnElement[bool]:
    return exists().where(col(LedgerEntry.swap_id) == col(SwapRow.id), col(LedgerEntry.kind) == kind)


def _first(session: Session, order: Order) -> SwapRow | None:
    """The row of a swap that the database hears of for the first time; None when it knows no such film.

    The number in an order found on a disk may be another database's; the film's name decides.
    """
    video = session.get(Video, order.video_id)
    if video is None or video.path not in (order.original, order.destination):
        video = video_rows.at(session, order.original) or video_rows.at(session, order.destination)
    if video is None or video.id is None:
        return None
    return SwapRow(
        id=order.swap_id,
        video_id=video.id,
        batch=order.batch,
        state="",
        original=order.original,
        destination=order.destination,
        trash=order.trash,
        document=TypeAdapter(type(order)).dump_json(order).decode(),
        size_before=order.fingerprint.size,
        size_after=order.result_size,
        keep_until=order.keep_until,
    )
