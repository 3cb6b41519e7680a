"""How long a transfer is tried, what it waits for meanwhile, and the request to stop, which every wait hears."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from reencodarr.errors import WorkStopped
from reencodarr.units import KIB, Seconds

Stop = Callable[[], bool]
"""Whether to stop now; asked from several threads, several times a second."""

SLICE = Seconds(0.2)
"""No wait is longer without a look at the request to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """With a server that does not do its best. The first five pauses add up to a quarter of a minute."""

    tries: int = 6
    """In a row without a single byte gained."""
    first_pause: Seconds = Seconds(0.5)
    longest_pause: Seconds = Seconds(15.0)
    connect: Seconds = Seconds(10.0)
    silence: Seconds = Seconds(120.0)
    """Without a byte, or with fewer than `floor` a second: the connection is given up."""
    floor: int = 1 * KIB

    def pause(self, failures: int) -> Seconds:
        """Before the next try after so many failures; it doubles each time."""
        return Seconds(min(self.longest_pause, self.first_pause * 2 ** (failures - 1)))


def never() -> bool:
    """Nobody asks to stop."""
    return False


def heed(stop: Stop) -> None:
    """Raise WorkStopped if it is asked for."""
    if stop():
        raise WorkStopped("A transfer was stopped.", advice="The next attempt goes on from there.")


def rest(seconds: float, stop: Stop) -> None:
    """Wait. Raises WorkStopped as soon as it is asked for."""
    end = time.monotonic() + seconds
    heed(stop)
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, SLICE))
        heed(stop)


def scattered(seconds: Seconds) -> Seconds:
    """Up to a quarter more, so that many workers do not come back in the same instant."""
    return Seconds(seconds * (1 + random.random() / 4))
