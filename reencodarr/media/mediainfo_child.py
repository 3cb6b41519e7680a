"""MediaInfo's answers about many files, from processes of their own: its library may crash on a damaged file.

A start costs several times what one film takes (measured), so one process reads many. Knows which file ended a
process, and goes on with the rest in a new one; leaves the library to `mediainfo_reader`, and what an answer means
to `mediainfo`.
"""

import json
import logging
import sys
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

from reencodarr.errors import (
    DamagedSource,
    FileUnreadable,
    NoSpace,
    ProgramError,
    ProgramFailed,
    ProgramInterrupted,
    ReencodarrError,
)
from reencodarr.media import mediainfo_reader
from reencodarr.tools import programs
from reencodarr.units import Seconds

log = logging.getLogger(__name__)

Answers = Generator[str | ReencodarrError, None, None]

_LONGEST_NAMES = 16_000
"""Characters on one command line; Windows allows 32,767 in all."""


def documents(paths: Sequence[Path], *, stall_deadline: Seconds) -> Answers:
    """MediaInfo's JSON about each file, or why there is none; in order, as it comes. Reads only.

    A crash, or a silence longer than `stall_deadline`, ends one file only. Closing the iterator ends the process.
    """
    left = list(paths)
    while left:
        share = _share(left)
        known = 0
        with closing(_answers(share, stall_deadline=stall_deadline)) as answers:
            for answer in answers:
                known += 1
                yield answer
        left = left[known:]


def unreadable(path: Path, why: str) -> FileUnreadable:
    return FileUnreadable(
        f"{path} cannot be read: {why}.", path=path, advice="Check that it is a file, is there, and may be read."
    )


def damaged(path: Path, why: str) -> DamagedSource:
    return DamagedSource(
        f"{path} cannot be understood: {why}.", path=path, advice="Play it, and fetch it again if it is broken."
    )


def _share(paths: Sequence[Path]) -> list[Path]:
    """The first paths, as many as fit on one command line; at least one."""
    share: list[Path] = []
    room = _LONGEST_NAMES
    for path in paths:
        room -= len(str(path.absolute())) + 3
        if share and room < 0:
            break
        share.append(path)
    return share


def _answers(paths: Sequence[Path], *, stall_deadline: Seconds) -> Answers:
    """What one process answers; an error in place of the file that it ended on, and nothing after that."""
    known = 0
    try:
        with closing(programs.lines(_command(*paths), stall_deadline=stall_deadline)) as said:
            for line in said:
                if found := _found(line):
                    yield found["document"] if "document" in found else unreadable(paths[known], found["unreadable"])
                    known += 1
    except (ProgramError, NoSpace) as error:
        if known < len(paths):
            yield _failure(error, paths[known])
        else:
            log.warning("MediaInfo's process failed after its last answer: %s", error)
        return
    if known < len(paths):
        yield ProgramError(f"MediaInfo's process ended without a word about {paths[known]}.", path=paths[known])


def _command(*paths: Path) -> list[str | Path]:
    return [sys.executable, "-P", mediainfo_reader.__file__, *(path.absolute() for path in paths)]


def _found(line: str) -> dict[str, str]:
    """One answer; empty for what is none: half a line of a process that was ended, a word of the library's own."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _failure(error: ProgramError | NoSpace, path: Path) -> ReencodarrError:
    """What the end of a process says about the file that it was reading."""
    if isinstance(error, ProgramFailed) and not isinstance(error, ProgramInterrupted) and error.exit_code < 0:
        crash = damaged(path, f"MediaInfo crashed on it (signal {-error.exit_code})")
        crash.__cause__ = error
        return crash
    error.path = path
    error.message = f"MediaInfo could not read {path}: {error.message}"
    if isinstance(error, ProgramFailed):
        error.command = programs.quoted(_command(path))
    return error
