"""The file operations of a swap, each with its promise. With `tools.scratch` the only place that deletes or renames.

Nothing here can delete a visible name: `discard` and the source of `rename_over` take only names that we gave, and
every other move keeps all files. Each operation announces itself to Python's audit hooks before every system call
that changes something (event `reencodarr.swap` with step and path): tests listen there to kill the process, and an
owner could keep a log of it.
"""

import contextlib
import ctypes
import errno
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from reencodarr.swap.order import is_ours
from reencodarr.tools import platforms
from reencodarr.units import MIB, Bytes

BLOCK = 4 * MIB

_CANNOT = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EMLINK})
"""How a filesystem says that it does not know an operation (vfat and exFAT answer EPERM to a hard link)."""
_AGAIN = frozenset({errno.EAGAIN, errno.ESTALE, errno.EINTR})
_TRIES = 5

_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
"""A file that is not there yet, links included; Windows has neither flag's question but for bytes as they are."""
_AT_FDCWD = -100
_NO_REPLACE = 1
_EXCHANGE = 2
_renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None


def announce(step: str, path: Path) -> None:
    """Tell audit hooks what is about to happen; costs nothing without one."""
    sys.audit("reencodarr.swap", step, str(path))


def discard(path: Path) -> None:
    """Delete a file that only we can have made; nothing happens when it is gone. May be repeated safely.

    Raises ValueError for any other name, before touching it.
    """
    _require_ours(path)
    announce("discard", path)
    with contextlib.suppress(FileNotFoundError):
        _patiently(path.unlink)


def discard_second_name(path: Path, of: Path) -> bool:
    """Delete `path` if it is the same file as `of`, which therefore keeps its bytes; False when it is not."""
    if not same_inode(path, of):
        return False
    discard(path)
    return True


def rename_over(ours: Path, name: Path) -> None:
    """Give `ours` the name `name`; what had that name loses it in the same instant. Raises OSError."""
    _require_ours(ours)
    announce("rename over", name)
    _patiently(lambda: ours.replace(name))


def move_aside(name: Path, ours: Path) -> None:
    """Take whatever has `name` away under a name of ours that is free. Raises FileExistsError, OSError."""
    _require_ours(ours)
    announce("move aside", ours)
    if _rename_with(name, ours, _NO_REPLACE):
        return
    if os.path.lexists(ours):  # nobody but us gives such names, so nobody comes between
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(ours))
    _patiently(lambda: name.rename(ours))


def move_in(ours: Path, name: Path) -> None:
    """Give a file of ours a visible name that is free. Raises FileExistsError and leaves what is there, OSError.

    One atomic call where the kernel and the filesystem know RENAME_NOREPLACE; else a hard link and the removal of
    our name; else, where neither exists, a check and a rename with a moment between them.
    """
    _require_ours(ours)
    announce("move in", name)
    if _rename_with(ours, name, _NO_REPLACE):
        return
    try:
        link_no_overwrite(ours, name)
    except OSError as error:
        if not cannot_link(error):
            raise
        if os.path.lexists(name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(name)) from None
        announce("plain rename", name)
        _patiently(lambda: ours.rename(name))
        return
    fsync_directory(name.parent)
    discard(ours)


def exchange(ours: Path, name: Path) -> bool:
    """Let two files swap their names in one instant: neither name is ever missing and nothing is overwritten.

    False where the filesystem cannot (NFS, SMB, older kernels); then nothing happened. Raises OSError.
    """
    _require_ours(ours)
    announce("exchange", name)
    return _rename_with(ours, name, _EXCHANGE)


def link_no_overwrite(source: Path, target: Path) -> None:
    """Give a file a second name. Raises FileExistsError unless the name already is that file, OSError."""
    announce("link", target)
    try:
        _patiently(lambda: os.link(source, target, follow_symlinks=False))
    except FileExistsError:
        if not same_inode(source, target):  # else a network filesystem answered a repeated call
            raise


