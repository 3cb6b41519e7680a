"""The one step of a swap that others can see, and its putting back when the wrong file was caught.

A check just before a rename leaves a moment in which an upgrade can arrive and be overwritten. So whatever had the
name is first taken somewhere safe by the same call that changes the name, is looked at there, and is put back if it
is not what was expected. Swaps and undos use the same step, with the roles of the files exchanged.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from reencodarr.errors import DestinationTaken, ReencodarrError
from reencodarr.swap import files

log = logging.getLogger(__name__)

Check = Callable[[Path], None]
"""Raises the error to end with when the file is not the expected one."""


def show(incoming: Path, name: Path, aside: Path, *, check: Check) -> None:
    """Make `incoming` visible as `name`, durably; what had the name is then `incoming` or `aside`.

    1. Where the filesystem can exchange two names, it does: nothing can be overwritten, the name is never missing.
    2. Else, with hard links: link `name` to `aside`, rename `incoming` over `name`. The name is never missing; an
       upgrade that arrives between the last look and the rename, microseconds apart, would be overwritten.
    3. Else `name` is renamed aside and `incoming` renamed in: the name is missing for milliseconds, under the journal.

    `aside` must be free. Raises the error of `check` (all is as it was), DestinationTaken, OSError.
    """
    if files.exchange(incoming, name):
        _sync(incoming, name)
        _checked(check, incoming, put_back=lambda: files.exchange(incoming, name))
        return
    if not _linked(name, aside):
        show_elsewhere(incoming, name, name, aside=aside, check=check)
        return
    _sync(aside)
    _checked(check, aside, put_back=lambda: files.discard_second_name(aside, name))
    check(name)
    files.rename_over(incoming, name)
    _sync(incoming, name)


def show_elsewhere(incoming: Path, old: Path, new: Path, *, aside: Path, check: Check) -> None:
    """Take `old` aside and make `incoming` visible as `new`, durably; never are both visible.

    Between the two renames, milliseconds, the film has neither name. Raises the error of `check` or DestinationTaken
    (all is as it was), OSError.
    """
    files.move_aside(old, aside)
    _sync(old, aside)
    _checked(check, aside, put_back=lambda: files.move_in(aside, old))
    try:
        files.move_in(incoming, new)
    except FileExistsError as error:
        files.move_in(aside, old)
        raise taken(new) from error
    _sync(incoming, new)


def taken(name: Path) -> DestinationTaken:
    """The error for a name that another file has."""
    return DestinationTaken(
        f"{name} exists and is another file.", path=name, advice="Move it or the film elsewhere, then run again."
    )


def _linked(name: Path, aside: Path) -> bool:
    try:
        files.link_no_overwrite(name, aside)
    except OSError as error:
        if files.cannot_link(error):
            return False
        raise
    return True


def _checked(check: Check, path: Path, *, put_back: Callable[[], object]) -> None:
    try:
        check(path)
    except ReencodarrError as error:
        log.warning("put back in the last moment: %s", error)
        put_back()
        raise


def _sync(*paths: Path) -> None:
    for folder in sorted({path.parent for path in paths}, key=os.fspath):
        files.fsync_directory(folder)
