"""Servers of tests on PostgreSQL: each has its own, and its Prefect too."""

from pathlib import Path

import pytest

from tests.api import kit
from tests.servers import databases
from tests.servers.postgres import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_server_and_its_prefect_keep_nothing_in_files(postgres_server: Postgres, tmp_path: Path) -> None:
    with databases.preferred(postgres_server), kit.running(tmp_path) as server:
        ours = server.settings.database
        server.worker("attic")

    name = ours.rpartition("/")[2]
    with postgres_server.connected(name) as connection:
        assert connection.execute("SELECT name FROM workers").fetchall() == [("attic",)]
    assert not list(tmp_path.rglob("*.db"))


def test_each_server_gets_databases_of_its_own(postgres_server: Postgres) -> None:
    with databases.preferred(postgres_server):
        first, second = databases.environment(), databases.environment()

    assert len({*first.values(), *second.values()}) == 4
    assert set(databases.fields(first).values()) <= set(first.values())


def test_a_test_that_chose_a_database_keeps_it(postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(databases.OURS, "sqlite:///chosen.db")

    with databases.preferred(postgres_server):
        assert databases.environment() == {}
