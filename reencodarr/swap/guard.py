"""What surrounds every swap: one at a time in a folder, and an OSError leaves it as an error of our tree."""

import contextlib
import errno
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from reencodarr.errors import DestinationReadOnly, NoSpace, ReencodarrError, SwapError
from reencodarr.tools import platforms

log = logging.getLogger(__name__)

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


@contextlib.contextmanager
def alone_in(folder: Path, *, wait: bool) -> Iterator[bool]:
    """Hold a folder against other swaps and recoveries; yields False when another holds it and `wait` is not set.

    The lock is on the folder itself, so it leaves nothing behind and ends with its process. Where a filesystem
    or a system cannot lock folders (NFS, Windows) it is not taken, and the library's own lock must do. Raises OSError.
    """
    handle = platforms.here().folder_handle(folder)
    if handle is None:
        yield True
        return
    try:
        yield _locked(handle, folder, wait=wait)
    finally:
        os.close(handle)


def require_writable(folder: Path, film: Path) -> None:
    """Check that names in a film's folder can be changed. Reads only.

    Raises DestinationReadOnly.
    """
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DestinationReadOnly(
            f"{folder} cannot be written.", path=film, advice="Give Reencodarr write access to the film's folder."
        )


@contextlib.contextmanager
def named_failures(film: Path) -> Iterator[None]:
    """Turn an OSError into NoSpace, DestinationReadOnly or SwapError about `film`."""
    try:
        yield
    except OSError as error:
        raise named(error, film) from error


def named(error: OSError, film: Path) -> ReencodarrError:
    """The error of our tree that an OSError during a swap of `film` means."""
    place = error.filename2 or error.filename or film.parent
    if error.errno in _FULL:
        return NoSpace(f"The disk of {film} is full.", path=film, advice="Make room; the next run goes on from here.")
    if error.errno in _FORBIDDEN:
        return DestinationReadOnly(
            f"{place} cannot be written: {error.strerror}.",
            path=film,
            advice="Give Reencodarr write access to the film's folder.",
        )
    return SwapError(f"The swap of {film} failed at {place}: {error.strerror}.", path=film)


def _locked(handle: int, folder: Path, *, wait: bool) -> bool:
    try:
        if not platforms.here().try_lock(handle):
            if not wait:
                return False
            log.info("waiting for another swap in %s", folder)
            platforms.here().wait_for_lock(handle)
    except OSError as error:
        log.debug("%s cannot be locked: %s", folder, error.strerror)
    return True
