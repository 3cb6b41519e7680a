"""The request to leave a job: who asked, why, and how everything that runs for it hears of it.

Transfers and progress reports ask whether to stop. Programs cannot, so they are ended from another thread, again and
again until the work has left. No signal is needed, so that this works on Windows as everywhere.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from reencodarr.errors import WorkStopped
from reencodarr.tools import processes

log = logging.getLogger(__name__)

_LOOK = 0.3
_AT_LEAST = 5.0


class Halt:
    """Whether one job should be left. Threads share it."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self.words = ""
        self.lost = False
        """The job is somebody else's now: nothing may be written about it."""

    def ask(self, words: str, *, lost: bool = False) -> None:
        """Ask to stop; the first one who asks is the one who is quoted."""
        if not self._asked.is_set():
            self.words = words
            log.warning("stopping: %s", words)
        self.lost = self.lost or lost
        self._asked.set()

    def __call__(self) -> bool:
        """Whether somebody asked."""
        return self._asked.is_set()

    def heed(self) -> None:
        """Raise WorkStopped if somebody asked."""
        if self():
            raise WorkStopped(self.words)

    def wait(self, seconds: float) -> bool:
        """Wait until somebody asks; whether that happened in time."""
        return self._asked.wait(seconds)


@contextmanager
def ends_programs(halt: Halt) -> Iterator[None]:
    """End every program that is started inside the block, as soon as `halt` is asked for.

    Programs that ran before are left alone.
    """
    ours = frozenset(child.pid for child in psutil.Process().children())
    over = threading.Event()

    def end() -> None:
        while not over.is_set():
            if not halt.wait(_LOOK):
                continue
            for child in psutil.Process().children():
                if child.pid not in ours:
                    processes.end_tree(child.pid)
            over.wait(_LOOK)

    thread = threading.Thread(target=end, name="halt", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(_AT_LEAST)
