"""Opening, migrating and checking the database, and the one way to talk to it: a short session.

SQLite (WAL) or PostgreSQL, decided by the URL. What any driver says about a database that cannot be used becomes a
`DatabaseError` here; the tables and what is written to them belong to the other modules of this room.
"""

import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from sqlalchemy import Connection, Engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from reencodarr.errors import DatabaseError, DatabaseOutdated, DatabaseTooNew, DatabaseUnavailable
from reencodarr.library.tables import now

log = logging.getLogger(__name__)

MIGRATIONS = "reencodarr.library:migrations"
BUSY_SECONDS = 10.0
_READS_ONLY = "reencodarr_reads_only"
_UPGRADE_LOCK = 0x7265656E
"""Any number, as long as every Reencodarr takes the same one."""

_ROOM = "Make room; the next run goes on from here."
_RIGHTS = "Check that its folder is there and who may write it."
_COPIES = "Put back the newest copy beside it, or move it away to begin anew; films are not affected."
_SERVER = "Check REENCODARR_DATABASE_URL and that the server runs."
_MEANINGS = (
    ("disk is full|No space left", "is on a full disk", _ROOM),
    ("readonly database|read-only", "cannot be written", _RIGHTS),
    ("unable to open|Permission denied", "cannot be opened", _RIGHTS),
    ("not a database|malformed", "is damaged or no database", _COPIES),
    ("locked|busy", "is locked by another program", "Try again when that program is done."),
    ("refused|translate host|does not exist|time|closed the connection|authentication", "cannot be reached", _SERVER),
)
"""What a driver's words mean, and what to do."""
_CALLERS_MISTAKES = (sqlalchemy.exc.IntegrityError, sqlalchemy.exc.ProgrammingError, sqlalchemy.exc.DataError)


