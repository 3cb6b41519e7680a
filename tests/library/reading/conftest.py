"""The specimens, in a SQLite file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlmodel import Session

from tests.library import specimens


@pytest.fixture
def specimen(tmp_path: Path) -> Iterator[tuple[Session, dict[str, int]]]:
    url, ids = specimens.database(tmp_path)
    engine = create_engine(url)
    with Session(engine) as session:
        yield session, ids
    engine.dispose()


@pytest.fixture
def session(specimen: tuple[Session, dict[str, int]]) -> Session:
    return specimen[0]


@pytest.fixture
def ids(specimen: tuple[Session, dict[str, int]]) -> dict[str, int]:
    return specimen[1]
