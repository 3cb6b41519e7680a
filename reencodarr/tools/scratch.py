"""Scratch space: folders of our own that may be deleted without a thought, because nothing in them is an original.

A folder is named after the work that made it and locked while that work lives, so that leftovers of a killed
run are told from folders in use. Together with `swap.files` this is the only module that deletes files.
"""

import errno
import fcntl
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reencodarr.errors import NoSpace, SettingsError
from reencodarr.units import GIB, MIB, Bytes

log = logging.getLogger(__name__)

PREFIX = "reencodarr-"
_LOCK = ".lock"
_BEING_MADE = 60.0
"""A folder without a lock that is younger than this many seconds may be about to get one."""


@contextmanager
def folder(parent: Path, work: str) -> Iterator[Path]:
    """A folder below `parent` that is deleted at the end, whatever happens inside.

    Raises SettingsError when `parent` cannot be made or written.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{work}-", dir=parent))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise NoSpace(f"The scratch folder {parent} is full.", path=parent) from error
        raise SettingsError(
            f"The scratch folder {parent} cannot be written: {error.strerror}.",
            path=parent,
            advice="Set REENCODARR_SCRATCH_DIR to a folder with room.",
        ) from error
    lock = os.open(path / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def leftovers(parent: Path) -> list[Path]:
    """Scratch folders whose work is dead. Reads only."""
    return [path for path in sorted(parent.glob(f"{PREFIX}*")) if path.is_dir() and not _in_use(path)]


def sweep(parent: Path) -> Bytes:
    """Delete leftovers; the bytes freed. May be repeated safely."""
    freed = 0
    for path in leftovers(parent):
        freed += sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        shutil.rmtree(path, ignore_errors=True)
        log.info("deleted leftover scratch folder %s", path)
    return Bytes(freed)


def require_space(path: Path, needed: Bytes, *, reserve: Bytes = Bytes(GIB // 2)) -> None:
    """Check that `needed` bytes fit on the filesystem of `path` and leave the reserve.

    Raises NoSpace.
    """
    free = shutil.disk_usage(path).free
    if free < needed + reserve:
        raise NoSpace(
            f"{path} has {free // MIB} MiB free; {(needed + reserve) // MIB} MiB are needed.",
            path=path,
            advice="Make room; the next run goes on from here.",
        )


def _in_use(path: Path) -> bool:
    try:
        lock = os.open(path / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        return path.stat().st_mtime > time.time() - _BEING_MADE
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False
