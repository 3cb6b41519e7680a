"""Where originals are kept, and their end.

An original moves into the trash by a rename, so the trash is on the film's own filesystem: at the library's root,
or as high below it as a rename reaches. Only `expire` ever deletes an original, and only there.
"""

import logging
import os
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reencodarr.errors import FileUnreadable, NoSpace, TrashUnavailable
from reencodarr.swap import files, guard, identity, journal
from reencodarr.swap.order import KEPT, TRASH, SwapOrder, SwapState
from reencodarr.units import Bytes

log = logging.getLogger(__name__)

_EXPIRING = frozenset({SwapState.TRASHED, SwapState.DONE, SwapState.ROLLED_BACK})
"""A rolled back swap has something in the trash only when somebody else replaced the film in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """What became of an original in the trash."""

    deleted: bool
    freed: Bytes = Bytes(0)
    """What the disk really has more; 0 while the file has another hard link."""
    reason: str = ""
    """Why it was kept, in words."""


def place(original: Path, root: Path, swap_id: str) -> Path:
    """Where an original will be kept; makes the folder. Both paths must be resolved. May be repeated safely.

    Raises TrashUnavailable.
    """
    if not original.is_relative_to(root):
        raise TrashUnavailable(f"{original} is not in the library {root}.", path=original)
    between = original.relative_to(root).parent.parts
    problems = []
    for depth in range(len(between) + 1):
        folder = root.joinpath(*between[:depth], *TRASH)
        try:
            if not _reaches(folder, original.parent):
                continue
        except OSError as error:
            problems.append(f"{error.filename}: {error.strerror}")
            continue
        return folder / f"{swap_id}{KEPT}"
    raise TrashUnavailable(
        f"No folder from {root} down to {original.parent} can keep the original. {'; '.join(problems)}".rstrip(),
        path=original,
        advice="Give Reencodarr write access to the library's root.",
    )


def require_reachable(order: SwapOrder) -> None:
    """Check that the original can be renamed to its place in the trash; makes the folder.

    Raises TrashUnavailable, OSError when the disk is full.
    """
    folder = order.trash.parent
    try:
        files.make_folder(folder)
        if not files.same_mount(folder, order.folder):
            raise TrashUnavailable(f"The trash {folder} is on another filesystem than the film.", path=order.original)
        if os.path.lexists(order.trash):
            raise TrashUnavailable(f"The trash already holds {order.trash}.", path=order.original)
    except OSError as error:
        if isinstance(guard.named(error, order.original), NoSpace):
            raise
        raise TrashUnavailable(f"The trash {folder} cannot be used: {error.strerror}.", path=order.original) from error


def expire(order: SwapOrder, state: SwapState, now: datetime, *, film: Path | None = None) -> Expiry:
    """Delete an original whose time is over. May be repeated safely.

    Only when the swap is closed, the film is there, and the file in the trash is the one that was put there; in
    every other case it is kept and the reason said. `film` is where the film is now, for one that was renamed since.
    Raises OSError.
    """
    if state not in _EXPIRING:
        return Expiry(deleted=False, reason=f"the swap is {state}")
    if now < order.keep_until:
        return Expiry(deleted=False, reason=f"it is kept until {order.keep_until:%Y-%m-%d %H:%M}")
    if film is None:
        film = order.original if state is SwapState.ROLLED_BACK else order.destination
    if not _is_film(film):
        return Expiry(deleted=False, reason=f"{film} is not there, and this may be its only copy")
    with guard.alone_in(film.parent, wait=False) as alone:
        if not alone or any(os.path.lexists(folder / order.journal.name) for folder in (order.folder, film.parent)):
            return Expiry(deleted=False, reason="a swap of the film is under way")
        return _deleted(order)


def _deleted(order: SwapOrder) -> Expiry:
    try:
        if not identity.is_original(order, order.trash):
            there = os.path.lexists(order.trash)
            return Expiry(deleted=False, reason="it is not the file that was put there" if there else "it is gone")
    except FileUnreadable as error:
        return Expiry(deleted=False, reason=str(error))
    status = os.lstat(order.trash)
    files.discard(order.trash)
    journal.drop_label(order)
    files.fsync_directory(order.trash.parent)
    freed = Bytes(status.st_size if status.st_nlink == 1 else 0)
    log.info("deleted %s, the original of %s: %d bytes freed", order.trash, order.destination, freed)
    return Expiry(deleted=True, freed=freed)


def _reaches(trash: Path, folder: Path) -> bool:
    """Make a trash folder, if files can be renamed from `folder` to it."""
    above = next(parent for parent in trash.parents if parent.exists())
    if not files.same_mount(above, folder):
        return False
    files.make_folder(trash)
    return os.access(trash, os.W_OK | os.X_OK) and files.same_mount(trash, folder)


def _is_film(path: Path) -> bool:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size > 0
