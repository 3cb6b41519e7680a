"""Who speaks, and whose a flow run is: looked up off the event loop and remembered for a short while.

A revoked secret is refused `REMEMBERED` seconds later at the latest. What is remembered of runs never changes: a run
keeps its first owner. Wrong secrets are answered slowly, and too many at once not at all.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass

from reencodarr.api.register import Register
from reencodarr.api.rules import Caller
from reencodarr.units import Seconds

log = logging.getLogger(__name__)

REMEMBERED = Seconds(5.0)
_SLOWNESS = Seconds(1.0)
_MOST_WAITING = 32
_MOST_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of the server, who may do everything."""


class TooManyGuesses(Exception):
    """Raised when so many wrong secrets wait for their answer that the next one gets none."""


class Gate:
    """Tells who speaks. One a process, on one event loop."""

    def __init__(self, register: Register, owner: str | None) -> None:
        """`owner` is the owner's `name:secret`; None where Prefect's API is open (one machine, loopback)."""
        self.register = register
        self.owner = owner
        self._callers: dict[bytes, tuple[float, Caller]] = {}
        self._owners: dict[str, str] = {}
        self._waiting = 0

    async def who(self, header: bytes) -> Owner | Caller | None:
        """Who sent this `Authorization` header; None for nobody: after a while, if it was a guess.

        Raises TooManyGuesses.
        """
        return await self.known(_credentials(header))

    async def known(self, credentials: str) -> Owner | Caller | None:
        """Who the text `name:secret` belongs to; None for nobody: after a while, if it was a guess.

        Raises TooManyGuesses.
        """
        if self.owner is not None and hmac.compare_digest(credentials.encode(), self.owner.encode()):
            return Owner()
        if not credentials:
            return None
        caller = await self._caller(credentials)
        if caller is None:
            await self._be_slow()
        return caller

    def forget(self, header: bytes) -> None:
        """Look the sender of this header up again: what it may do has changed."""
        self._callers.pop(_key(_credentials(header)), None)

    async def is_owner(self, run: str, caller: Caller) -> bool:
        """Whether a flow run is the caller's. Ids are compared as Prefect writes them."""
        return await self.owner_of(run) == caller.name

    async def owner_of(self, run: str) -> str:
        """The worker that a flow run belongs to; empty while it is nobody's."""
        found = self._owners.get(run)
        if found is None:
            found = await asyncio.to_thread(self.register.owner, run)
            if found:
                self._remember(run, found)
        return found

    async def own_of(self, runs: Iterable[str], caller: Caller) -> frozenset[str]:
        """Those of the runs that are the caller's."""
        return frozenset([run for run in runs if await self.is_owner(run, caller)])

    async def take(self, run: str, caller: Caller) -> bool:
        """Make a run the caller's unless it is another's; whether it is the caller's now."""
        taken = await asyncio.to_thread(self.register.own, run, caller.name)
        if taken:
            self._remember(run, caller.name)
            log.info("flow run %s belongs to worker %s", run, caller.name)
        return taken

    async def _caller(self, credentials: str) -> Caller | None:
        name, colon, secret = credentials.partition(":")
        if not colon or not name or not secret:
            return None
        key = _key(credentials)
        until, caller = self._callers.get(key, (0.0, None))
        if caller is not None and time.monotonic() < until:
            return caller
        found = await asyncio.to_thread(self.register.caller, name, secret)
        if found is None:
            self._callers.pop(key, None)
            return None
        self._callers[key] = (time.monotonic() + REMEMBERED, found)
        return found

    async def _be_slow(self) -> None:
        if self._waiting >= _MOST_WAITING:
            raise TooManyGuesses
        self._waiting += 1
        try:
            await asyncio.sleep(_SLOWNESS)
        finally:
            self._waiting -= 1

    def _remember(self, run: str, name: str) -> None:
        while len(self._owners) >= _MOST_REMEMBERED:
            self._owners.pop(next(iter(self._owners)))
        self._owners[run] = name


def _key(credentials: str) -> bytes:
    """What is remembered of a secret."""
    return hashlib.sha256(credentials.encode()).digest()


def _credentials(header: bytes) -> str:
    """`name:secret` out of an `Authorization: Basic` header; empty for anything else."""
    scheme, _, encoded = header.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return ""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