def engine(url: str) -> Engine:
    """An engine for `url`; makes the folder of a SQLite file.

    Raises DatabaseUnavailable.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return sqlalchemy.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    if parsed.get_backend_name() != "sqlite":
        raise DatabaseUnavailable(
            f"Reencodarr cannot use a {parsed.get_backend_name()} database.",
            advice="REENCODARR_DATABASE_URL begins with sqlite: or postgresql:.",
        )
    file = _file(parsed.database)
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseUnavailable(
                f"The folder {file.parent} for the database cannot be made: {error.strerror}.",
                path=file,
                advice="Set REENCODARR_DATA_DIR to a folder that can be written.",
            ) from error
    made = sqlalchemy.create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
    event.listen(made, "connect", _set_up_sqlite)
    event.listen(made, "begin", _begin_sqlite)
    return made


@contextmanager
def session(engine: Engine, *, reads_only: bool = False) -> Iterator[Session]:
    """One short transaction: committed at the end, rolled back when anything is raised inside.

    On SQLite it takes the one write lock at once, so that it never fails halfway because somebody else wrote;
    `reads_only` promises that nothing is written and waits for nobody. No file is read and no program is run inside.

    Raises DatabaseUnavailable.
    """
    bound = engine.execution_options(**{_READS_ONLY: True}) if reads_only else engine
    with translated(engine), Session(bound, expire_on_commit=False) as opened:
        yield opened
        opened.commit()


def upgrade(url: str, *, migrations: str = MIGRATIONS) -> None:
    """Bring the database to the newest revision; makes it where there is none. May be repeated safely.

    An existing SQLite file is first copied beside itself. A migration that fails leaves everything as it was.

    Raises DatabaseTooNew, DatabaseUnavailable.
    """
    opened = engine(url)
    config = _config(migrations)
    head = ScriptDirectory.from_config(config).get_current_head()
    try:
        present = revision(opened)
        if present == head:
            return
        _require_known(opened, config, present)
        _back_up(opened, present)
        with translated(opened), opened.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        log.info("database upgraded from revision %s to %s", present or "nothing", head)
    finally:
        opened.dispose()


def copied(url: str, folder: Path) -> str:
    """The URL of a private SQLite copy in `folder`, to rehearse on; empty where the database is new or no SQLite file.

    Raises DatabaseUnavailable.
    """
    copy = folder / "rehearsal.db"
    parsed = make_url(url)
    file = _file(parsed.database)
    if parsed.get_backend_name() == "sqlite" and file is not None and file.exists():
        source = engine(url)
        _copy(source, file, copy)
        source.dispose()
    return f"sqlite:///{copy}"


def exists(url: str) -> bool:
    """Whether there is a database to ask, or a server that may have one. To ask a SQLite file would make it."""
    parsed = make_url(url)
    file = _file(parsed.database)
    return parsed.get_backend_name() != "sqlite" or (file is not None and file.exists())


def check(engine: Engine, *, migrations: str = MIGRATIONS) -> None:
    """Check that this Reencodarr can work with the database. Reads only.

    Raises DatabaseOutdated, DatabaseTooNew, DatabaseUnavailable.
    """
    config = _config(migrations)
    present = revision(engine)
    if present == ScriptDirectory.from_config(config).get_current_head():
        return
    _require_known(engine, config, present)
    state = "is empty" if present is None else "was written by an older Reencodarr"
    raise DatabaseOutdated(f"The database {_named(engine)} {state}.", advice="Run `reencodarr db upgrade`.")


def revision(engine: Engine) -> str | None:
    """The revision of the database; None for an empty one.

    Raises DatabaseUnavailable.
    """
    reading = engine.execution_options(**{_READS_ONLY: True})
    with translated(engine), reading.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """What a driver says about an unusable database, as DatabaseUnavailable; broken constraints pass as they are."""
    try:
        yield
    except (DBAPIError, sqlalchemy.exc.TimeoutError) as error:
        if isinstance(error, _CALLERS_MISTAKES):
            raise
        raise _unavailable(engine, error) from error


def _unavailable(engine: Engine, error: sqlalchemy.exc.SQLAlchemyError) -> DatabaseError:
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    what, advice = "cannot be used", "Check its disk and its server."
    for pattern, found, meant in _MEANINGS:
        if re.search(pattern, said, re.IGNORECASE):
            what, advice = found, meant
            break
    return DatabaseUnavailable(
        f"The database {_named(engine)} {what} ({said}).", path=_file(engine.url.database), advice=advice
    )


def _named(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


def _file(database: str | None) -> Path | None:
    return None if database in (None, "", ":memory:") else Path(str(database))


def _config(migrations: str) -> Config:
    config = Config()
    config.set_main_option("script_location", migrations.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _require_known(engine: Engine, config: Config, present: str | None) -> None:
    if present is None:
        return
    try:
        ScriptDirectory.from_config(config).revision_map.get_revision(present)
    except ResolutionError as error:
        raise DatabaseTooNew(
            f"The database {_named(engine)} was written by a newer Reencodarr (revision {present}).",
            advice="Update Reencodarr, or put back the copy that the newer one made beside it.",
        ) from error


def _back_up(engine: Engine, present: str | None) -> None:
    """Copy an existing SQLite file beside itself; a PostgreSQL server has backups of its own."""
    file = _file(engine.url.database)
    if engine.dialect.name != "sqlite" or file is None or present is None:
        return
    copy = file.with_name(f"{file.name}.before-upgrade-{now():%Y%m%dT%H%M%S.%fZ}")
    part = copy.with_name(f"{copy.name}.part")
    raw = sqlite3.connect(file, timeout=BUSY_SECONDS)
    try:
        raw.execute("VACUUM INTO ?", (str(part),))
        part.rename(copy)
    except (sqlite3.Error, OSError) as error:
        part.unlink(missing_ok=True)  # half a copy must not look like one
        raise _unavailable(engine, DBAPIError("VACUUM INTO", None, error)) from error
    finally:
        raw.close()
    log.info("database copied to %s before its upgrade", copy)


def _copy(engine: Engine, file: Path, copy: Path) -> None:
    with translated(engine):
        raw = sqlite3.connect(file, timeout=BUSY_SECONDS)
        try:
            raw.execute("VACUUM INTO ?", (str(copy),))
        except sqlite3.Error as error:
            raise _unavailable(engine, DBAPIError("VACUUM INTO", None, error)) from error
        finally:
            raw.close()


def _set_up_sqlite(raw: Any, _: Any) -> None:
    # The driver must not begin transactions by itself: it begins none for reads, and deferred ones for writes,
    # which fail at once when somebody else wrote in between, whatever the timeout.
    raw.isolation_level = None
    for pragma in (
        f"busy_timeout = {int(BUSY_SECONDS * 1000)}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        raw.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get(_READS_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
