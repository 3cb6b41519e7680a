"""Scratch space: folders of our own that may be deleted without a thought, because nothing in them is an original.

A folder is named after the work that made it and locked while that work lives, so that leftovers of a killed
run are told from folders in use. Together with `swap.files` this is the only module that deletes files.
"""

import contextlib
import errno
import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from reencodarr.errors import NoSpace, SettingsError
from reencodarr.tools import platforms
from reencodarr.units import GIB, MIB, Bytes

log = logging.getLogger(__name__)

PREFIX = "reencodarr-"
_LOCK = ".lock"
_MAKING = ".making"
"""Locked for the moment in which a folder is made and locked, or leftovers are judged: a sweep sees no half of it."""
_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def folder(parent: Path, work: str) -> Iterator[Path]:
    """A folder below `parent` that is deleted at the end, whatever happens inside.

    Raises SettingsError when `parent` cannot be made or written, NoSpace when a disk gets full, also inside.
    """
    with _named_failure(parent):
        path, lock = _locked_folder(parent, work)
    try:
        yield path
    except OSError as error:
        if error.errno in _FULL:
            place = Path(os.fsdecode(error.filename)) if error.filename else path
            raise NoSpace(f"The disk of {place} is full.", path=place, advice="Make room there.") from error
        raise
    finally:
        os.close(lock)  # First, because Windows deletes no open file; a sweep that comes between deletes the same.
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def private(work: str) -> Iterator[Path]:
    """A parent for scratch folders where this machine has none: in the system's temporary folder, gone at the end.

    Other users' folders there do not matter, and no sweep of that place takes this one.

    Raises SettingsError, NoSpace.
    """
    with _named_failure(Path(os.environ.get("TMPDIR") or os.environ.get("TEMP") or "/tmp")):
        place = tempfile.TemporaryDirectory(prefix=f"private-{PREFIX}{work}-", ignore_cleanup_errors=True)
    with place as path:
        yield Path(path)


def made(parent: Path) -> Path:
    """`parent`, which is there now.

    Raises SettingsError, NoSpace.
    """
    with _named_failure(parent):
        parent.mkdir(parents=True, exist_ok=True)
    return parent


def keep(file: Path, destination: Path) -> Path:
    """Move a file out of its scratch folder to `destination` on the same filesystem, where no sweep deletes it.

    Raises SettingsError, NoSpace.
    """
    with _named_failure(destination.parent):
        destination.parent.mkdir(parents=True, exist_ok=True)
        file.replace(destination)
    return destination


def kept(parent: Path) -> list[Path]:
    """The files that were kept in `parent`."""
    return [file for file in sorted(parent.iterdir()) if file.is_file()] if parent.is_dir() else []


def discard(files: Iterable[Path]) -> Bytes:
    """Delete kept files that nobody wants any more; the bytes freed. May be repeated safely, also by two at once."""
    freed = 0
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            size = file.stat().st_size
            file.unlink()
            freed += size
            log.info("discarded %s", file)
    return Bytes(freed)


def leftovers(parent: Path) -> list[Path]:
    """Scratch folders whose work is dead. Deletes nothing."""
    if not parent.is_dir():
        return []
    try:
        with _making(parent):
            return [path for path in sorted(parent.glob(f"{PREFIX}*")) if _is_leftover(path)]
    except OSError as error:
        log.warning("cannot look for leftovers in %s: %s", parent, error.strerror)
        return []


def sweep(parent: Path) -> Bytes:
    """Delete leftovers; the bytes freed. May be repeated safely."""
    freed = 0
    for path in leftovers(parent):
        before = _size(path)
        shutil.rmtree(path, ignore_errors=True)
        freed += before - _size(path)
        log.info("deleted leftover scratch folder %s (%d MiB)", path, before // MIB)
    return Bytes(freed)


def require_space(path: Path, needed: Bytes, *, reserve: Bytes = Bytes(GIB // 2)) -> None:
    """Check that `needed` bytes fit on the filesystem of `path`, which need not exist yet, and leave the reserve.

    Raises NoSpace.
    """
    there = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    free = shutil.disk_usage(there).free
    if free < needed + reserve:
        raise NoSpace(
            f"{path} has {free // MIB} MiB free; {(needed + reserve) // MIB} MiB are needed.",
            path=path,
            advice="Make room; the next run goes on from here.",
        )


@contextmanager
def _named_failure(parent: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoSpace(f"The scratch folder {parent} is full.", path=parent, advice="Make room there.") from error
        raise SettingsError(
            f"The scratch folder {parent} cannot be written: {error.strerror}.",
            path=parent,
            advice="Set REENCODARR_SCRATCH_DIR to a folder with room.",
        ) from error


def _locked_folder(parent: Path, work: str) -> tuple[Path, int]:
    parent.mkdir(parents=True, exist_ok=True)
    with _making(parent):
        path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{work}-", dir=parent))
        try:
            lock = os.open(path / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
            platforms.here().try_lock(lock)
        except OSError:
            shutil.rmtree(path, ignore_errors=True)
            raise
    return path, lock


@contextmanager
def _making(parent: Path) -> Iterator[None]:
    lock = os.open(parent / _MAKING, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        platforms.here().wait_for_lock(lock)
        yield
    finally:
        os.close(lock)


def _is_leftover(path: Path) -> bool:
    if path.is_symlink() or not path.is_dir():
        return False
    try:
        lock = os.open(path / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        return True
    except OSError:  # It belongs to another user.
        return False
    try:
        return platforms.here().try_lock(lock)
    finally:
        os.close(lock)


def _size(path: Path) -> int:
    total = 0
    for folder_path, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(folder_path, name).lstat().st_size
    return total
