"""What a film's file has beside its bytes: owner, mode, extended attributes (ACLs are among them) and times."""

import os
import stat
from pathlib import Path

from reencodarr.swap.files import announce


def carry_over(original: Path, result: Path) -> tuple[str, ...]:
    """Give `result` what `original` has; what could not be given, in words.

    The owner comes first, because changing it clears mode bits; the times come last, because the rest changes them.
    Raises OSError only when the original cannot be looked at.
    """
    status = original.lstat()
    announce("attributes", result)
    return (
        *_owner(status, result),
        *_mode(status, result),
        *_extended(original, result),
        *_times(status, result),
    )


def _owner(status: os.stat_result, result: Path) -> tuple[str, ...]:
    missing = []
    for uid, gid, words in (
        (status.st_uid, -1, f"owner {status.st_uid}"),
        (-1, status.st_gid, f"group {status.st_gid}"),
    ):
        try:
            os.chown(result, uid, gid)
        except OSError as error:
            missing.append(f"{words} ({error.strerror})")
    return tuple(missing)


def _mode(status: os.stat_result, result: Path) -> tuple[str, ...]:
    mode = stat.S_IMODE(status.st_mode)
    try:
        result.chmod(mode)
    except OSError as error:
        return (f"mode {mode:o} ({error.strerror})",)
    return ()


def _extended(original: Path, result: Path) -> tuple[str, ...]:
    if not hasattr(os, "listxattr"):
        return ()
    try:
        names = os.listxattr(original)
    except OSError:
        return ()  # a filesystem without extended attributes has none to lose
    missing = []
    for name in names:
        try:
            os.setxattr(result, name, os.getxattr(original, name))
        except OSError as error:
            missing.append(f"attribute {name} ({error.strerror})")
    return tuple(missing)


def _times(status: os.stat_result, result: Path) -> tuple[str, ...]:
    try:
        os.utime(result, ns=(status.st_atime_ns, status.st_mtime_ns))
    except OSError as error:
        return (f"modification time ({error.strerror})",)
    return ()
