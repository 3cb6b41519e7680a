"""Put a proven result in its original's place, under the journal.

prepared → staged → verified → (visible) → swapped → trashed → done. Until the visible step a failure leaves the film
untouched and nothing of ours; after it the swap can only be finished, here or by recovery at the next start.
"""

import dataclasses
import logging
import os
from pathlib import Path

from reencodarr.errors import (
    DatabaseError,
    FileUnreadable,
    OriginalChanged,
    ReencodarrError,
    ResultDamaged,
)
from reencodarr.progress import Progress, Report, silent
from reencodarr.swap import attributes, files, guard, identity, journal, receipts, recovery, trash, visible
from reencodarr.swap.order import JournalStore, Receipt, SwapOrder, SwapState
from reencodarr.tools import scratch
from reencodarr.units import Bytes

__all__ = ["Receipt", "commit"]

log = logging.getLogger(__name__)


def commit(order: SwapOrder, store: JournalStore, *, reserve: Bytes, report: Report = silent) -> Receipt:
    """Swap `order.result` in. At every moment the film is there, whole, and at the end its original is in the trash.

    The result stays where it is. `reserve` bytes stay free on the film's disk when the result must be copied there.
    Raises OriginalChanged, DestinationTaken, DestinationReadOnly, ResultDamaged, TrashUnavailable, NoSpace,
    DatabaseError and SwapError; the film is then as it was. Only an I/O error of the disk after the visible step
    leaves more: a journal, which `recovery` finishes.
    """
    if not order.folder.is_dir():
        raise OriginalChanged(f"The folder {order.folder} is gone.", path=order.original)
    with guard.named_failures(order.original), guard.alone_in(order.folder, wait=True):
        _preflight(order, reserve)
        try:
            not_kept = _prepared(order, store, reserve=reserve, report=report)
            _show(order)
        except BaseException:
            _abandon(order, store)
            raise
        return _finished(order, store, not_kept)


def _preflight(order: SwapOrder, reserve: Bytes) -> None:
    """Refuse early what cannot end well; at most the trash folder is made."""
    identity.require_original(order)
    guard.require_writable(order.folder, order.original)
    if not order.same_name and os.path.lexists(order.destination):
        raise visible.taken(order.destination)
    _require_result_size(order, order.result)
    if not _can_link_result(order):
        scratch.require_space(order.folder, order.result_size, reserve=reserve)
    trash.require_reachable(order)


def _prepared(order: SwapOrder, store: JournalStore, *, reserve: Bytes, report: Report) -> tuple[str, ...]:
    """Everything up to the visible step; the attributes that could not be kept."""
    journal.reach(order, SwapState.PREPARED, store)
    journal.write_label(order)
    not_kept = _stage(order, reserve, report)
    journal.reach(order, SwapState.STAGED, store)
    if not identity.is_result(order, order.part):
        raise ResultDamaged(
            f"The copy of the result for {order.original} differs from what was proven.",
            path=order.original,
            advice="The film was not touched. If it happens again, look at the disk.",
        )
    identity.require_original(order)
    journal.reach(order, SwapState.VERIFIED, store)
    return not_kept


def _stage(order: SwapOrder, reserve: Bytes, report: Report) -> tuple[str, ...]:
    """Bring the result beside the film, durably: by a link on the same filesystem, else by a copy."""
    if not _linked_result(order):
        scratch.require_space(order.folder, order.result_size, reserve=reserve)

        def progress(done: Bytes) -> None:
            share = done / order.result_size if order.result_size else 1.0
            report(Progress(stage="swap", label=order.original.name, fraction=share, detail="copying"))

        files.copy_durably(order.result, order.part, on_bytes=progress)
    not_kept = attributes.carry_over(order.original, order.part)
    files.fsync_file(order.part)
    files.fsync_directory(order.folder)
    if not_kept:
        log.warning("%s could not keep: %s", order.destination, ", ".join(not_kept))
    return not_kept


def _show(order: SwapOrder) -> None:
    def check(path: Path) -> None:
        identity.require_unchanged(order, path)

    check(order.original)
    if order.same_name:
        visible.show(order.part, order.original, order.trash, check=check)
    else:
        visible.show_elsewhere(order.part, order.original, order.destination, aside=order.trash, check=check)


def _finished(order: SwapOrder, store: JournalStore, not_kept: tuple[str, ...]) -> Receipt:
    """Everything after the visible step. A database or journal that fails now stops nothing."""
    journal.note(order, SwapState.SWAPPED, store)
    if os.path.lexists(order.part):
        files.move_aside(order.part, order.trash)
        files.fsync_directory(order.trash.parent)
        files.fsync_directory(order.folder)
    journal.note(order, SwapState.TRASHED, store)
    recorded = True
    try:
        store.record(order, SwapState.DONE)
        journal.close(order)
    except DatabaseError as error:
        log.warning("the database did not hear that the swap of %s is done: %s", order.original, error)
        recorded = False
    log.info("%s: %d bytes became %d", order.destination, order.fingerprint.size, order.result_size)
    return dataclasses.replace(receipts.of(order), not_kept=not_kept, recorded=recorded)


def _abandon(order: SwapOrder, store: JournalStore) -> None:
    """Take everything back. What cannot be taken back now keeps its journal for the next start."""
    try:
        recovery.settle(order, store, may_finish=False)
    except (OSError, ReencodarrError) as error:
        log.warning("the swap of %s stays open until the next start: %s", order.original, error)


def _require_result_size(order: SwapOrder, path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise FileUnreadable(f"The result {path} cannot be read: {error.strerror}.", path=path) from error
    if size != order.result_size:
        raise ResultDamaged(f"The result {path} has {size} bytes, not {order.result_size}.", path=order.original)


def _can_link_result(order: SwapOrder) -> bool:
    return files.same_mount(order.result.parent, order.folder)


def _linked_result(order: SwapOrder) -> bool:
    if not _can_link_result(order):
        return False
    try:
        files.link_no_overwrite(order.result, order.part)
    except OSError as error:
        if files.cannot_link(error):
            return False
        raise
    return True
