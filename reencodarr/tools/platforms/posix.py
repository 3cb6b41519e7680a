"""What Linux and macOS have in common: signals, flock, wait4."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from reencodarr.tools.platforms.system import Usage
from reencodarr.units import Bytes, Seconds

assert sys.platform != "win32"


def finished(process: "subprocess.Popen[bytes]", *, maxrss_unit: int) -> Usage | None:
    """See `System.finished`; `maxrss_unit` is what the kernel counts in, in bytes."""
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if pid == 0:
        return None
    process.returncode = os.waitstatus_to_exitcode(status)
    return Usage(cpu=Seconds(usage.ru_utime + usage.ru_stime), largest=Bytes(usage.ru_maxrss * maxrss_unit))


def bind_descendants() -> None:
    """Nothing is bound: a flow run whose worker was killed goes on to its end, and its result is taken."""


def ask_to_end(process: psutil.Process) -> None:
    process.terminate()
    if process.status() == psutil.STATUS_STOPPED:
        process.resume()


def ended_by(exit_code: int) -> str:
    if exit_code >= 0:
        return ""
    try:
        return signal.Signals(-exit_code).name
    except ValueError:  # A real-time signal has no name.
        return f"signal {-exit_code}"


def end_like(exit_code: int) -> None:
    if exit_code >= 0:
        return
    with contextlib.suppress(OSError, ValueError):  # SIGKILL and SIGSTOP have no handler to take away.
        signal.signal(-exit_code, signal.SIG_DFL)
    os.kill(os.getpid(), -exit_code)


def try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for_lock(handle: int) -> None:
    fcntl.flock(handle, fcntl.LOCK_EX)


def folder_handle(folder: Path) -> int | None:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


def sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def executable(name: str) -> str:
    return name
