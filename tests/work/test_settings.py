"""A worker's settings are few, and a mistake in them is named."""

import os
from pathlib import Path

import pytest

from reencodarr.errors import SettingsError
from reencodarr.work import settings, token
from reencodarr.work.token import Token

TOKEN = Token(name="attic", secret="s", pool="linux")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("REENCODARR_") or name in {"FFMPEG_PATH", "AB_AV1_PATH"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("REENCODARR_DATA_DIR", str(tmp_path))


def test_variables_set_what_they_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "REENCODARR_SERVER": "https://media:4200",
        "REENCODARR_SCRATCH_DIR": str(tmp_path / "fast"),
        "REENCODARR_SLOTS": "3",
        "REENCODARR_BANDWIDTH": "2.5",
        "FFMPEG_PATH": "/opt/ffmpeg",
    }.items():
        monkeypatch.setenv(name, value)

    found = settings.load()

    assert (found.server, found.scratch, found.slots) == ("https://media:4200", tmp_path / "fast", 3)
    assert (found.bandwidth, found.ffmpeg_path) == (2.5, Path("/opt/ffmpeg"))


def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REENCODARR_SLOT", "3")

    with pytest.raises(SettingsError, match="REENCODARR_SLOTS"):
        settings.load()


def test_a_servers_variable_is_refused_unless_its_meaning_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REENCODARR_DATABASE_URL", "sqlite:///x")

    with pytest.raises(SettingsError, match="DATABASE_URL"):
        settings.load()
    assert settings.load(ignored={"REENCODARR_DATABASE_URL"}).slots == 1


def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REENCODARR_SLOTS", "many")

    with pytest.raises(SettingsError, match="REENCODARR_SLOTS"):
        settings.load()


def test_the_token_comes_from_a_variable_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(token.to_text(TOKEN) + "\n")
    assert settings.load().joined() == TOKEN

    monkeypatch.setenv("REENCODARR_TOKEN", token.to_text(Token(name="other", secret="s", pool="linux")))
    assert settings.load().joined().name == "other"
    assert "other" not in repr(settings.load())


def test_without_a_token_it_is_said_how_to_get_one() -> None:
    with pytest.raises(SettingsError, match="workers add"):
        settings.load().joined()
