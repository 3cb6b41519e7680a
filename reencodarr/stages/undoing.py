"""Undoing swaps: which ones, and what the database says afterwards."""

import logging
from collections.abc import Sequence

from reencodarr.library import database, journal
from reencodarr.library import swaps as records
from reencodarr.stages import queue, settling
from reencodarr.stages.workplace import Workplace
from reencodarr.swap import journal as swap_journal
from reencodarr.swap import undo as swaps
from reencodarr.swap.order import SwapOrder

log = logging.getLogger(__name__)


def orders(workplace: Workplace, paths: Sequence[str], *, batch: str = "") -> list[SwapOrder]:
    """The swaps that can be undone: of the films below `paths`, or of a run; the newest of each film first."""
    with database.session(workplace.database, reads_only=True) as session:
        videos = queue.below(session, paths) if paths else None
        return [swap_journal.order_from(row.document) for row in records.undoable(session, videos=videos, batch=batch)]


def undo(workplace: Workplace, order: SwapOrder) -> None:
    """Put one original back.

    Raises SwapError when the film is no longer our result or the original has left the trash.
    """
    swaps.undo(order, journal.DatabaseJournal(workplace.database))
    with database.session(workplace.database) as session:
        settling.undone(session, order)
    log.info("%s is back", order.original)
