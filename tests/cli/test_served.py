"""How the server is started, and how others on its machine reach it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reencodarr.api import secrets
from reencodarr.cli import served
from reencodarr.library import database
from reencodarr.settings import Settings


@pytest.fixture(autouse=True)
def _no_prefect_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (served.AUTH, served.CLIENT_AUTH, *served.PREFECT):
        monkeypatch.delenv(name, raising=False)


def _settings(folder: Path, **server: Any) -> Settings:
    return Settings(data_dir=folder, server=server)


@pytest.mark.parametrize(
    ("server", "guarded"),
    [
        ({}, False),
        ({"host": "localhost"}, False),
        ({"host": "::1"}, False),
        ({"host": "0.0.0.0"}, True),
        ({"host": "192.168.1.5"}, True),
        ({"public_url": "https://films.example.org"}, True),
    ],
)
def test_whoever_can_be_reached_asks_for_a_secret(tmp_path: Path, server: dict[str, Any], guarded: bool) -> None:
    settings = _settings(tmp_path, **server)

    _, environment = served.arguments(settings)

    assert served.is_guarded(settings) is guarded
    assert (served.AUTH in environment) is guarded
    assert (served.CLIENT_AUTH in served.client_environment(settings)) is guarded


def test_a_secret_that_was_ever_made_is_asked_for(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    secret = secrets.owner(settings)

    assert served.arguments(settings)[1][served.AUTH] == secret
    assert served.client_environment(settings)[served.CLIENT_AUTH] == secret


@pytest.mark.slow
@pytest.mark.parametrize(("server", "starts"), [({}, True), ({"PUBLIC_URL": "https://films.example.org"}, False)])
def test_without_a_secret_only_a_server_for_this_machine_starts_again(
    tmp_path: Path, server: dict[str, str], starts: bool
) -> None:
    settings = _settings(tmp_path)
    database.upgrade(settings.database)
    _, environment = served.arguments(settings)
    secrets.owner(settings)  # As the first `workers add` does, while the server runs.
    environment |= {f"REENCODARR_SERVER__{name}": value for name, value in server.items()}

    done = subprocess.run(
        [sys.executable, "-c", "from reencodarr.cli import served; served.build()"],
        env={"PATH": os.environ["PATH"], "REENCODARR_DATA_DIR": str(tmp_path), **environment},
        capture_output=True, text=True,
    )  # fmt: skip

    assert (done.returncode == 0) is starts, done.stderr
    assert ("may not start without" in done.stderr) is not starts


def test_what_the_owner_set_for_prefect_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD", "86400")

    _, environment = served.arguments(_settings(tmp_path))

    assert environment["PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD"] == "86400"
    assert environment["PREFECT_SERVER_CONCURRENCY_INITIAL_DEPLOYMENT_LEASE_DURATION"] == "60"


def test_https_comes_with_its_files_and_its_pin(tmp_path: Path) -> None:
    settings = _settings(tmp_path, host="0.0.0.0", tls=True)

    command, _ = served.arguments(settings)
    near = served.client_environment(settings)

    assert Path(command[command.index("--ssl-certfile") + 1]).is_file()
    assert near["PREFECT_API_URL"] == "https://127.0.0.1:4200/api"
    assert Path(near["PREFECT_API_SSL_CERT_FILE"]).is_file()


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ({"host": "10.0.0.5"}, "http://10.0.0.5:4200"),
        ({"host": "fd00::5", "port": 4300}, "http://[fd00::5]:4300"),
        ({"public_url": "https://films.example.org/"}, "https://films.example.org"),
    ],
)
def test_tokens_name_the_url_that_workers_reach(tmp_path: Path, server: dict[str, Any], url: str) -> None:
    assert served.url(_settings(tmp_path, **server)) == url
