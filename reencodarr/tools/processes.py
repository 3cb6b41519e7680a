"""Process trees: how one is ended, how a child is bound to its parent's life, how much memory it took.

Knows psutil and the platform's own calls; what is run, and why it should end, is the business of `programs`.
"""

import contextlib
import ctypes
import logging
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from reencodarr.units import KIB, Bytes, Seconds

log = logging.getLogger(__name__)

END_GRACE = Seconds(3.0)
"""How long a process that was asked to end may take before it is forced to."""

_LOOK_EVERY = 0.02
_SAMPLE_EVERY = 0.5
_SURELY_LARGER = 1.05
_PR_SET_PDEATHSIG = 1
# Looked up before any fork: the child of a threaded process must not search for symbols.
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


def end_tree(pid: int) -> None:
    """End a process and all its descendants: first asked, after `END_GRACE` forced. May be repeated safely."""
    try:
        found = {pid: psutil.Process(pid)}
    except psutil.NoSuchProcess:
        return
    for ask in (_ask_to_end, psutil.Process.kill):
        if _ended(found, ask):
            return
    log.warning("process %d cannot be ended; it hangs inside the system", pid)


def bound_to_this() -> Callable[[], None] | None:
    """A function for the child to call before exec, so that it is killed when the starting thread ends.

    None where the platform cannot (only Linux can).
    """
    if _prctl is None:
        return None
    prctl, parent = _prctl, os.getpid()

    def die_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # It died between the fork and the call above.
            os._exit(1)

    return die_with_parent


def peak_memory(pid: int) -> Bytes:
    """The largest resident set of a living process since its exec; 0 where unknown.

    Not the kernel's `ru_maxrss`, which counts the pages that a child inherits from a large parent before its exec.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return Bytes(0)
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    return Bytes(int(found[1]) * KIB) if found else Bytes(0)


class Memory:
    """A program's largest resident set, sampled, because the kernel's own figure may be its parent's.

    Until its exec a child has its parent's pages, and `ru_maxrss` counts them (400 MB for `true`, measured). Where
    that figure is larger than the parent it must be the program's own, and is exact.
    """

    def __init__(self, pid: int) -> None:
        self.sampled = Bytes(0)
        self._pid = pid
        self._parents: int = psutil.Process().memory_info().rss
        self._next = 0.0

    def sample(self) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SAMPLE_EVERY
            self.sampled = max(self.sampled, peak_memory(self._pid))

    def peak(self, largest: Bytes) -> Bytes:
        return largest if largest > _SURELY_LARGER * self._parents else self.sampled


def _ended(found: dict[int, psutil.Process], ask: Callable[[psutil.Process], None]) -> bool:
    """Ask each process once, also those that start meanwhile; whether all ended in time. Adds to `found`."""
    asked: set[int] = set()
    deadline = time.monotonic() + END_GRACE
    while alive := [process for process in found.values() if _running(process)]:
        if time.monotonic() > deadline:
            return False
        for parent in alive:
            with contextlib.suppress(psutil.Error):
                found |= {child.pid: child for child in parent.children() if child.pid not in found}
        for process in [process for pid, process in found.items() if pid not in asked]:
            asked.add(process.pid)
            with contextlib.suppress(psutil.Error):
                ask(process)
        time.sleep(_LOOK_EVERY)
    return True


def _ask_to_end(process: psutil.Process) -> None:
    process.terminate()
    if process.status() == psutil.STATUS_STOPPED:
        process.resume()


def _running(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
