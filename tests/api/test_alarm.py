"""One wake for many calls, soon after the last, and never too late."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable

from reencodarr.api.alarm import Alarm
from reencodarr.errors import ServerUnreachable
from reencodarr.units import Seconds


class Sleeper:
    """Who is woken, and when."""

    def __init__(self, *, quiet: float = 0.1, patience: float = 10.0, takes: float = 0.0, fails: bool = False) -> None:
        self.at: list[float] = []
        self._takes, self._fails = takes, fails
        self.alarm = Alarm(self._wake, quiet=Seconds(quiet), patience=Seconds(patience))

    async def _wake(self) -> None:
        self.at.append(time.monotonic())
        await asyncio.sleep(self._takes)
        if self._fails:
            raise ServerUnreachable("away")


def _run(talk: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(talk())  # type: ignore[arg-type]


def test_nobody_is_woken_before_it_is_quiet() -> None:
    sleeper = Sleeper(quiet=0.2)
    last = 0.0

    async def talk() -> None:
        nonlocal last
        for _ in range(10):
            sleeper.alarm.ring()
            last = time.monotonic()
            await asyncio.sleep(0.03)
        await asyncio.sleep(0.4)

    _run(talk)

    assert len(sleeper.at) == 1
    assert sleeper.at[0] >= last + 0.2 - 0.01


def test_a_stream_that_never_ends_wakes_from_time_to_time() -> None:
    sleeper = Sleeper(quiet=10.0, patience=0.2)

    async def talk() -> None:
        while len(sleeper.at) < 3:  # the test's own time limit says when this is too long
            sleeper.alarm.ring()
            await asyncio.sleep(0.01)

    began = time.monotonic()
    _run(talk)

    assert all(later - earlier > 0.19 for earlier, later in itertools.pairwise([began, *sleeper.at]))


def test_a_call_while_somebody_is_woken_wakes_once_more() -> None:
    sleeper = Sleeper(quiet=0.02, takes=0.2)

    async def talk() -> None:
        sleeper.alarm.ring()
        await asyncio.sleep(0.1)
        sleeper.alarm.ring()
        await asyncio.sleep(0.6)

    _run(talk)

    assert len(sleeper.at) == 2


def test_who_cannot_be_woken_can_be_woken_later() -> None:
    sleeper = Sleeper(quiet=0.02, fails=True)

    async def talk() -> None:
        for _ in range(2):
            sleeper.alarm.ring()
            await asyncio.sleep(0.15)

    _run(talk)

    assert len(sleeper.at) == 2