def cannot_link(error: OSError) -> bool:
    """Whether a hard link failed because there is no such thing here, or not between these two folders."""
    return error.errno in _CANNOT or error.errno == errno.EXDEV


def copy_durably(source: Path, target: Path, *, on_bytes: Callable[[Bytes], None]) -> str:
    """Copy into a new file, wait until the disk has it, and forget the cached pages; SHA-256 of what was read.

    A later read comes from the disk where the kernel heeds the advice. `on_bytes` hears how much is copied so far.
    Raises FileExistsError, OSError; the incomplete target then stays for the caller to discard.
    """
    digest = hashlib.sha256()
    done = 0
    announce("create", target)
    with source.open("rb") as reader, _created(target) as writer:
        while block := os.read(reader.fileno(), BLOCK):
            announce("write", target)
            _write_all(writer, block)
            digest.update(block)
            done += len(block)
            on_bytes(Bytes(done))
        announce("fsync", target)
        os.fsync(writer)
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(writer, 0, 0, os.POSIX_FADV_DONTNEED)
    return digest.hexdigest()


def write_durably(path: Path, data: bytes) -> None:
    """Write a small file of ours whole or not at all: under another name, fsynced, renamed, folder fsynced."""
    _require_ours(path)
    unfinished = path.with_name(path.name + ".new")
    discard(unfinished)
    announce("create", unfinished)
    with _created(unfinished) as writer:
        announce("write", unfinished)
        _write_all(writer, data)
        os.fsync(writer)
    rename_over(unfinished, path)
    fsync_directory(path.parent)


def fsync_file(path: Path) -> None:
    """Wait until the disk has a file's bytes and attributes. Raises OSError."""
    announce("fsync", path)
    platforms.here().sync(path)


def fsync_directory(path: Path) -> None:
    """Wait until the disk has a folder's names. Filesystems that cannot are taken at their word. Raises OSError."""
    announce("fsync folder", path)
    try:
        platforms.here().sync(path)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise


def make_folder(path: Path) -> None:
    """Make a folder and its parents and wait until the disk has them. May be repeated safely. Raises OSError."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    if missing:
        announce("make folder", path)
        path.mkdir(parents=True, exist_ok=True)
        for folder in missing:
            fsync_directory(folder.parent)


def same_inode(one: Path, other: Path) -> bool:
    """Whether two names are one file; False when either is missing."""
    try:
        first, second = os.lstat(one), os.lstat(other)
    except FileNotFoundError:
        return False
    return (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)


def same_mount(one: Path, other: Path) -> bool:
    """Whether files can be renamed between two folders. Changes nothing.

    Device numbers are not enough: two bind mounts of one disk share them and still refuse. So the kernel is asked
    to rename a file that is not there: Linux looks at the mounts before it looks for the file.
    """
    if one.stat().st_dev != other.stat().st_dev:
        return False
    nobody = f"{os.getpid()}-{time.monotonic_ns()}.nobody"
    try:
        (one / nobody).rename(other / nobody)
    except OSError as error:
        return error.errno != errno.EXDEV
    return True  # it cannot exist


def _require_ours(path: Path) -> None:
    if not is_ours(path):
        raise ValueError(f"{path} is not a name that Reencodarr gives; it is never deleted or renamed over another.")


def _rename_with(source: Path, target: Path, flag: int) -> bool:
    """One renameat2; False when the kernel or the filesystem does not know the flag."""
    if _renameat2 is None:
        return False

    def call() -> None:
        if _renameat2(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), flag) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(source), None, str(target))

    try:
        _patiently(call)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP):
            return False
        raise
    return True


def _patiently(call: Callable[[], object]) -> None:
    """Repeat what network filesystems refuse for a moment only."""
    for attempt in range(_TRIES):
        try:
            call()
            return
        except OSError as error:
            if error.errno not in _AGAIN or attempt == _TRIES - 1:
                raise
            time.sleep(0.1 * 2**attempt)


@contextlib.contextmanager
def _created(path: Path) -> Iterator[int]:
    handle = os.open(path, _NEW, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
