"""Cached reads. Its engine cannot write: SQLite files are opened read-only, PostgreSQL sessions are read-only.

What is cached lives for two seconds: long enough for a page that reruns at every key, short enough to be true.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import streamlit as st
from sqlalchemy import Engine, NullPool, create_engine, make_url
from sqlmodel import Session

from reencodarr import settings
from reencodarr.arr import instance
from reencodarr.arr.instance import Instance
from reencodarr.errors import DatabaseUnavailable
from reencodarr.library import database, reading

FRESH = 2.0
"""Seconds that an answer is used again."""
BUSY_SECONDS = 5.0


def location() -> str:
    """The database's URL, from the settings.

    Raises SettingsError.
    """
    return settings.load().database


def check(url: str) -> None:
    """Check that there is a database that this Reencodarr understands. Reads only.

    Raises DatabaseOutdated, DatabaseTooNew, DatabaseUnavailable.
    """
    file = _file(url)
    if file is not None and not file.is_file():
        raise DatabaseUnavailable(
            f"There is no database yet at {reading.shown(file)}.",
            path=file,
            advice="Type `reencodarr run FOLDER` with a folder of films, or `reencodarr demo` to try it first.",
        )
    database.check(engine(url))


@st.cache_resource(show_spinner=False)
def engine(url: str) -> Engine:
    """An engine that can only read."""
    file = _file(url)
    if file is None:
        parsed = make_url(url).set(drivername="postgresql+psycopg")
        readonly = {"options": "-c default_transaction_read_only=on"}
        return create_engine(parsed, pool_pre_ping=True, connect_args=readonly)

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=BUSY_SECONDS)

    return create_engine(url, creator=connect, poolclass=NullPool)


@st.cache_data(ttl=FRESH, max_entries=100, show_spinner=False)
def page(url: str, query: reading.Query) -> reading.Page:
    """`reading.page`."""
    with _session(url) as session:
        return reading.page(session, query)


@st.cache_data(ttl=FRESH, max_entries=20, show_spinner=False)
def counts(url: str, library: int | None) -> reading.Counts:
    """`reading.counts`."""
    with _session(url) as session:
        return reading.counts(session, library=library)


@st.cache_data(ttl=FRESH, max_entries=20, show_spinner=False)
def savings(url: str, library: int | None) -> reading.Savings:
    """`reading.savings`."""
    with _session(url) as session:
        return reading.savings(session, library=library)


@st.cache_data(ttl=FRESH, max_entries=20, show_spinner=False)
def roots(url: str) -> tuple[reading.Root, ...]:
    """`reading.roots`."""
    with _session(url) as session:
        return reading.roots(session)


@st.cache_data(ttl=FRESH, max_entries=20, show_spinner=False)
def film(url: str, video: int) -> reading.Film | None:
    """`reading.film`."""
    with _session(url) as session:
        return reading.film(session, video)


@st.cache_data(ttl=FRESH, max_entries=20, show_spinner=False)
def machines(url: str) -> tuple[tuple[reading.Machine, ...], tuple[reading.Given, ...], reading.Backlog]:
    """`reading.machines`, `reading.given` and `reading.backlog`, all of one moment."""
    with _session(url) as session:
        return reading.machines(session), reading.given(session), reading.backlog(session)


@st.cache_data(ttl=FRESH, max_entries=20, show_spinner=False)
def report(url: str) -> reading.FailureReport:
    """`reading.report`."""
    with _session(url) as session:
        return reading.report(session)


@st.cache_data(ttl=FRESH, max_entries=20, show_spinner=False)
def arrs(url: str) -> tuple[reading.Arr, ...]:
    """`reading.arrs`."""
    with _session(url) as session:
        return reading.arrs(session)


@st.cache_data(ttl=FRESH, max_entries=20, show_spinner=False)
def listed(url: str, video: int) -> tuple[reading.Listed, ...]:
    """`reading.listed`."""
    with _session(url) as session:
        return reading.listed(session, video)


@st.cache_data(ttl=FRESH, max_entries=20, show_spinner=False)
def errands(url: str) -> tuple[tuple[reading.Notice, ...], tuple[reading.Bad, ...]]:
    """`reading.notices` and `reading.bad_files`."""
    with _session(url) as session:
        return reading.notices(session), reading.bad_files(session)


def instances() -> Mapping[str, Instance]:
    """The Sonarrs and Radarrs in the settings, by name.

    Raises SettingsError.
    """
    return {one.name: one for one in instance.configured(settings.load())}


@contextmanager
def _session(url: str) -> Iterator[Session]:
    opened = engine(url)
    with database.translated(opened), Session(opened) as session:
        yield session


def _file(url: str) -> Path | None:
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None
