"""The request to leave a job, or to rest: who asked, why, and how everything that runs for it hears of it.

Transfers and progress reports ask whether to stop, and wait while the job rests. Programs cannot, so another thread
holds them still and lets them go on, or ends them, again and again until the work has left. No signal is needed, so
that this works on Windows as everywhere.
"""

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psutil

from reencodarr.errors import WorkStopped
from reencodarr.progress import Progress, Report
from reencodarr.tools import platforms, processes
from reencodarr.tools.processes import Stillness

log = logging.getLogger(__name__)

_LOOK = 0.3
_AT_LEAST = 5.0

_leaving = False


class Halt:
    """Whether one job should be left, or rest. Threads share it."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._resting = threading.Event()
        self.words = ""
        self.lost = False
        """The job is somebody else's now: nothing may be written about it."""

    def ask(self, words: str, *, lost: bool = False) -> None:
        """Ask to stop, also where the job rests; the first one who asks is the one who is quoted."""
        if not self._asked.is_set():
            self.words = words
            log.warning("stopping: %s", words)
        self.lost = self.lost or lost
        self._asked.set()

    def __call__(self) -> bool:
        """Whether somebody asked."""
        return self._asked.is_set()

    def rest(self, resting: bool) -> None:
        """Have the job rest, or go on. May be repeated safely."""
        if resting and not self._resting.is_set():
            log.info("paused")
            self._resting.set()
        elif not resting and self._resting.is_set():
            log.info("resumed")
            self._resting.clear()

    @property
    def resting(self) -> bool:
        """Whether the job shall rest; never while it shall be left."""
        return self._resting.is_set() and not self._asked.is_set() and not _leaving

    def stop(self) -> bool:
        """Whether somebody asked to leave; waits while the job rests. For transfers, each of whose threads asks."""
        while self.resting:
            self.wait(_LOOK)
        return self()

    def heed(self) -> None:
        """Wait while the job rests; raise WorkStopped if somebody asked to leave it."""
        if self.stop():
            raise WorkStopped(self.words)

    def heard(self, report: Report) -> Report:
        """A report that also heeds."""

        def tell(progress: Progress) -> None:
            report(progress)
            self.heed()

        return tell

    def wait(self, seconds: float) -> bool:
        """Wait until somebody asks to leave; whether that happened in time."""
        return self._asked.wait(seconds)


def leave() -> None:
    """Let everything go on that rests in this process, which is about to end. For signal handlers: takes no lock."""
    global _leaving  # noqa: PLW0603 - an event would take a lock, which the interrupted line may hold
    _leaving = True


@contextmanager
def governs_programs(halt: Halt) -> Iterator[None]:
    """Hold every program that is started inside the block still while `halt` rests, and end it when it is asked for.

    Programs that ran before are left alone. Afterwards nothing is held still.
    """
    platforms.here().start_options(own_session=False)  # Starts what watches over children, where the system needs it.
    ours = frozenset(child.pid for child in psutil.Process().children())
    over = threading.Event()
    thread = threading.Thread(target=_govern, args=(halt, ours, over), name="halt", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(_AT_LEAST)


def _govern(halt: Halt, ours: frozenset[int], over: threading.Event) -> None:
    still = Stillness()
    try:
        while not over.is_set():
            if halt():
                still.release()
                for pid in _started_since(ours):
                    processes.end_tree(pid)
                over.wait(_LOOK)
            elif halt.resting:
                still.hold(_started_since(ours))
                halt.wait(_LOOK)
            else:
                still.release()
                halt.wait(_LOOK)
    finally:
        still.release()


def _started_since(ours: frozenset[int]) -> Iterable[int]:
    return [child.pid for child in psutil.Process().children() if child.pid not in ours]
