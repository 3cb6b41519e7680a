"""Is a file the original, or the result, of a swap? Asked with all the strictness that the moment allows."""

import os
import stat
from pathlib import Path

from reencodarr.errors import FileUnreadable, OriginalChanged
from reencodarr.media import fingerprint as fingerprints
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.swap.order import SwapOrder


def require_original(order: SwapOrder) -> Fingerprint:
    """The original's fingerprint now, if it is the regular file that was analysed, by inode, times and samples.

    Raises OriginalChanged.
    """
    require_unchanged(order, order.original)
    try:
        found = fingerprints.fingerprint(order.original)
    except FileUnreadable as error:
        raise _changed(order, "cannot be read any more") from error
    if not found.same_file(order.fingerprint):
        raise _changed(order, "was changed since it was analysed")
    return found


def require_unchanged(order: SwapOrder, path: Path) -> None:
    """Check by one look at inode, size and mtime that `path` is the analysed original. Raises OriginalChanged."""
    try:
        status = os.lstat(path)
    except FileNotFoundError as error:
        raise _changed(order, "was deleted or renamed since it was analysed") from error
    if stat.S_ISLNK(status.st_mode):
        raise _changed(order, "is a symlink; its target must be ordered instead")
    if not stat.S_ISREG(status.st_mode):
        raise _changed(order, "is not a regular file")
    now = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    then = order.fingerprint
    if now != (then.device, then.inode, then.size, then.mtime_ns):
        raise _changed(order, "was replaced or changed since it was analysed")


def is_original(order: SwapOrder, path: Path) -> bool:
    """Whether `path` has the original's size, mtime and samples.

    Inode and device are left out: after a crash or weeks later the disk may have been mounted anew, and not every
    filesystem keeps them. Raises FileUnreadable.
    """
    if not _regular_of_size(path, order.fingerprint.size):
        return False
    found = fingerprints.fingerprint(path)
    return (found.mtime_ns, found.sparse_hash) == (order.fingerprint.mtime_ns, order.fingerprint.sparse_hash)


def is_result(order: SwapOrder, path: Path) -> bool:
    """Whether `path` has the result's size and SHA-256; reads all of it. Raises FileUnreadable."""
    return _regular_of_size(path, order.result_size) and fingerprints.sha256(path) == order.result_sha256


def _regular_of_size(path: Path, size: int) -> bool:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size == size


def _changed(order: SwapOrder, what: str) -> OriginalChanged:
    return OriginalChanged(
        f"{order.original} {what}.", path=order.original, advice="It was left as it is; the next scan sees it anew."
    )
