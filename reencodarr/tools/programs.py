"""The one place that runs outside programs.

Every program gets an argument list (never a shell), a closed standard input and pipes of its own. It stays in
the caller's process group, so that a cancel reaches it; on Linux it dies with the thread that started it; and it
is ended with all its descendants when the caller is interrupted, when it stalls, or when a line handler raises.
"""

import ctypes
import logging
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from reencodarr.errors import FileUnreadable, ProgramFailed, ProgramMissing, ProgramStalled
from reencodarr.units import KIB, Bytes, Seconds

log = logging.getLogger(__name__)

STDERR_KEPT = Bytes(32 * KIB)
STALL_DEADLINE = Seconds(600.0)
END_GRACE = Seconds(3.0)

_PR_SET_PDEATHSIG = 1
# Looked up before any fork: the child of a threaded process must not search for symbols.
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


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
    cpu: Seconds
    """User and system time of the program and of the descendants it waited for; 0 where unknown."""
    peak_memory: Bytes
    """Largest resident set of the program itself; 0 where unknown."""


def quoted(arguments: Sequence[str | Path]) -> str:
    """The command as it could be pasted into a shell."""
    return shlex.join(str(argument) for argument in arguments)


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
    here. A program that prints nothing at all for `stall_deadline` is ended. `about` names the film in errors.

    Raises ProgramMissing, ProgramFailed, ProgramStalled.
    """
    command = quoted(arguments)
    log.debug("running %s", command)
    started = time.monotonic()
    process = _start(arguments, cwd=cwd, environment=environment)
    watch = _Watch(process, on_line=on_line)
    try:
        watch.until_end(stall_deadline)
        usage = _reaped(process)
    except BaseException:
        end_tree(process.pid)
        _reaped(process)
        raise
    finally:
        watch.close()
    wall = Seconds(time.monotonic() - started)
    if watch.stalled:
        raise ProgramStalled(
            f"{Path(str(arguments[0])).name} gave no sign of life for {stall_deadline:.0f} s and was ended.",
            path=about,
            advice=f"Last words: {last_line(watch.stderr)}",
        )
    if process.returncode != 0:
        raise ProgramFailed(
            f"{Path(str(arguments[0])).name} ended with exit code {process.returncode}"
            + (f" on {about}" if about else "")
            + f": {last_line(watch.stderr)}",
            command=command,
            exit_code=process.returncode,
            stderr=watch.stderr,
            path=about,
        )
    cpu, peak = usage
    log.debug("done in %.1f s (%.1f CPU s): %s", wall, cpu, command)
    return Finished(command=command, stdout=watch.stdout, stderr=watch.stderr, wall=wall, cpu=cpu, peak_memory=peak)


def end_tree(pid: int) -> None:
    """End a process and all its descendants: first asked, after `END_GRACE` forced. May be repeated safely."""
    try:
        root = psutil.Process(pid)
        processes = [*root.children(recursive=True), root]
    except psutil.NoSuchProcess:
        return
    for process in processes:
        _signal(process, resume_first=True)
    _, alive = psutil.wait_procs([p for p in processes if p.pid != pid], timeout=END_GRACE)
    deadline = time.monotonic() + END_GRACE
    while _running(root) and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in [*alive, *([root] if _running(root) else [])]:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def last_line(text: str) -> str:
    """The last line that says something, for one-line messages."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _start(
    arguments: Sequence[str | Path], *, cwd: Path | None, environment: dict[str, str] | None
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [os.fspath(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**os.environ, **environment} if environment else None,
            # One system call and no lock taken, so the danger that the rule warns of does not exist here.
            preexec_fn=die_with_parent if _prctl else None,  # noqa: PLW1509
        )
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise FileUnreadable(f"The working folder {cwd} is gone.", path=cwd) from error
        raise ProgramMissing(f"The program {arguments[0]} is not there.", advice="Run `reencodarr doctor`.") from error
    except PermissionError as error:
        raise ProgramMissing(
            f"The program {arguments[0]} may not be executed.", advice="Run `reencodarr doctor`."
        ) from error


def die_with_parent() -> None:
    """In the child, before exec: be killed when the starting thread ends (Linux only)."""
    assert _prctl is not None
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class _Watch:
    """Reads both pipes in threads, so that neither can fill up, and knows when something was last said."""

    def __init__(self, process: subprocess.Popen[bytes], *, on_line: Callable[[str], None] | None) -> None:
        self._process = process
        self._on_line = on_line
        self._lines: deque[str] = deque()
        self._stdout: list[bytes] = []
        self._stderr = bytearray()
        self._spoke = time.monotonic()
        self._woken = threading.Condition()
        self.stalled = False
        self._threads = [
            threading.Thread(target=self._read_stdout, daemon=True),
            threading.Thread(target=self._read_stderr, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def stdout(self) -> str:
        return b"".join(self._stdout).decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        return bytes(self._stderr[-STDERR_KEPT:]).decode("utf-8", "replace")

    def until_end(self, stall_deadline: Seconds) -> None:
        """Hand lines to the handler, in this thread, until the program ends or stalls."""
        while True:
            with self._woken:
                if not self._lines and self._reading():
                    self._woken.wait(timeout=0.5)
                lines = list(self._lines)
                self._lines.clear()
            for line in lines:
                if self._on_line is not None:
                    self._on_line(line)
            if lines:
                continue
            if not self._reading():
                return
            if time.monotonic() - self._spoke > stall_deadline:
                self.stalled = True
                end_tree(self._process.pid)
                return

    def close(self) -> None:
        for thread in self._threads:
            thread.join(timeout=END_GRACE)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None and not any(thread.is_alive() for thread in self._threads):
                pipe.close()

    def _reading(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _read_stdout(self) -> None:
        assert self._process.stdout is not None
        for raw in self._process.stdout:
            self._spoke = time.monotonic()
            if self._on_line is None:
                self._stdout.append(raw)
                continue
            with self._woken:
                self._lines.append(raw.decode("utf-8", "replace").rstrip("\r\n"))
                self._woken.notify()
        with self._woken:
            self._woken.notify()

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        while chunk := os.read(self._process.stderr.fileno(), 4 * KIB):
            self._spoke = time.monotonic()
            self._stderr += chunk
            if len(self._stderr) > 2 * STDERR_KEPT:
                del self._stderr[:-STDERR_KEPT]
        with self._woken:
            self._woken.notify()


def _reaped(process: subprocess.Popen[bytes]) -> tuple[Seconds, Bytes]:
    """Wait for the process; its CPU time and peak memory."""
    if sys.platform == "win32" or process.returncode is not None:
        process.wait()
        return Seconds(0.0), Bytes(0)
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except ChildProcessError:
        process.wait()
        return Seconds(0.0), Bytes(0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else KIB
    return Seconds(usage.ru_utime + usage.ru_stime), Bytes(usage.ru_maxrss * unit)


def _signal(process: psutil.Process, *, resume_first: bool) -> None:
    try:
        if resume_first and process.status() == psutil.STATUS_STOPPED:
            process.resume()
        process.terminate()
    except psutil.NoSuchProcess:
        return


def _running(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
