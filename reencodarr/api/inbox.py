"""Where webhooks are written down: all that come in during one small transaction share the next one.

So any number of senders wait for two transactions at most, one connection to the database is used, and what is kept
in memory is as much as there are callers.
"""

import asyncio
from dataclasses import dataclass, field

from sqlalchemy import Engine

from reencodarr.api.alarm import Alarm
from reencodarr.errors import DatabaseUnavailable
from reencodarr.library import database, webhooks, wishes

MOST = 5_000
"""Titles of one transaction; a writer that does not come to its turn must not fill the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One webhook."""

    instance: str
    kind: str
    event: str
    title_id: int | None
    """What to look at again; `wishes.ALL` for the whole instance, None for nothing."""


@dataclass(slots=True)
class _Batch:
    """What goes into one transaction."""

    callers: dict[str, str] = field(default_factory=dict)
    """Kinds, by instance."""
    titles: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    """The last event and how many, by instance and title."""

    def add(self, call: Call) -> None:
        self.callers[call.instance] = call.kind
        if call.title_id is not None:
            _, events = self.titles.get((call.instance, call.title_id), ("", 0))
            self.titles[call.instance, call.title_id] = (call.event, events + 1)


class Inbox:
    """Writes down what comes in. One a process, on one event loop."""

    def __init__(self, engine: Engine, alarm: Alarm) -> None:
        self._engine = engine
        self._alarm = alarm
        self._open: tuple[_Batch, asyncio.Task[None]] | None = None
        self._turn = asyncio.Lock()

    async def put(self, call: Call) -> None:
        """Write a call down; it is in the database when this returns.

        Raises DatabaseError.
        """
        batch, writing = self._open or self._next()
        if len(batch.titles) >= MOST:
            raise DatabaseUnavailable("The database is too slow for all that comes in.", advice="Try again later.")
        batch.add(call)
        await asyncio.shield(writing)  # A sender that goes away must not stop the write of the others.

    def _next(self) -> tuple[_Batch, asyncio.Task[None]]:
        batch = _Batch()
        self._open = (batch, asyncio.create_task(self._write(batch)))
        return self._open

    async def _write(self, batch: _Batch) -> None:
        async with self._turn:
            self._open = None
            await asyncio.to_thread(self._keep, batch)
        if batch.titles:
            self._alarm.ring()

    def _keep(self, batch: _Batch) -> None:
        with database.session(self._engine) as session:
            for name, kind in batch.callers.items():
                webhooks.called(session, name, kind)
            for (name, title_id), (event, events) in batch.titles.items():
                wishes.wish(session, name, title_id, event, events=events)
