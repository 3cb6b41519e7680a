"""Folders: whether they can be written, have room, and can do what a safe swap wants. Leaves nothing behind."""

import contextlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

import psutil

from reencodarr.tools import checks
from reencodarr.tools.checks import Check
from reencodarr.units import GIB, Bytes

_HIDDEN = ".reencodarr-doctor-"
_NETWORK = {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ncpfs", "glusterfs"}
_NOT_OURS = (".", "@", "#", "$", "lost+found", "System Volume")
"""Beginnings of names of folders that systems keep in the root of a disk."""
_LISTED = 3


def writable(name: str, folder: Path, *, advice: str) -> Check:
    """Whether a file can be made in `folder`, or in the nearest folder above it that is there."""
    there = existing(folder)
    try:
        with tempfile.TemporaryFile(dir=there, prefix=_HIDDEN):
            pass
    except OSError as error:
        return checks.failed(name, f"{there}: {error.strerror}", advice=advice)
    return checks.ok(name, f"{folder}{'' if there == folder else ' (will be made)'}, {filesystem(there)}")


def room(name: str, folder: Path, *, reserve: Bytes) -> Check:
    """Whether the filesystem has more room than must stay free."""
    free = shutil.disk_usage(existing(folder)).free
    words = f"{free / GIB:.1f} GiB free"
    if free <= reserve:
        return checks.failed(
            name,
            f"{words}; {reserve / GIB:.1f} GiB must stay free",
            advice="Make room on that disk, or set REENCODARR_RESERVE_BYTES to less.",
        )
    return checks.ok(name, words)


def library(path: Path) -> Check:
    """Whether a library is there and can be read and written, its folders one level down as well."""
    name = "library"
    try:
        _read(path)
    except FileNotFoundError:
        return checks.failed(name, "is not there", advice="Check the name; mount the disk.")
    except OSError as error:
        return checks.failed(name, f"cannot be read: {error.strerror}", advice="Give this user the right to read it.")
    advice = "Results cannot take the place of films: give this user the right to write there."
    folder = home(path)
    found = writable(name, folder, advice=advice)
    closed = _closed_folders(folder)
    if found.state is checks.State.OK and closed:
        shown = ", ".join(str(one.relative_to(folder)) for one in closed[:_LISTED])
        return checks.warning(name, f"{len(closed)} folders in it cannot be written: {shown}", advice=advice)
    return found


def _read(path: Path) -> None:
    """List a folder, or read of a file; raises OSError when that cannot be."""
    if stat.S_ISDIR(path.stat().st_mode):
        with os.scandir(path) as entries:
            next(entries, None)
    else:
        with path.open("rb") as film:
            film.read(1)


def hard_links(path: Path) -> Check:
    """Whether a file may have two names, so that a swap never leaves a moment without the film."""
    name = "hard links"
    try:
        with tempfile.TemporaryDirectory(dir=home(path), prefix=_HIDDEN) as made:
            one, two = Path(made) / "one", Path(made) / "two"
            one.touch()
            two.hardlink_to(one)
            names = one.stat().st_nlink
    except OSError as error:
        advice = "Swaps work without them: originals are renamed aside, and the journal covers the moment between."
        return checks.warning(name, f"not possible: {error.strerror}", advice=advice)
    if names < 2:
        advice = "This filesystem hides hard links, so films that have them cannot be told; exclude such films."
        return checks.warning(name, "are made but not counted", advice=advice)
    return checks.ok(name, "possible")


def trash(path: Path) -> Check:
    """Whether an original can be moved into a folder of ours at the library's root without a copy."""
    folder, name = home(path), "trash"
    advice = "Originals are kept on their own filesystem: give this user the right to write to the library's root."
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=_HIDDEN) as made:
            handle, original = tempfile.mkstemp(dir=folder, prefix=_HIDDEN)
            os.close(handle)
            try:
                Path(original).rename(Path(made) / "original")
            except OSError:
                Path(original).unlink()
                raise
    except OSError as error:
        return checks.failed(name, f"not possible: {error.strerror}", advice=advice)
    return checks.ok(name, "originals can be kept on their own filesystem")


def distance(path: Path, scratch: Path) -> Check:
    """Whether results reach the library by a rename or by a copy."""
    same = home(path).stat().st_dev == existing(scratch).stat().st_dev
    words = (
        "on its filesystem" if same else "on another filesystem: results are copied and need room on both for a while"
    )
    return checks.ok("scratch", words)


def database_home(folder: Path) -> Check:
    """Whether a SQLite database may live in `folder`: it locks by shared memory, which networks do not have."""
    kind = filesystem(existing(folder))
    if kind in _NETWORK:
        return checks.warning(
            "database folder",
            f"{folder} is on {kind}, a network filesystem, where SQLite may be damaged",
            advice="Set REENCODARR_DATA_DIR to a folder on a local disk, or use PostgreSQL.",
        )
    return checks.ok("database folder", f"{folder} ({kind})")


def filesystem(folder: Path) -> str:
    """The type of the filesystem that `folder` is on, as the system names it."""
    resolved = folder.resolve()
    mounts = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    for place in (resolved, *resolved.parents):
        if place in mounts:
            return mounts[place] or "unknown filesystem"
    return "unknown filesystem"


def existing(folder: Path) -> Path:
    """The folder itself, or the nearest above it that is there."""
    absolute = folder.absolute()
    return next(place for place in (absolute, *absolute.parents) if place.is_dir())


def home(path: Path) -> Path:
    """The folder that a library or a single film lies in."""
    return path if path.is_dir() else path.absolute().parent


def _closed_folders(folder: Path) -> list[Path]:
    closed: list[Path] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            theirs = entry.name.startswith(_NOT_OURS) or not entry.is_dir(follow_symlinks=False)
            if not theirs and not os.access(entry.path, os.W_OK | os.X_OK):
                closed.append(Path(entry.path))
    return sorted(closed)
