"""`doctor` says whether the main job can work, by its exit code as well."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reencodarr import settings
from reencodarr.cli import doctor, exits, prefect_database
from reencodarr.library import database, workers
from reencodarr.settings import Settings
from reencodarr.tools.checks import State
from tests.servers import ports

PROGRAM = Path(sys.executable).with_name("reencodarr")


@pytest.fixture(autouse=True)
def own_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in list(os.environ):
        if name.startswith("REENCODARR_") or name in {"FFMPEG_PATH", "AB_AV1_PATH"}:
            monkeypatch.delenv(name)
    data = tmp_path / "data"
    monkeypatch.setenv("REENCODARR_DATA_DIR", str(data))
    return data


def said(*arguments: str | Path) -> tuple[int, dict[str, dict[str, str]], bool]:
    done = subprocess.run([PROGRAM, "doctor", "--json", *arguments], capture_output=True, text=True)
    document = json.loads(done.stdout)
    return done.returncode, {check["name"]: check for check in document["checks"]}, document["works"]


def test_a_good_machine_and_library_pass_and_nothing_is_written(own_data: Path, tmp_path: Path) -> None:
    library = tmp_path / "films"
    library.mkdir()

    code, found, works = said(library)

    wrong = [check for check in found.values() if check["state"] == "failed"]
    assert (code, works, wrong) == (exits.DONE, True, [])
    assert {"Python", "ffmpeg", "AV1 encoder", "database", "Prefect", "library", "hard links", "trash"} <= set(found)
    assert found["library"]["about"] == str(library)
    assert list(library.iterdir()) == []
    assert not own_data.exists()


def test_people_read_a_table_with_advice_and_a_verdict_whatever_the_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("REENCODARR_SCRATCHDIR", "/tmp")

    code = doctor.doctor([tmp_path / "no [bold]films[/] here"])

    text = " ".join(capsys.readouterr().out.split())
    assert code == exits.CANNOT_WORK
    assert "Did you mean REENCODARR_SCRATCH_DIR?" in text
    assert "ok AV1 encoder" in text
    assert "no [bold]films[/] here" in text
    assert text.endswith("The main job cannot work yet; see settings, library.")


def test_every_check_that_is_not_ok_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REENCODARR_ENGINE", "ab-av1")
    monkeypatch.setenv("AB_AV1_PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("REENCODARR_POLICY", str(tmp_path / "nothing.toml"))
    monkeypatch.setenv("REENCODARR_DATABASE_URL", "mysql://me@db/films")
    monkeypatch.setenv("REENCODARR_RESERVE_BYTES", str(10**18))
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "true")
    monkeypatch.setenv("REENCODARR_SONARR__MAIN__URL", f"http://127.0.0.1:{ports.free()}")
    monkeypatch.setenv("REENCODARR_SONARR__MAIN__API_KEY", "key")

    code, found, _ = said(tmp_path / "gone")

    wrong = {name: check["state"] for name, check in found.items() if check["state"] != "ok"}
    assert code == exits.CANNOT_WORK
    assert wrong == {
        "ab-av1": "failed",
        "policy": "failed",
        "database": "failed",
        "scratch room": "failed",
        "telemetry": "warning",
        "reachable": "warning",
        "library": "failed",
    }
    assert all(found[name]["advice"] for name in wrong)
    assert found["reachable"]["about"] == "Sonarr main"


def checked(loaded: Settings) -> tuple[State, str, str]:
    *_, check = doctor.database(loaded)
    return check.state, check.found, check.advice


def test_a_database_that_is_not_there_is_not_made(own_data: Path) -> None:
    state, found, _ = checked(settings.load())

    assert state is State.OK
    assert "the first run makes it" in found
    assert not own_data.exists()


def test_a_database_of_this_version_is_fine() -> None:
    loaded = settings.load()
    database.upgrade(loaded.database)

    state, found, _ = checked(loaded)

    assert state is State.OK
    assert found.endswith("of this version")


def with_slots(count: int) -> Settings:
    """Settings of a server with a worker that does so many jobs at once, and with one that was revoked."""
    loaded = settings.load()
    database.upgrade(loaded.database)
    with database.session(database.engine(loaded.database)) as session:
        for name in ("attic", "gone"):
            workers.add(session, name, pool="linux", secret=name, local=False)
            session.flush()
            workers.joined(session, name, slots=count, build="b", version="1", capabilities="{}")
        workers.revoke(session, "gone")
    return loaded


def test_more_worker_slots_than_prefects_sqlite_carries_are_a_warning() -> None:
    limit = prefect_database.EMBEDDED_SLOTS

    few = doctor.prefects_database(with_slots(limit), {}.get)
    many = doctor.prefects_database(with_slots(limit + 1), {}.get)

    assert few.state is State.OK
    assert many.state is State.WARNING
    assert f"{limit + 1}" in many.found
    assert "PREFECT_SERVER_DATABASE_CONNECTION_URL" in many.advice


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql+asyncpg://me:hunter2@db/prefect"}, "PostgreSQL"),
        ({"PREFECT_API_DATABASE_CONNECTION_URL": "postgresql+asyncpg://me:hunter2@db/prefect"}, "PostgreSQL"),
        ({"PREFECT_SERVER_DATABASE_DRIVER": "postgresql+asyncpg"}, "PostgreSQL"),
        ({"PREFECT_API_URL": "http://prefect:4200/api"}, "http://prefect:4200/api"),
    ],
)
def test_any_number_of_slots_is_fine_on_another_database(variables: dict[str, str], words: str) -> None:
    loaded = with_slots(prefect_database.EMBEDDED_SLOTS + 1)

    check = doctor.prefects_database(loaded, variables.get)

    assert check.state is State.OK
    assert words in check.found
    assert "hunter2" not in check.found


def test_a_server_without_a_database_has_no_slots_and_gets_no_database(own_data: Path) -> None:
    check = doctor.prefects_database(settings.load(), {}.get)

    assert check.state is State.OK
    assert "SQLite, 0 of" in check.found
    assert not own_data.exists()


def test_an_empty_database_is_to_be_upgraded(own_data: Path) -> None:
    own_data.mkdir()
    (own_data / "reencodarr.db").touch()

    state, _, advice = checked(settings.load())

    assert (state, advice) == (State.FAILED, "Run `reencodarr db upgrade`.")


def test_a_file_that_is_no_database_is_named(own_data: Path) -> None:
    own_data.mkdir()
    (own_data / "reencodarr.db").write_text("not a database, but a long enough text to look at " * 100)

    state, found, advice = checked(settings.load())

    assert state is State.FAILED
    assert "no database" in found
    assert advice


def test_a_wrong_url_shows_no_password() -> None:
    state, found, advice = checked(Settings.model_validate({"database_url": "postgresql://me:hunter2@127.0.0.1:1/x"}))

    assert state is State.FAILED
    assert "hunter2" not in found
    assert advice


def test_a_broken_policy_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text("[target]\nlowest_mean = 900\n")

    check = doctor.policy(Settings(policy=file))

    assert check.state is State.FAILED
    assert "policy.toml, line 2" in check.found
    assert check.advice


def test_telemetry_that_somebody_turned_on_is_told() -> None:
    quiet = doctor.telemetry({}.get)
    loud = doctor.telemetry({"DO_NOT_TRACK": "0", "PREFECT_SERVER_ANALYTICS_ENABLED": "True"}.get)

    assert quiet.state is State.OK
    assert (loud.state, loud.advice) == (
        State.WARNING,
        "Unset DO_NOT_TRACK and PREFECT_SERVER_ANALYTICS_ENABLED.",
    )
