"""Writers of one SQLite file, through Prefect's own sessions: with its own way some fail, with ours all wait."""

import asyncio
import contextvars
from pathlib import Path

import pytest
import sqlalchemy as sa
from prefect.server.database import dependencies
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL, temporary_settings
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from reencodarr.cli import prefect_sqlite
from reencodarr.cli.prefect_sqlite import QueuedWrites

WRITERS = 12


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/prefect.db"


async def _read(session: AsyncSession) -> int:
    found = await session.execute(sa.text("SELECT n FROM counter"))
    return int(found.scalar_one())


async def _make(way: AioSqliteConfiguration) -> None:
    async with (await way.engine()).begin() as connection:
        await connection.execute(sa.text("CREATE TABLE counter (n INTEGER)"))
        await connection.execute(sa.text("INSERT INTO counter VALUES (0)"))
        await connection.commit()


async def _add_one(way: AioSqliteConfiguration) -> None:
    """Read, then write what was read plus one, with somebody else's turn between the two."""
    session = await way.session(await way.engine())
    async with session, way.begin_transaction(session):
        before = await _read(session)
        await asyncio.sleep(0.01)
        await session.execute(sa.text("UPDATE counter SET n = :n"), {"n": before + 1})


async def _fail(way: AioSqliteConfiguration) -> None:
    async with await way.session(await way.engine()) as session, way.begin_transaction(session):
        await session.execute(sa.text("UPDATE counter SET n = 7"))
        raise ZeroDivisionError


async def _all_at_once(way: AioSqliteConfiguration) -> tuple[list[BaseException], int]:
    await _make(way)
    ended = await asyncio.gather(*(_add_one(way) for _ in range(WRITERS)), return_exceptions=True)
    session = await way.session(await way.engine())
    async with session:
        return [end for end in ended if isinstance(end, BaseException)], await _read(session)


def test_writers_wait_for_one_another_and_none_is_refused(url: str) -> None:
    failed, count = asyncio.run(_all_at_once(QueuedWrites(url)))

    assert (failed, count) == ([], WRITERS)


def test_prefects_own_way_refuses_some_which_is_why_there_is_ours(url: str) -> None:
    failed, count = asyncio.run(_all_at_once(AioSqliteConfiguration(url)))

    assert failed
    assert all(isinstance(one, OperationalError) and "database is locked" in str(one) for one in failed)
    assert count == WRITERS - len(failed)


def test_a_transaction_that_fails_leaves_nothing_and_gives_up_its_turn(url: str) -> None:
    way = QueuedWrites(url)

    async def fail_then_add() -> int:
        await _make(way)
        with pytest.raises(ZeroDivisionError):
            await _fail(way)
        await asyncio.wait_for(_add_one(way), 5)
        async with await way.session(await way.engine()) as after:
            return await _read(after)

    assert asyncio.run(fail_then_add()) == 1


def test_one_that_gives_up_waiting_does_not_block_the_others(url: str) -> None:
    way = QueuedWrites(url)

    async def give_up() -> int:
        await _make(way)
        async with await way.session(await way.engine()) as session, way.begin_transaction(session):
            waiting = asyncio.get_running_loop().create_task(_add_one(way), context=_empty())
            await asyncio.sleep(0.05)
            waiting.cancel()
        await asyncio.wait_for(_add_one(way), 5)
        async with await way.session(await way.engine()) as after:
            return await _read(after)

    assert asyncio.run(give_up()) == 1


def test_what_is_read_beside_a_transaction_waits_for_nobody(url: str) -> None:
    way = QueuedWrites(url)

    async def read_beside() -> int:
        await _make(way)
        async with await way.session(await way.engine()) as outer, way.begin_transaction(outer):
            await outer.execute(sa.text("UPDATE counter SET n = 7"))
            async with await way.session(await way.engine()) as plain:
                seen = await asyncio.wait_for(_read(plain), 5)
            async with await way.session(await way.engine()) as inner, way.begin_transaction(inner):
                return seen + await asyncio.wait_for(_read(inner), 5)

    assert asyncio.run(read_beside()) == 0


def test_it_is_used_for_sqlite_only(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(dependencies.MODELS_DEPENDENCIES, "database_config", None)

    with temporary_settings({PREFECT_SERVER_DATABASE_CONNECTION_URL: "postgresql+asyncpg://me@nowhere/prefect"}):
        assert not prefect_sqlite.install()
    assert dependencies.MODELS_DEPENDENCIES["database_config"] is None
    with temporary_settings({PREFECT_SERVER_DATABASE_CONNECTION_URL: url}):
        assert prefect_sqlite.install()
        assert isinstance(dependencies.provide_database_interface().database_config, QueuedWrites)


def _empty() -> contextvars.Context:
    return contextvars.Context()
