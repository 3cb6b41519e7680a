"""A cap on bytes per second for all transfers of a process together, in both directions.

Whoever wants to move bytes books them and waits until they are due. The booking is arithmetic; the waiting is not.
"""

import threading
import time
from dataclasses import dataclass

from reencodarr.transfer.patience import Stop, never, rest
from reencodarr.units import Seconds

BURST = Seconds(0.25)
"""How much unused time may be made up for: enough to hide uneven threads, too little to be seen on the line."""


@dataclass(frozen=True, slots=True)
class Booking:
    """When bytes may move, and when those after them may."""

    wait: Seconds
    free_at: float


def booking(*, free_at: float, now: float, amount: int, rate: float) -> Booking:
    """Book `amount` bytes at `now`, where all bytes booked before are paid for at `free_at`.

    Of any span of t seconds no more than `rate * (t + BURST)` bytes plus one booking become due in it.
    """
    due = max(free_at, now - BURST)
    return Booking(Seconds(max(0.0, due - now)), due + amount / rate)


class Pace:
    """The cap of one process. Threads share it; nobody is served out of turn."""

    def __init__(self, bytes_per_second: float | None = None) -> None:
        """No cap when None. Raises ValueError when it is not positive."""
        if bytes_per_second is not None and bytes_per_second <= 0:
            raise ValueError(f"a cap of {bytes_per_second} bytes per second lets nothing through")
        self._rate = bytes_per_second
        self._free_at = 0.0
        self._lock = threading.Lock()

    def take(self, amount: int, stop: Stop = never) -> None:
        """Wait until `amount` bytes may move. Raises WorkStopped."""
        if self._rate is None:
            return
        with self._lock:
            booked = booking(free_at=self._free_at, now=time.monotonic(), amount=amount, rate=self._rate)
            self._free_at = booked.free_at
        if booked.wait:
            rest(booked.wait, stop)
