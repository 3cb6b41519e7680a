"""The specimens, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.library import specimens


@pytest.fixture
def specimen(engine: Engine) -> Iterator[tuple[Session, dict[str, int]]]:
    with Session(engine) as session:
        ids = specimens.fill(session)
        yield session, ids


@pytest.fixture
def session(specimen: tuple[Session, dict[str, int]]) -> Session:
    return specimen[0]


@pytest.fixture
def ids(specimen: tuple[Session, dict[str, int]]) -> dict[str, int]:
    return specimen[1]
