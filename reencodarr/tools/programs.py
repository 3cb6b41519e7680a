"""The one place that runs outside programs.

Every program gets an argument list (never a shell), a closed standard input and pipes of its own. It stays in
the caller's process group, so that a cancel reaches it; it dies with the process that started it (on Linux with the
thread); and it is ended with all its descendants when the caller is interrupted, when it stalls, or when a line
handler raises.
"""

import errno
import logging
import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from reencodarr.errors import (
    FileUnreadable,
    NoSpace,
    ProgramError,
    ProgramFailed,
    ProgramInterrupted,
    ProgramMissing,
    ProgramNotStarted,
    ProgramStalled,
    ReencodarrError,
)
from reencodarr.tools import pipes, platforms, processes
from reencodarr.tools.stopwatch import TICK, Stopwatch
from reencodarr.units import Bytes, Seconds

log = logging.getLogger(__name__)

STALL_DEADLINE = Seconds(600.0)

_TICK_WHEN_CLOSED = 0.01
_FIRST_LOOK = 0.02
"""Seconds after which its memory is looked at first: some programs end before the next look."""
_ORPHAN_GRACE = 1.0
"""A program that ended has no more to say than what is in its pipes; whoever else holds them is not waited for."""
_OUT_OF_MEANS = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
_DISK_FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))
_FROM_OUTSIDE = {"SIGHUP", "SIGINT", "SIGTERM", "SIGKILL", "CTRL_C_EXIT", "DEBUG_TERMINATE"}
_OUT_OF_MEMORY = {"SIGKILL", "NO_MEMORY", "COMMITMENT_LIMIT"}
_FFMPEG_INTERRUPTED = re.compile(r"received signal \d+|Received > 3 system signals")
_FFMPEG_SIGNALLED = 255
"""ffmpeg's exit code after a signal; it says so only where it was told to say more than errors."""
_FFMPEG_LAST_WORDS = "Conversion failed!"
_LAST_WORDS = 2000
_NOT_FOR_QUOTES = re.compile(r"[\x00-\x1f\x7f\udc80-\udcff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A program that ended with exit code 0."""

    command: str
    """As it could be pasted into a shell."""
    stdout: str
    """Empty when lines went to a handler."""
    stderr: str
    """The last 32 KiB."""
    wall: Seconds
    """Without the time in which it, or this process, was held still."""
    cpu: Seconds
    """User and system time of the program and of the descendants it waited for; 0 where unknown."""
    peak_memory: Bytes
    """Largest resident set of the program; 0 where unknown."""


def run(
    arguments: Sequence[str | Path],
    *,
    on_line: Callable[[str], None] | None = None,
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
    stall_deadline: Seconds = STALL_DEADLINE,
    about: Path | None = None,
) -> Finished:
    """Run a program to its end.

    `on_line` receives each line of standard output as it comes; what it raises ends the program and is raised
    here. A program that prints nothing at all for `stall_deadline` is ended, but not while `processes` holds it still.
    `about` names the film in errors.
    A descendant that outlives the program and keeps its pipes is neither waited for nor ended.

    Raises ProgramMissing, ProgramNotStarted, ProgramFailed, ProgramInterrupted, ProgramStalled, NoSpace.
    """
    running = _running(
        arguments,
        by_line=on_line is not None,
        cwd=cwd,
        environment=environment,
        stall_deadline=stall_deadline,
        about=about,
    )
    with closing(running):
        while True:
            try:
                line = next(running)
            except StopIteration as end:
                finished: Finished = end.value
                return finished
            if on_line is not None:
                on_line(line)


def lines(arguments: Sequence[str | Path], *, stall_deadline: Seconds = STALL_DEADLINE) -> Generator[str, None, None]:
    """Run a program and yield each line of its standard output as it comes.

    Closing the iterator ends the program. It is started, and bound to the thread that does so, by the first `next`.
    Time that the caller takes between two lines is no silence of the program.

    Raises as `run` does, after the last line.
    """
    yield from _running(arguments, by_line=True, stall_deadline=stall_deadline)


def _running(
    arguments: Sequence[str | Path],
    *,
    by_line: bool,
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
    stall_deadline: Seconds,
    about: Path | None = None,
) -> Generator[str, None, Finished]:
    """A program while it runs: its lines, then how it finished."""
    command = quoted(arguments)
    name = Path(os.fspath(arguments[0])).name
    log.debug("running %s", command)
    started = time.monotonic()
    process = _start(arguments, cwd=cwd, environment=environment)
    try:
        said = pipes.Pipes(_present(process.stdout), _present(process.stderr), by_line=by_line)
        usage = yield from _watch(process, said, started=started, stall_deadline=stall_deadline)
    except BaseException:
        _end(process)
        raise
    if usage is None:
        what = f"{name} gave no sign of life for {stall_deadline:.0f} s and was ended."
        raise ProgramStalled(what, path=about, advice=f"Last words: {last_line(said.stderr)}")
    if process.returncode != 0:
        raise _failure(command, name=name, exit_code=process.returncode, stderr=said.stderr, about=about)
    log.debug("done in %.1f s (%.1f CPU s): %s", usage.wall, usage.cpu, command)
    return Finished(
        command=command,
        stdout=said.stdout,
        stderr=said.stderr,
        wall=usage.wall,
        cpu=usage.cpu,
        peak_memory=usage.peak_memory,
    )


def quoted(arguments: Sequence[str | Path]) -> str:
    """The command as it could be pasted into a shell; printable, whatever bytes its file names have."""
    return " ".join(_quoted(str(argument)) for argument in arguments)


def last_line(text: str) -> str:
    """The last line that says something, for one-line messages."""
    lines = [line.strip() for line in text.splitlines() if line.strip() not in {"", _FFMPEG_LAST_WORDS}]
    return lines[-1] if lines else "it said nothing"


def _quoted(argument: str) -> str:
    if not _NOT_FOR_QUOTES.search(argument):
        return shlex.quote(argument)
    safe = argument.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + _NOT_FOR_QUOTES.sub(lambda found: f"\\x{os.fsencode(found[0])[0]:02x}", safe) + "'"


def _start(
    arguments: Sequence[str | Path], *, cwd: Path | None, environment: dict[str, str] | None
) -> subprocess.Popen[bytes]:
    program = _quoted(str(arguments[0]))
    try:
        process = subprocess.Popen(
            [os.fspath(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=cwd,
            env={**os.environ, **environment} if environment else None,
            **platforms.here().start_options(own_session=False),
        )
    except OSError as error:
        if cwd is not None and not cwd.is_dir():
            raise FileUnreadable(f"The working folder {cwd} is gone.", path=cwd) from error
        if error.errno in _OUT_OF_MEANS:
            raise ProgramNotStarted(
                f"{program} could not be started: {error.strerror}.",
                advice="The machine has no memory, processes or open files left; do less at once.",
            ) from error
        what = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be executed: {error.strerror}"
        raise ProgramMissing(f"The program {program} {what}.", advice="Run `reencodarr doctor`.") from error
    platforms.here().adopt(process)
    return process


def _failure(command: str, *, name: str, exit_code: int, stderr: str, about: Path | None) -> ReencodarrError:
    """The error that says why a program ended as it did."""
    on = f" on {_quoted(str(about))}" if about else ""
    words = last_line(stderr)
    for full in _DISK_FULL:
        if full in stderr:
            return NoSpace(f"{name} could not write its output{on}: {full}.", path=about, advice="Make room there.")
    by = platforms.here().ended_by(exit_code)
    how = f"was ended by {by}" if by else f"ended with exit code {exit_code}"
    message = f"{name} {how}{on}: {words}"
    signalled = exit_code == _FFMPEG_SIGNALLED and not stderr.strip()
    if by in _FROM_OUTSIDE | _OUT_OF_MEMORY or signalled or _FFMPEG_INTERRUPTED.search(stderr[-_LAST_WORDS:]):
        advice = "The system may have run out of memory." if by in _OUT_OF_MEMORY else ""
        return ProgramInterrupted(
            message, command=command, exit_code=exit_code, stderr=stderr, path=about, advice=advice
        )
    return ProgramFailed(message, command=command, exit_code=exit_code, stderr=stderr, path=about)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Usage:
    """What a program that ended took."""

    cpu: Seconds = Seconds(0.0)
    peak_memory: Bytes = Bytes(0)
    wall: Seconds = Seconds(0.0)


def _watch(
    process: subprocess.Popen[bytes], said: pipes.Pipes, *, started: float, stall_deadline: Seconds
) -> Generator[str, None, _Usage | None]:
    """Yield lines until the program ends; None when it stalled, and was ended."""
    memory, watch = processes.Memory(process.pid), Stopwatch(process.pid, started)
    usage: _Usage | None = None
    after_end = 0.0
    said.wait(_FIRST_LOOK)
    memory.sample()
    while True:
        before = time.monotonic()
        spoke = said.wait(_TICK_WHEN_CLOSED if said.closed else TICK)
        waited = time.monotonic() - before
        if usage is None:
            watch.look(spoke=spoke, listened=waited)
        closed = said.closed
        yield from said.lines()
        if usage is None:
            memory.sample()
            usage = _usage_if_ended(process, memory)
        else:
            after_end += min(waited, 2 * TICK)
        if usage is not None and (closed or after_end > _ORPHAN_GRACE):
            said.abandon()
            return replace(usage, wall=Seconds(watch.wall))
        if usage is None and watch.silence > stall_deadline:
            _end(process)
            said.abandon()
            return None


def _usage_if_ended(process: subprocess.Popen[bytes], memory: processes.Memory) -> _Usage | None:
    """Collect the program's exit code and usage if it ended; never waits."""
    try:
        usage = platforms.here().finished(process)
    except ChildProcessError as error:
        # Popen would report exit code 0 here, and a failed encode would pass for a good one.
        raise ProgramError(f"The exit code of {process.args!r} is lost: this process ignores SIGCHLD.") from error
    return None if usage is None else _Usage(cpu=usage.cpu, peak_memory=memory.peak(usage.largest))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program that may still run, with all its descendants."""
    if process.returncode is not None:
        return
    processes.end_tree(process.pid)
    try:
        process.wait(processes.END_GRACE)
    except subprocess.TimeoutExpired:
        log.warning("%s does not end; it hangs inside the system", process.args)


def _present(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
