"""Put right what a crash left: every open swap is finished or rolled back, by what lies on the disk.

May itself be killed at any point and repeated. One swap that cannot be put right is named and does not stop the
others.
"""

import dataclasses
import functools
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from reencodarr.errors import FileUnreadable, SwapError
from reencodarr.swap import files, guard, identity, journal, receipts
from reencodarr.swap.order import CLOSED, JournalStore, Receipt, SwapOrder, SwapState
from reencodarr.swap.sight import Act, Outcome, Sight, Thing, verdict

log = logging.getLogger(__name__)

_CLOSING = {
    Outcome.FINISHED: SwapState.DONE,
    Outcome.ROLLED_BACK: SwapState.ROLLED_BACK,
    Outcome.UNDONE: SwapState.UNDONE,
    Outcome.UNDO_DROPPED: SwapState.DONE,
}
_CLOSED = {
    SwapState.DONE: Outcome.FINISHED,
    SwapState.ROLLED_BACK: Outcome.ROLLED_BACK,
    SwapState.UNDONE: Outcome.UNDONE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What became of one open swap."""

    journal: Path
    order: SwapOrder | None
    """None when the journal says none: it is damaged, or was never finished."""
    outcome: Outcome
    words: str = ""
    receipt: Receipt | None = None
    """Of a finished swap whose film is still there: what `commit` would have returned."""


def find_journals(root: Path) -> Iterator[Path]:
    """Journals of open swaps below a library's root. Reads only; costs one walk over the folders."""
    return journal.find(root)


def recover(journals: Iterable[Path], store: JournalStore) -> tuple[Recovered, ...]:
    """Finish or roll back the swaps of these journal files. May be repeated safely.

    Raises DatabaseError, with the disk put right and the journal kept.
    """
    return tuple(_guarded(path, functools.partial(_recover_file, path, store)) for path in journals)


def recover_order(order: SwapOrder, state: SwapState, store: JournalStore) -> Recovered:
    """Finish or roll back a swap that the database knows as open. May be repeated safely.

    For a closed one without a journal only the receipt is made, for a ledger that missed it.

    Raises DatabaseError, with the disk put right and the journal kept.
    """
    return _guarded(order.journal, functools.partial(_alone, order, state, store))


def settle(
    order: SwapOrder, store: JournalStore, *, state: SwapState = SwapState.PREPARED, may_finish: bool = True
) -> Recovered:
    """Put one swap right; the caller holds the folder. `state` counts where no journal file tells a later one.

    With `may_finish=False` an invisible result is taken back, and a visible one is left to the next start.
    Raises OSError, SwapError, FileUnreadable, DatabaseError.
    """
    if os.path.lexists(order.journal):
        state = journal.read(order.journal).state
    found = verdict(look(order, state), may_finish=may_finish)
    if found.outcome is Outcome.STUCK or (found.outcome is Outcome.FINISHED and not may_finish):
        return _stuck(order, found.words or "the result is visible, but the disk reported an error")
    for act in found.acts:
        _perform(act, order)
    if found.outcome is not Outcome.FINISHED:
        journal.drop_label(order)
    store.record(order, _CLOSING[found.outcome])
    journal.close(order)
    log.info("recovered the swap of %s: %s %s", order.original, found.outcome, found.words)
    return _closed(order, found.outcome, found.words)


def look(order: SwapOrder, state: SwapState) -> Sight:
    """What lies under the swap's names. Reads only; may read a whole film. Raises FileUnreadable, OSError."""
    return Sight(
        original=_thing(order, order.original),
        destination=_thing(order, order.destination),
        part=_thing(order, order.part),
        trash=_thing(order, order.trash),
        same_name=order.same_name,
        state=state,
    )


def _thing(order: SwapOrder, path: Path) -> Thing:
    if not os.path.lexists(path):
        return Thing.NOTHING
    if identity.is_original(order, path):
        return Thing.ORIGINAL
    return Thing.RESULT if identity.is_result(order, path) else Thing.OTHER


def _guarded(path: Path, work: Callable[[], Recovered]) -> Recovered:
    """One swap's trouble stays its own."""
    try:
        return work()
    except (OSError, SwapError, FileUnreadable) as error:
        log.warning("the swap of %s cannot be put right now: %s", path, error)
        return Recovered(journal=path, order=None, outcome=Outcome.STUCK, words=str(error))


def _recover_file(path: Path, store: JournalStore) -> Recovered:
    if path.name.endswith(journal.UNFINISHED):
        return _recover_unfinished(path, store)
    entry = journal.read(path)
    order = entry.order
    if path.parent != order.folder:
        if order.folder.exists():
            return _stuck(order, f"the journal {path} belongs to {order.folder}")
        order = moved(order, path.parent)
    return _alone(order, entry.state, store)


def _recover_unfinished(path: Path, store: JournalStore) -> Recovered:
    """A journal that was never finished was the first, so nothing else exists; else the finished one tells."""
    finished = path.with_name(path.name.removesuffix(journal.UNFINISHED))
    if finished.exists():
        return _recover_file(finished, store)
    with guard.alone_in(path.parent, wait=False) as alone:
        if not alone:
            return Recovered(journal=path, order=None, outcome=Outcome.STUCK, words="another process works on it")
        files.discard(path)
    return Recovered(journal=path, order=None, outcome=Outcome.ROLLED_BACK)


def moved(order: SwapOrder, folder: Path) -> SwapOrder:
    """The order after somebody renamed the film's folder."""
    return dataclasses.replace(
        order, original=folder / order.original.name, destination=folder / order.destination.name
    )


def _alone(order: SwapOrder, state: SwapState, store: JournalStore) -> Recovered:
    if not order.folder.is_dir():
        return _stuck(order, f"the folder {order.folder} is not there")
    with guard.alone_in(order.folder, wait=False) as alone:
        if not alone:
            return _stuck(order, "another process works on it")
        if state in CLOSED and not os.path.lexists(order.journal):
            return _closed(order, _CLOSED[state])
        return settle(order, store, state=state)


def _closed(order: SwapOrder, outcome: Outcome, words: str = "") -> Recovered:
    there = outcome is Outcome.FINISHED and order.destination.is_file()
    return Recovered(
        journal=order.journal,
        order=order,
        outcome=outcome,
        words=words,
        receipt=receipts.of(order) if there else None,
    )


def _stuck(order: SwapOrder, words: str) -> Recovered:
    log.warning("the swap of %s was left alone: %s", order.original, words)
    return Recovered(journal=order.journal, order=order, outcome=Outcome.STUCK, words=words)


def _perform(act: Act, order: SwapOrder) -> None:
    """One act, durable before the next."""
    part, trash, original, destination = order.part, order.trash, order.original, order.destination
    acts: dict[Act, Callable[[], object]] = {
        Act.PART_TO_DESTINATION: lambda: files.move_in(part, destination),
        Act.PART_TO_ORIGINAL: lambda: files.move_in(part, original),
        Act.PART_TO_TRASH: lambda: files.move_aside(part, trash),
        Act.TRASH_TO_ORIGINAL: lambda: files.move_in(trash, original),
        Act.EXCHANGE_PART: lambda: files.exchange(part, original),
        Act.EXCHANGE_TRASH: lambda: files.exchange(trash, original),
        Act.DESTINATION_TO_PART: lambda: files.move_aside(destination, part),
        Act.DISCARD_PART: lambda: files.discard(part),
        Act.DISCARD_TRASH: lambda: files.discard(trash),
        Act.DISCARD_TRASH_LINK: lambda: files.discard_second_name(trash, original),
        Act.DISCARD_PART_LINK: lambda: files.discard_second_name(part, destination),
    }
    acts[act]()
    for folder in (order.folder, trash.parent):
        if folder.is_dir():
            files.fsync_directory(folder)
