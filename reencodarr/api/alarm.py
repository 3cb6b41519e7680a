"""Waking somebody once for many calls: some seconds after the last of them, and not later than a minute after the
first. What a restart forgets is no loss: whoever is woken looks by himself as well."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from reencodarr.errors import ReencodarrError
from reencodarr.units import Seconds

log = logging.getLogger(__name__)

QUIET = Seconds(5.0)
"""After a call for nobody is woken yet: a season comes in file by file."""
PATIENCE = Seconds(60.0)
"""The longest from the first call on; so a stream of calls wakes once a minute."""


class Alarm:
    """Rings on one event loop. Holds one task at most, however many calls."""

    def __init__(
        self, wake: Callable[[], Awaitable[None]], *, quiet: Seconds = QUIET, patience: Seconds = PATIENCE
    ) -> None:
        self._wake = wake
        self._quiet, self._patience = quiet, patience
        self._first = self._last = 0.0
        self._task: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Wake soon, once for this call and all that follow in the meantime. Never blocks, never fails."""
        self._last = time.monotonic()
        if self._task is None:
            self._first = self._last
            self._task = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        try:
            while (left := self._due() - time.monotonic()) > 0:
                await asyncio.sleep(left)
            rung_at = self._last
            await self._wake()
        except ReencodarrError as error:
            log.warning("nobody was woken: %s", error)
        finally:
            self._task = None
        if self._last > rung_at:  # Who was woken may have looked already.
            self.ring()

    def _due(self) -> float:
        return min(self._last + self._quiet, self._first + self._patience)
