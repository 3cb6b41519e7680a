"""What `reencodarr up` decides before anything is started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reencodarr import settings
from reencodarr.cli import exits, prefect_database
from reencodarr.cli import up as command
from reencodarr.cli.parts import NAMES, Site
from reencodarr.library import database, workers

LIMIT = prefect_database.EMBEDDED_SLOTS


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REENCODARR_DATA_DIR", str(tmp_path))
    for name in prefect_database.URL, "PREFECT_API_DATABASE_CONNECTION_URL":
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def parts_started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts that would be started; none is."""
    started: list[str] = []

    def supervise(_place: Site, names: list[str]) -> int:
        started.extend(names)
        return exits.DONE

    monkeypatch.setattr(command, "_supervise", supervise)
    return started


def test_a_second_server_on_the_same_data_folder_is_refused() -> None:
    with command._alone(settings.load()):
        done = subprocess.run([sys.executable, "-m", "reencodarr.cli", "up"], capture_output=True, text=True)

    assert done.returncode == exits.CANNOT_WORK
    assert "already" in done.stderr
    assert not (Path(os.environ["REENCODARR_DATA_DIR"]) / "logs").exists()


def test_everything_is_started_but_what_is_not_wanted(
    parts_started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command.up()
    assert parts_started == list(NAMES)

    parts_started.clear()
    command.up(worker=False, dashboard=False, bucket=False)
    assert parts_started == ["api", "work", "dispatch"]

    parts_started.clear()
    monkeypatch.setenv("REENCODARR_BUCKET__ENDPOINT", "https://s3.example.org")
    command.up()
    assert "bucket" not in parts_started


@pytest.mark.usefixtures("parts_started")
@pytest.mark.parametrize(("slots", "warned"), [(LIMIT, False), (LIMIT + 1, True)])
def test_more_slots_than_prefects_sqlite_carries_are_told_of(
    slots: int, warned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    url = settings.load().database
    database.upgrade(url)
    with database.session(database.engine(url)) as session:
        workers.add(session, "attic", pool="linux", secret="s", local=False)
        session.flush()
        workers.joined(session, "attic", slots=slots, build="b", version="1", capabilities="{}")

    command.up()

    said = " ".join(capsys.readouterr().err.split())
    assert (f"{slots} worker slots are more than" in said) is warned
