"""Ctrl-C and SIGTERM: the first asks the run to stop cleanly, the second, or too long a silence, ends it.

An interrupt can strike inside any line, also inside one that holds a lock which then stays held (Python's logging has
such lines), so a clean stop cannot be promised by the interrupt alone. What a forced end leaves is what a crash leaves:
the next run puts it right.
"""

import atexit
import contextlib
import os
import signal
from collections.abc import Callable, Iterator

import psutil

from reencodarr.cli import exits
from reencodarr.work import halting

GRACE_SECONDS = 30

_asked = False


def on_signals() -> None:
    """Take SIGINT and SIGTERM from now on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _force)
        # Once all threads have ended Python has no handlers any more, and an alarm would kill it on its way out.
        atexit.register(signal.alarm, 0)


def _stop(number: int, frame: object) -> None:
    global _asked  # noqa: PLW0603 - a signal handler has no other place to remember
    if _asked:
        _force(number, frame)
    _asked = True
    halting.leave()
    if hasattr(signal, "alarm"):
        signal.alarm(GRACE_SECONDS)
    raise KeyboardInterrupt


def _force(_number: int, _frame: object) -> None:
    os.write(2, b"Ended at once; the next run puts right what was under way.\n")
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    os._exit(exits.INTERRUPTED)


class Asked:
    """How often somebody asked to stop, for commands that keep others running. A handler does nothing but count."""

    _SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")
    """Those there are on this system; the last one is Windows'."""

    def __init__(self, requests: Callable[[], int] = int) -> None:
        """`requests` tells how often somebody who can send no signal asked; by default nobody did."""
        self._requests = requests
        self._signals = 0

    @property
    def times(self) -> int:
        """Signals and requests together."""
        return self._signals + self._requests()

    def once(self) -> bool:
        """Whether anybody asked at all."""
        return self.times > 0

    def twice(self) -> bool:
        """Whether somebody means it."""
        return self.times > 1

    @contextlib.contextmanager
    def by_signals(self) -> Iterator[None]:
        """Count signals while the block runs."""
        numbers = [getattr(signal, name) for name in self._SIGNALS if hasattr(signal, name)]
        before = {number: signal.signal(number, self._count) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _count(self, _number: int, _frame: object) -> None:
        self._signals += 1
