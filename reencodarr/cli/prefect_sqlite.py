"""Prefect's own SQLite file with writers that wait for one another instead of failing.

Prefect begins its transactions `DEFERRED`: they read first and write later, and when another one wrote in between,
SQLite refuses at once with `database is locked`, however long the busy timeout is, and Prefect's API answers 503
(SQLITE_BUSY_SNAPSHOT, https://www.sqlite.org/rescode.html; seen in Prefect 3.8.8). Here they begin `IMMEDIATE`, one
after another. What that is worth: `benchmarks/results/prefect_server.json`.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakKeyDictionary

from prefect.server.database import dependencies
from prefect.server.database.configurations import SQLITE_BEGIN_MODE, AioSqliteConfiguration
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


class QueuedWrites(AioSqliteConfiguration):
    """Prefect's way to reach SQLite, with one writer at a time."""

    def __init__(self, connection_url: str) -> None:
        super().__init__(connection_url)
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    @asynccontextmanager
    async def begin_transaction(
        self, session: AsyncSession, with_for_update: bool = False
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        """Begin when it is this one's turn; inside another transaction as Prefect does, for that one holds the turn."""
        if SQLITE_BEGIN_MODE.get() is not None:
            async with super().begin_transaction(session, with_for_update=with_for_update) as transaction:
                yield transaction
            return
        turn = self._turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(turn)
            transaction = await stack.enter_async_context(super().begin_transaction(session, with_for_update=True))
            await session.connection()
            # What is read meanwhile over another connection must not ask for the lock as well.
            SQLITE_BEGIN_MODE.set("DEFERRED")
            yield transaction


def install() -> bool:
    """Have this process's Prefect server use it, before its app is made; False where its database is not SQLite."""
    url = PREFECT_API_DATABASE_CONNECTION_URL.value()
    if url is None or make_url(url).get_backend_name() != "sqlite":
        return False
    dependencies.MODELS_DEPENDENCIES["database_config"] = QueuedWrites(url)
    return True
