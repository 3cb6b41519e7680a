"""A migrated database with the specimens in it. The dashboard only reads, so all its tests share one."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import Session

from reencodarr.library import database
from tests.library import specimens


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the dashboard shows."""

    url: str
    ids: dict[str, int]


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    url = f"sqlite:///{tmp_path_factory.mktemp('a name with ? and #') / 'reencodarr.db'}"
    database.upgrade(url)
    opened = database.engine(url)
    with Session(opened) as session:
        ids = specimens.fill(session)
    opened.dispose()
    return Shown(url=url, ids=ids)


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads the settings of the person who runs it."""
    monkeypatch.setenv("REENCODARR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("REENCODARR_DATABASE_URL", raising=False)
