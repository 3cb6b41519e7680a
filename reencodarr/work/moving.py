"""How far a transfer is, told as progress. Bytes come from several threads; the listener hears one at a time."""

import contextvars
import threading
import time
from collections.abc import Callable

from reencodarr.progress import Progress, Report
from reencodarr.units import MIB, Bytes, Seconds

_EVERY = 1.0


class Moving:
    """One transfer. Threads share it."""

    def __init__(
        self,
        stage: str,
        label: str,
        size: Bytes | None,
        report: Report,
        *,
        count: Callable[[int], None],
        first_is_there: bool = True,
    ) -> None:
        """`count` is told what went over the network.

        With `first_is_there`, what `moved` hears first did not: it lay there from before.
        """
        self._stage, self._label, self._size, self._report, self._count = stage, label, size, report, count
        # Whoever listens may know its run by a context variable, which other threads do not have.
        self._context = contextvars.copy_context()
        self._busy = threading.Lock()
        self._counting = threading.Lock()
        self._began = time.monotonic()
        self._told = 0.0
        self._there: int | None = None if first_is_there else 0
        self._done = 0

    def moved(self, amount: int) -> None:
        """Hear that so many bytes more are there; negative where some have to be sent again."""
        with self._counting:
            self._done += amount
            if self._there is None:
                self._there = amount
            else:
                self._count(amount)
        if self._busy.acquire(blocking=False):
            try:
                self._tell()
            finally:
                self._busy.release()

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told < _EVERY:
            return
        self._told = now
        self._context.run(self._report, self._progress(now))

    def _progress(self, now: float) -> Progress:
        rate = (self._done - (self._there or 0)) / max(now - self._began, 0.001)
        whole = "" if self._size is None else f" of {self._size / MIB:.0f}"
        known = self._size is not None and rate > 0
        return Progress(
            stage=self._stage,
            label=self._label,
            fraction=None if self._size is None else min(1.0, self._done / max(1, self._size)),
            eta=Seconds((self._size - self._done) / rate) if known and self._size is not None else None,
            detail=f"{self._done / MIB:.0f}{whole} MiB, {rate / MIB:.1f} MiB/s",
        )
