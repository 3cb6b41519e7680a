"""macOS: no kernel call binds a child to its parent, so a small process of our own watches.

It holds the other end of a pipe of ours, learns each child that we start, and ends those that live when the pipe
closes, which it does however we end.
"""

import contextlib
import functools
import os
import subprocess
import sys
import threading
from typing import Any

import psutil

from reencodarr.tools.platforms import posix
from reencodarr.tools.platforms.system import Usage
from reencodarr.units import Bytes

assert sys.platform != "win32"

name = "macos"

ask_to_end = posix.ask_to_end
bind_descendants = posix.bind_descendants
ended_by = posix.ended_by
end_like = posix.end_like
try_lock = posix.try_lock
wait_for_lock = posix.wait_for_lock
folder_handle = posix.folder_handle
sync = posix.sync
executable = posix.executable

_telling = threading.Lock()


def start_options(*, own_session: bool) -> dict[str, Any]:
    _watchdog(os.getpid())  # Before the child, so that no child is ever unwatched for as long as a start takes.
    return {"start_new_session": own_session}


def adopt(process: "subprocess.Popen[bytes]") -> None:
    pipe = _watchdog(os.getpid()).stdin
    assert pipe is not None
    # A watchdog that somebody ended is no reason to stop working.
    with _telling, contextlib.suppress(OSError):
        pipe.write(b"%d\n" % process.pid)
        pipe.flush()


def finished(process: "subprocess.Popen[bytes]") -> Usage | None:
    return posix.finished(process, maxrss_unit=1)


def peak_memory(pid: int) -> Bytes:
    """The resident set of this moment: macOS tells no peak of a living process."""
    try:
        return Bytes(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return Bytes(0)


@functools.cache
def _watchdog(pid: int) -> "subprocess.Popen[bytes]":
    """The watchdog of this process (a fork of us has its own); in a session of its own, where no Ctrl-C reaches it."""
    return subprocess.Popen(
        [sys.executable, "-m", "reencodarr.tools.platforms.watchdog"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
