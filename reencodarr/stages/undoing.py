"""Undoing swaps: which ones, and what the database says afterwards."""

import logging
from collections.abc import Sequence
from pathlib import Path

from reencodarr.library import database, journal
from reencodarr.library.tables import Video
from reencodarr.stages import queue, settling
from reencodarr.stages.workplace import Workplace
from reencodarr.swap import journal as swap_journal
from reencodarr.swap import undo as swaps
from reencodarr.swap.order import SwapOrder

log = logging.getLogger(__name__)


def orders(workplace: Workplace, paths: Sequence[str], *, batch: str = "") -> list[SwapOrder]:
    """The swaps that can be undone: of the films below `paths`, or of a run; of each film the newest."""
    with database.session(workplace.database, reads_only=True) as session:
        videos = queue.below(session, paths) if paths else None
        newest = {row.video_id: row for row in reversed(journal.undoable(session, videos=videos, batch=batch))}
        films = {video_id: session.get_one(Video, video_id).path for video_id in newest}
    return [_under_its_name(swap_journal.order_from(row.document), films[row.video_id]) for row in newest.values()]


def undo(workplace: Workplace, order: SwapOrder) -> None:
    """Put one original back.

    Raises SwapError when the film is no longer our result or the original has left the trash.
    """
    with database.session(workplace.database) as session:
        journal.rehome(session, order)
    swaps.undo(order, journal.DatabaseJournal(workplace.database))
    with database.session(workplace.database) as session:
        settling.undone(session, order)
    log.info("%s is back", order.original)


def _under_its_name(order: SwapOrder, film: Path) -> SwapOrder:
    """The order for the name that the film has now: a Sonarr, a Radarr or a person may have renamed it."""
    renamed = film != order.destination and film.exists() and not order.destination.exists()
    return order.renamed(film) if renamed else order
