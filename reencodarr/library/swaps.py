"""Which swaps need something: settling after a crash, expiry, or a chance to be undone. Reads only."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, col, select

from reencodarr.library.journal import CLOSED
from reencodarr.library.tables import LedgerEntry, SwapRow


def unsettled(session: Session) -> tuple[SwapRow, ...]:
    """Swaps that a crash left half done, or done without an entry in the ledger; oldest first."""
    opened = col(SwapRow.state).not_in(CLOSED)
    unwritten = (col(SwapRow.state) == "done") & ~_entered("replaced")
    return tuple(session.exec(select(SwapRow).where(opened | unwritten).order_by(col(SwapRow.started_at))).all())


def due(session: Session, moment: datetime) -> tuple[SwapRow, ...]:
    """Swaps whose original's time in the trash is over."""
    query = select(SwapRow).where(
        col(SwapRow.state).in_(CLOSED - {"undone"}), col(SwapRow.keep_until) <= moment, ~_entered("freed")
    )
    return tuple(session.exec(query.order_by(col(SwapRow.keep_until))).all())


def undoable(session: Session, *, videos: Sequence[int] | None = None, batch: str = "") -> tuple[SwapRow, ...]:
    """Swaps whose original is still in the trash: the newest of each video; of a run, of some videos, or of all."""
    query = select(SwapRow).where(SwapRow.state == "done", ~_entered("freed"))
    if batch:
        query = query.where(SwapRow.batch == batch)
    wanted = None if videos is None else frozenset(videos)
    newest: dict[int, SwapRow] = {}
    for row in session.exec(query.order_by(col(SwapRow.started_at))).all():
        if wanted is None or row.video_id in wanted:
            newest[row.video_id] = row
    return tuple(newest.values())


def _entered(kind: str) -> ColumnElement[bool]:
    """Whether the ledger has such an entry about the swap."""
    return exists().where(col(LedgerEntry.swap_id) == col(SwapRow.id), col(LedgerEntry.kind) == kind)
