import sqlite3
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import text

from dashboards import data
from reencodarr.errors import DatabaseOutdated, DatabaseUnavailable
from reencodarr.library import reading
from tests.dashboards.conftest import Shown


def test_the_engine_cannot_write(shown: Shown) -> None:
    with (
        pytest.raises(sqlalchemy.exc.OperationalError, match="readonly"),
        data.engine(shown.url).begin() as connection,
    ):
        connection.execute(text("DELETE FROM videos"))


def test_reading_makes_no_database_where_there_is_none(tmp_path: Path) -> None:
    file = tmp_path / "none" / "reencodarr.db"

    with pytest.raises(DatabaseUnavailable, match="no database yet") as raised:
        data.check(f"sqlite:///{file}")

    assert "reencodarr run" in raised.value.advice
    assert not file.parent.exists()


def test_a_database_without_tables_is_outdated(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    sqlite3.connect(file).close()
    file.touch()

    with pytest.raises(DatabaseOutdated) as raised:
        data.check(f"sqlite:///{file}")

    assert "reencodarr db upgrade" in raised.value.advice


def test_what_a_reader_sees_is_what_was_written(shown: Shown) -> None:
    data.check(shown.url)

    assert data.page(shown.url, reading.Query()).total == data.counts(shown.url, None).total
    assert data.film(shown.url, shown.ids["replaced"]) is not None
