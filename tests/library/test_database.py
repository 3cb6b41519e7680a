"""Opening, migrating, checking: on SQLite and on PostgreSQL."""

import importlib.util
import resource
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, event, inspect, text
from sqlmodel import SQLModel, select

from reencodarr.errors import DatabaseOutdated, DatabaseTooNew, DatabaseUnavailable
from reencodarr.library import database
from reencodarr.library.tables import Library
from tests.library.conftest import unprivileged

NEWER = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("libraries", sa.Column("colour", sa.Text(), nullable=True))
    {more}
"""


def newer(folder: Path, more: str = "pass") -> str:
    """The migrations of a Reencodarr that knows one revision more."""
    packaged = Path(str(importlib.util.find_spec("reencodarr.library").origin)).parent / "migrations"  # type: ignore[union-attr]
    shutil.copytree(packaged, folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    head = max(path.name[:4] for path in packaged.glob("versions/0*.py"))
    (folder / "migrations" / "versions" / "9999_colour.py").write_text(NEWER.format(head=head, more=more))
    return str(folder / "migrations")


def copies(file: Path) -> list[Path]:
    return list(file.parent.glob(f"{file.name}.before-upgrade-*"))


def test_the_migrations_make_exactly_the_tables_of_the_models(empty_url: str) -> None:
    database.upgrade(empty_url)

    engine = database.engine(empty_url)
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, SQLModel.metadata)
    engine.dispose()

    assert differences == []


def test_an_empty_database_is_outdated_until_it_is_upgraded(empty_url: str) -> None:
    engine = database.engine(empty_url)
    with pytest.raises(DatabaseOutdated, match="db upgrade"):
        database.check(engine)

    database.upgrade(empty_url)
    database.upgrade(empty_url)

    database.check(engine)
    engine.dispose()


def test_a_database_of_a_newer_version_is_refused_and_untouched(url: str, engine: Engine, tmp_path: Path) -> None:
    database.upgrade(url, migrations=newer(tmp_path))

    with pytest.raises(DatabaseTooNew, match="newer Reencodarr"):
        database.check(engine)
    with pytest.raises(DatabaseTooNew, match="newer Reencodarr"):
        database.upgrade(url)

    assert database.revision(engine) == "9999"


def test_an_existing_sqlite_database_is_copied_before_an_upgrade(tmp_path: Path) -> None:
    file = tmp_path / "r.db"
    url = f"sqlite:///{file}"
    database.upgrade(url)
    assert copies(file) == []
    engine = database.engine(url)
    head = database.revision(engine)
    with database.session(engine) as session:
        session.add(Library(path=Path("/films")))

    database.upgrade(url, migrations=newer(tmp_path))

    (copy,) = copies(file)
    with sqlite3.connect(copy) as raw:
        assert raw.execute("SELECT path, (SELECT version_num FROM alembic_version) FROM libraries").fetchall() == [
            ("/films", head)
        ]
    with database.session(engine) as session:
        assert session.exec(select(Library)).one().path == Path("/films")
    engine.dispose()


def test_without_room_for_the_copy_nothing_is_upgraded(tmp_path: Path) -> None:
    file = tmp_path / "r.db"
    database.upgrade(f"sqlite:///{file}")
    before, limits = file.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(DatabaseUnavailable, match=r"full disk|cannot be"):
            database.upgrade(f"sqlite:///{file}", migrations=newer(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert file.read_bytes() == before
    assert list(tmp_path.glob("r.db.before*")) == []


def test_a_failing_migration_leaves_the_database_as_it_was(url: str, engine: Engine, tmp_path: Path) -> None:
    broken = newer(tmp_path, more='raise RuntimeError("halfway")')
    head = database.revision(engine)

    with pytest.raises(RuntimeError, match="halfway"):
        database.upgrade(url, migrations=broken)

    assert "colour" not in {column["name"] for column in inspect(engine).get_columns("libraries")}
    assert database.revision(engine) == head


def test_two_upgrades_at_once_both_end_well(empty_url: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(database.upgrade, [empty_url] * 3))

    engine = database.engine(empty_url)
    database.check(engine)
    engine.dispose()


def test_sqlite_is_set_up_for_several_processes(sqlite_engine: Engine) -> None:
    with sqlite_engine.connect() as connection:
        answers = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }

    assert answers == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 10_000, "synchronous": 1}


def test_what_fails_inside_a_session_leaves_no_trace(engine: Engine) -> None:
    def fail_midway() -> None:
        with database.session(engine) as session:
            session.add(Library(path=Path("/films")))
            session.flush()
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        fail_midway()

    with database.session(engine) as session:
        assert session.exec(select(Library)).all() == []


def test_writers_wait_for_one_another_even_when_they_read_first(engine: Engine) -> None:
    with database.session(engine) as session:
        session.add(Library(path=Path("/films"), sentinel="0"))

    def count_up(_: int) -> None:
        with database.session(engine) as session:
            row = session.exec(select(Library).with_for_update()).one()
            row.sentinel = str(int(row.sentinel) + 1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_up, range(40)))

    with database.session(engine) as session:
        assert session.exec(select(Library)).one().sentinel == "40"


def test_a_reader_waits_for_no_writer(engine: Engine) -> None:
    with database.session(engine) as writing:
        writing.add(Library(path=Path("/films")))
        writing.flush()

        with database.session(engine, reads_only=True) as reading:
            assert reading.exec(select(Library)).all() == []


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "r.db"
    file.write_bytes(b"these are not the tables you are looking for" * 100)

    with pytest.raises(DatabaseUnavailable, match=r"r\.db is damaged or no database") as caught:
        database.check(database.engine(f"sqlite:///{file}"))

    assert caught.value.path == file


def test_a_full_disk_is_named_and_loses_nothing(sqlite_engine: Engine) -> None:
    @event.listens_for(sqlite_engine, "connect")
    def fill_the_disk(raw: sqlite3.Connection, _: object) -> None:
        raw.execute("PRAGMA max_page_count = 1").close()  # SQLite rounds up to what there is, and then is full

    with pytest.raises(DatabaseUnavailable, match="full disk"), database.session(sqlite_engine) as session:
        session.add_all(Library(path=Path(f"/films/{number}" + "x" * 500)) for number in range(200))

    with database.session(sqlite_engine) as session:
        assert session.exec(select(Library)).all() == []


def test_a_database_that_cannot_be_written_is_named(open_folder: Path, sqlite_template: Path) -> None:
    file = open_folder / "r.db"
    shutil.copy(sqlite_template, file)
    file.chmod(0o444)
    open_folder.chmod(0o555)

    def write() -> None:
        with unprivileged(), database.session(database.engine(f"sqlite:///{file}")) as session:
            session.add(Library(path=Path("/films")))

    with pytest.raises(DatabaseUnavailable, match=r"cannot be (written|opened)"):
        write()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file is in the way")

    with pytest.raises(DatabaseUnavailable, match="cannot be made"):
        database.engine(f"sqlite:///{tmp_path}/data/r.db")


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    engine = database.engine("postgresql://someone:secret@127.0.0.1:1/films")

    with pytest.raises(DatabaseUnavailable, match="cannot be reached") as caught:
        database.check(engine)

    assert "secret" not in str(caught.value)


def test_other_databases_are_refused() -> None:
    with pytest.raises(DatabaseUnavailable, match="mysql"):
        database.engine("mysql://localhost/films")
