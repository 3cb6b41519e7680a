import sys
import tomllib
from pathlib import Path

from dashboards import launch


def test_the_server_listens_on_loopback_only_and_tells_nobody() -> None:
    arguments, environment = launch.command(port=8600)

    assert arguments[:4] == [sys.executable, "-m", "streamlit", "run"]
    assert {
        "--server.address=127.0.0.1",
        "--server.port=8600",
        "--server.headless=true",
        "--browser.gatherUsageStats=false",
    } <= set(arguments)
    assert environment == {}


def test_a_password_in_the_database_url_is_not_in_the_arguments() -> None:
    arguments, environment = launch.command(port=8600, database_url="postgresql://u:secret@db/r")

    assert not any("secret" in argument for argument in arguments)
    assert environment == {"REENCODARR_DATABASE_URL": "postgresql://u:secret@db/r"}


def test_the_shipped_configuration_is_beside_the_app_and_keeps_quiet() -> None:
    configuration = tomllib.loads(Path(launch.APP).with_name(".streamlit").joinpath("config.toml").read_text())

    assert launch.APP.is_file()
    assert configuration["browser"]["gatherUsageStats"] is False
    assert configuration["server"]["address"] == "127.0.0.1"
    assert configuration["runner"]["magicEnabled"] is False
