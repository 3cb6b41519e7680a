"""How much Prefect's embedded database carries, and who says so when it is more."""

from pathlib import Path

import pytest

from reencodarr import settings
from reencodarr.cli import exits, prefect_database
from reencodarr.cli import workers as command
from reencodarr.library import database, workers

LIMIT = prefect_database.EMBEDDED_SLOTS
POSTGRES = {prefect_database.URL: "postgresql+asyncpg://me@db/prefect"}
SQLITE = {prefect_database.URL: "sqlite+aiosqlite:////srv/prefect.db"}


@pytest.mark.parametrize("variables", [{}, SQLITE, {prefect_database.URL: ""}])
def test_sqlite_is_told_of_from_one_slot_beyond_its_limit(variables: dict[str, str]) -> None:
    assert prefect_database.overload(LIMIT, variables.get) == ""
    assert prefect_database.overload(LIMIT + 1, variables.get).startswith(f"{LIMIT + 1} worker slots")


def test_postgresql_has_no_limit_of_ours() -> None:
    assert prefect_database.overload(1000 * LIMIT, POSTGRES.get) == ""


@pytest.mark.parametrize(("slots", "warned"), [(LIMIT - 1, False), (LIMIT, True)])
def test_adding_a_worker_beyond_the_limit_says_so(
    slots: int, warned: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REENCODARR_DATA_DIR", str(tmp_path))
    for name in prefect_database.URL, "PREFECT_API_DATABASE_CONNECTION_URL":
        monkeypatch.delenv(name, raising=False)
    url = settings.load().database
    database.upgrade(url)
    with database.session(database.engine(url)) as session:
        workers.add(session, "attic", pool="linux", secret="s", local=False)
        session.flush()
        workers.joined(session, "attic", slots=slots, build="b", version="1", capabilities="{}")

    code = command.add("cellar")

    said = " ".join(capsys.readouterr().err.split())
    assert code == exits.DONE
    assert (f"{slots + 1} worker slots are more than" in said) is warned
