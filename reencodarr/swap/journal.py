"""The journal of a swap: a small hidden file beside the film, and the database's row behind its port.

The file is what recovery trusts; the database knows where to look. The same text is the label in the trash.
"""

import contextlib
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from reencodarr.errors import DatabaseError, SwapError
from reencodarr.swap import files
from reencodarr.swap.order import HIDDEN, TRASH, JournalStore, SwapOrder, SwapState

log = logging.getLogger(__name__)

UNFINISHED = ".new"
_NAME = re.compile(re.escape(HIDDEN) + r"[0-9a-f]{32}\.json(\.new)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a journal file says."""

    order: SwapOrder
    state: SwapState


_ENTRY = TypeAdapter(Entry)
_ORDER = TypeAdapter(SwapOrder)


def text(entry: Entry) -> bytes:
    """The journal file's content."""
    return _ENTRY.dump_json(entry, indent=1)


def parsed(data: bytes) -> Entry:
    """The entry of a journal file's content. Raises ValueError."""
    return _ENTRY.validate_json(data)


def order_text(order: SwapOrder) -> str:
    """An order as JSON, for the database; holds any path a filesystem allows."""
    return _ORDER.dump_json(order).decode()


def order_from(document: str) -> SwapOrder:
    """The order that `order_text` wrote. Raises ValueError."""
    return _ORDER.validate_json(document)


def read(path: Path) -> Entry:
    """The entry in a journal file or trash label. Raises FileNotFoundError, OSError, SwapError when it is damaged."""
    try:
        return parsed(path.read_bytes())
    except ValidationError as error:
        raise SwapError(
            f"The journal {path} is damaged.",
            path=path,
            advice="Nothing was touched. Look for the film and its original in the folder and in the trash.",
        ) from error


def reach(order: SwapOrder, state: SwapState, store: JournalStore) -> None:
    """Note a state beside the film and in the database; both must know before the next step.

    Raises OSError, DatabaseError.
    """
    if state is SwapState.PREPARED:  # the database first: it must know of every file that we make
        store.record(order, state)
    files.write_durably(order.journal, text(Entry(order=order, state=state)))
    if state is not SwapState.PREPARED:
        store.record(order, state)
    log.info("swap %s of %s: %s", order.swap_id[:8], order.original.name, state)


def note(order: SwapOrder, state: SwapState, store: JournalStore) -> None:
    """Note a state after the visible step: a full disk or a database that fails then must stop nothing.

    Recovery needs only the journal as it was written before that step.
    """
    try:
        files.write_durably(order.journal, text(Entry(order=order, state=state)))
    except OSError as error:
        log.warning("the journal %s could not be brought to %s: %s", order.journal, state, error.strerror)
    try:
        store.record(order, state)
    except DatabaseError as error:
        log.warning("the database did not hear that %s is %s: %s", order.original, state, error)
    log.info("swap %s of %s: %s", order.swap_id[:8], order.original.name, state)


def write_label(order: SwapOrder) -> None:
    """Put the order beside the place of the original in the trash. Raises OSError."""
    files.write_durably(order.label, text(Entry(order=order, state=SwapState.DONE)))


def drop_label(order: SwapOrder) -> None:
    """Delete the label, once nothing lies beside it. May be repeated safely. Raises OSError."""
    if not os.path.lexists(order.trash):
        _drop(order.label)


def close(order: SwapOrder) -> None:
    """Delete the journal file. May be repeated safely. Raises OSError."""
    if order.folder.is_dir():
        _drop(order.journal)
        files.fsync_directory(order.folder)


def find(root: Path) -> Iterator[Path]:
    """Journal files below a root, those of killed first writes included. Reads only, follows no symlinks."""
    for folder, folders, names in os.walk(root):
        with contextlib.suppress(ValueError):
            folders.remove(TRASH[0])
        yield from (Path(folder, name) for name in names if _NAME.fullmatch(name))


def _drop(path: Path) -> None:
    files.discard(path.with_name(path.name + UNFINISHED))
    files.discard(path)
