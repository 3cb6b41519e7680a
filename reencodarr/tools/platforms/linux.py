"""Linux: the kernel itself kills a child whose parent's thread ends, and tells a process's own peak of memory."""

import ctypes
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reencodarr.tools.platforms import posix
from reencodarr.tools.platforms.system import Usage
from reencodarr.units import KIB, Bytes

assert sys.platform != "win32"

name = "linux"

_PR_SET_PDEATHSIG = 1
# Looked up before any fork: the child of a threaded process must not search for symbols.
_prctl = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)

ask_to_end = posix.ask_to_end
bind_descendants = posix.bind_descendants
ended_by = posix.ended_by
end_like = posix.end_like
try_lock = posix.try_lock
wait_for_lock = posix.wait_for_lock
folder_handle = posix.folder_handle
sync = posix.sync
executable = posix.executable


def start_options(*, own_session: bool) -> dict[str, Any]:
    # Two system calls and no lock taken, so the danger of preexec_fn in threaded programs does not exist here.
    return {"start_new_session": own_session, "preexec_fn": _bound_to_this()}


def adopt(process: "subprocess.Popen[bytes]") -> None:
    """The kernel knows already."""


def finished(process: "subprocess.Popen[bytes]") -> Usage | None:
    return posix.finished(process, maxrss_unit=KIB)


def peak_memory(pid: int) -> Bytes:
    """See `System.peak_memory`.

    Not the kernel's `ru_maxrss`, which counts the pages that a child inherits from a large parent before its exec.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return Bytes(0)
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    return Bytes(int(found[1]) * KIB) if found else Bytes(0)


def _bound_to_this() -> Callable[[], None] | None:
    """A function for the child to call before exec, so that it is killed when the starting thread ends."""
    if _prctl is None:
        return None
    prctl, parent = _prctl, os.getpid()

    def die_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # It died between the fork and the call above.
            os._exit(1)

    return die_with_parent
