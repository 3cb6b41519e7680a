"""Process trees: how one is ended, held still and let go on, and how much memory its program took.

Knows psutil; what the system at hand does in its own way is asked of `platforms`. What is run, and why it should end,
is the business of `programs`.
"""

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from reencodarr.tools import platforms
from reencodarr.units import Bytes, Seconds

log = logging.getLogger(__name__)

END_GRACE = Seconds(3.0)
"""How long a process that was asked to end may take before it is forced to."""

_still: set[int] = set()
"""Processes that are held still now. Only looked up and changed one by one, so that threads need no lock."""

_LOOK_EVERY = 0.02
_SAMPLE_EVERY = 0.5
_SURELY_LARGER = 1.05


def end_tree(pid: int) -> None:
    """End a process and all its descendants: first asked, after `END_GRACE` forced. May be repeated safely."""
    try:
        found = {pid: psutil.Process(pid)}
    except psutil.NoSuchProcess:
        return
    for ask in (platforms.here().ask_to_end, psutil.Process.kill):
        if _ended(found, ask):
            return
    log.warning("process %d cannot be ended; it hangs inside the system", pid)


def end_in(folder: Path) -> None:
    """End every other process that works in `folder`: what a program that was killed had started there."""
    place = os.path.realpath(folder)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and os.path.realpath(process.cwd()) == place:
                end_tree(process.pid)


class Stillness:
    """Process trees that are held still, so that they take no processor, and let go on later.

    Each process is held once (Windows counts how often); what a held process would have started starts afterwards.
    """

    def __init__(self) -> None:
        self._held: dict[int, psutil.Process] = {}

    def __bool__(self) -> bool:
        return bool(self._held)

    def hold(self, pids: Iterable[int]) -> None:
        """Hold these processes and all their descendants still. To be repeated for those that start meanwhile."""
        for pid in pids:
            with contextlib.suppress(psutil.Error):
                parent = psutil.Process(pid)
                self._hold(parent)  # First, so that it starts no more of them.
                for child in parent.children(recursive=True):
                    self._hold(child)

    def release(self) -> None:
        """Let all go on that was held."""
        while self._held:
            _, process = self._held.popitem()
            with contextlib.suppress(psutil.Error):
                process.resume()
            _still.discard(process.pid)

    def _hold(self, process: psutil.Process) -> None:
        if process.pid in self._held and self._held[process.pid] == process:
            return
        with contextlib.suppress(psutil.Error):
            if process.status() not in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}:
                _still.add(process.pid)
                process.suspend()
                self._held[process.pid] = process


def is_still(pid: int) -> bool:
    """Whether this process itself holds another one still; one that was stopped otherwise has stalled."""
    return pid in _still


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
            self.sampled = max(self.sampled, platforms.here().peak_memory(self._pid))

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


def _running(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
