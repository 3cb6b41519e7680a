"""Put an original back from the trash, by the same discipline as the swap: journalled, checked, never both or none."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from reencodarr.errors import DatabaseError, ReencodarrError, UndoRefused
from reencodarr.swap import files, guard, identity, journal, recovery, visible
from reencodarr.swap.order import JournalStore, SwapOrder, SwapState
from reencodarr.units import Bytes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """An original that is back."""

    swap_id: str
    original: Path
    bytes_more: Bytes
    """What the disk has more because the result is gone; the original was there all the time."""


def undo(order: SwapOrder, store: JournalStore) -> Undone:
    """Give the original its name back and delete the result.

    Reads the whole film first, because only our own result may be taken away. Raises UndoRefused, DestinationTaken,
    NoSpace, DestinationReadOnly, DatabaseError and SwapError; the film is then as it was.
    """
    if not order.folder.is_dir():
        raise UndoRefused(
            f"The folder {order.folder} is gone.", path=order.original, advice=f"The original lies in {order.trash}."
        )
    with guard.named_failures(order.original), guard.alone_in(order.folder, wait=True):
        stamp = _preflight(order)
        links = os.lstat(order.destination).st_nlink
        try:
            journal.reach(order, SwapState.UNDOING, store)
            _show(order, stamp)
        except BaseException:
            _abandon(order, store)
            raise
        _finished(order, store, stamp)
    return Undone(
        swap_id=order.swap_id,
        original=order.original,
        bytes_more=Bytes(order.result_size if links == 1 else 0),
    )


def _preflight(order: SwapOrder) -> tuple[int, ...]:
    """What tells the result from any later file, once it was read whole and found to be ours."""
    if os.path.lexists(order.journal):
        raise UndoRefused(
            f"The swap of {order.original} is still open.", path=order.original, advice="Run once more to recover it."
        )
    if not os.path.lexists(order.trash):
        raise UndoRefused(
            f"The original of {order.destination} is not in the trash any more: it expired or was deleted.",
            path=order.destination,
        )
    if not identity.is_original(order, order.trash):
        raise UndoRefused(f"{order.trash} is not the original that was put there.", path=order.destination)
    stamp = _stamp(order, order.destination)
    if not identity.is_result(order, order.destination) or stamp != _stamp(order, order.destination):
        raise _not_ours(order)
    if not order.same_name and os.path.lexists(order.original):
        raise visible.taken(order.original)
    return stamp


def _show(order: SwapOrder, stamp: tuple[int, ...]) -> None:
    def check(path: Path) -> None:
        _require_result(order, path, stamp)

    check(order.destination)
    if order.same_name:
        visible.show(order.trash, order.original, order.part, check=check)
    else:
        visible.show_elsewhere(order.trash, order.destination, order.original, aside=order.part, check=check)


def _finished(order: SwapOrder, store: JournalStore, stamp: tuple[int, ...]) -> None:
    """The original is back and durable; what is left under one of our two names is the result."""
    for path in (order.part, order.trash):
        if os.path.lexists(path):
            _require_result(order, path, stamp)
            files.discard(path)
    files.fsync_directory(order.trash.parent)
    journal.drop_label(order)
    try:
        store.record(order, SwapState.UNDONE)
    except DatabaseError as error:
        log.warning("the database did not hear that %s is back: %s", order.original, error)
    else:
        journal.close(order)
    log.info("%s is the original again", order.original)


def _stamp(order: SwapOrder, path: Path) -> tuple[int, ...]:
    try:
        status = os.lstat(path)
    except FileNotFoundError as error:
        raise _not_ours(order) from error
    return (status.st_mode, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _require_result(order: SwapOrder, path: Path, stamp: tuple[int, ...]) -> None:
    if _stamp(order, path) != stamp:
        raise _not_ours(order)


def _not_ours(order: SwapOrder) -> UndoRefused:
    return UndoRefused(
        f"{order.destination} is not the film that was put there: it was replaced, changed or deleted since.",
        path=order.destination,
        advice=f"It was left as it is; the original lies in {order.trash}.",
    )


def _abandon(order: SwapOrder, store: JournalStore) -> None:
    try:
        recovery.settle(order, store, state=SwapState.UNDOING)
    except (OSError, ReencodarrError) as error:
        log.warning("the undo of %s stays open until the next start: %s", order.original, error)
