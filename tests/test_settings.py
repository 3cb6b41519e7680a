"""Settings come from the environment, and a mistake in them is named."""

from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from reencodarr import settings
from reencodarr.errors import SettingsError
from reencodarr.settings import Settings
from reencodarr.tools import variables
from reencodarr.units import GIB


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("REENCODARR_") or name in {"FFMPEG_PATH", "AB_AV1_PATH"}:
            monkeypatch.delenv(name)


def test_a_machine_without_any_variable_has_defaults() -> None:
    found = settings.load()

    assert found.scratch == found.data_dir / "scratch"
    assert found.database == f"sqlite:///{found.data_dir / 'reencodarr.db'}"
    assert (found.engine, found.trash_days, found.stable_seconds, found.reserve_bytes) == ("native", 30, 60, GIB)
    assert (found.policy, found.ffmpeg_path, found.exclude) == (None, None, ())
    assert found.probe_workers >= 1


def test_variables_set_what_they_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REENCODARR_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("REENCODARR_SCRATCH_DIR", str(tmp_path / "fast disk"))
    monkeypatch.setenv("reencodarr_trash_days", "7.5")
    monkeypatch.setenv("FFMPEG_PATH", "/opt/ffmpeg")
    monkeypatch.setenv("REENCODARR_ENGINE", "ab-av1")

    found = settings.load()

    assert (found.data_dir, found.scratch, found.trash_days) == (tmp_path, tmp_path / "fast disk", 7.5)
    assert (found.ffmpeg_path, found.engine) == (Path("/opt/ffmpeg"), "ab-av1")


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FFMPEG_PATH", "")
    monkeypatch.setenv("REENCODARR_TRASH_DAYS", "")

    found = settings.load()

    assert (found.ffmpeg_path, found.trash_days) == (None, 30)


def test_paths_do_not_depend_on_the_working_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REENCODARR_DATA_DIR", "~/films")
    monkeypatch.setenv("REENCODARR_POLICY", "policy.toml")

    found = settings.load()

    assert found.data_dir == Path.home() / "films"
    assert found.policy == tmp_path / "policy.toml"


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("**/extras/**", ("**/extras/**",)),
        ("**/extras/**; [Ss]ample*.mkv ;", ("**/extras/**", "[Ss]ample*.mkv")),
        ('["a;b", "[x]*"]', ("a;b", "[x]*")),
    ],
)
def test_patterns_are_a_list_in_either_form(
    monkeypatch: pytest.MonkeyPatch, text: str, patterns: tuple[str, ...]
) -> None:
    monkeypatch.setenv("REENCODARR_EXCLUDE", text)

    assert settings.load().exclude == patterns


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("REENCODARR_SCRATCHDIR", "Did you mean REENCODARR_SCRATCH_DIR?"),
        ("reencodarr_scratchdir", "Did you mean REENCODARR_SCRATCH_DIR?"),
        ("REENCODARR_FFMPEG", "Did you mean REENCODARR_FFMPEG_PATH?"),
        ("REENCODARR_TRASH_DAYS__MAX", "Did you mean REENCODARR_TRASH_DAYS?"),
        ("REENCODARR_XYZZY", "Unset it."),
    ],
)
def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, meant: str) -> None:
    monkeypatch.setenv(name, "/somewhere")

    with pytest.raises(SettingsError) as caught:
        settings.load()

    assert str(caught.value) == f"There is no setting {name}. {meant}"


def test_what_only_the_tests_read_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REENCODARR_TEST_MEDIA", "/films")

    settings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REENCODARR_TRASH_DAYS", "a month"),
        ("REENCODARR_TRASH_DAYS", "-1"),
        ("REENCODARR_TRASH_DAYS", "nan"),
        ("REENCODARR_TRASH_DAYS", "inf"),
        ("REENCODARR_GONE_LIMIT", "0"),
        ("REENCODARR_GONE_LIMIT", "5"),
        ("REENCODARR_RESERVE_BYTES", "-1"),
        ("REENCODARR_PROBE_WORKERS", "0"),
        ("REENCODARR_ENGINE", "magic"),
        ("REENCODARR_EXCLUDE", "[1, 2]"),
    ],
)
def test_a_wrong_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=f"{name}: "):
        settings.load()


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REENCODARR_TRASH_DAYS", "a month")
    monkeypatch.setenv("REENCODARR_ANALYSIS_WORKERS", "many")

    with pytest.raises(SettingsError, match=r"REENCODARR_TRASH_DAYS: .*; REENCODARR_ANALYSIS_WORKERS: "):
        settings.load()


def test_a_secret_shows_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://me:hunter2@db/films"
    monkeypatch.setenv("REENCODARR_DATABASE_URL", url)

    found = settings.load()

    assert "hunter2" not in repr(found) + str(found) + found.model_dump_json()
    assert found.database == url


def test_settings_cannot_be_changed_afterwards() -> None:
    found = settings.load()

    with pytest.raises(ValueError, match="frozen"):
        found.trash_days = 0  # type: ignore[misc]


def test_settings_can_be_made_by_field_name(tmp_path: Path) -> None:
    made = Settings(data_dir=tmp_path, ffmpeg_path=tmp_path / "ffmpeg")

    assert made.ffmpeg_path == tmp_path / "ffmpeg"


class Outside(BaseModel):
    url: str = ""
    api_key: str = ""


class Everything(BaseModel):
    data_dir: Path = Path()
    sonarr: Outside = Field(default_factory=Outside)


def test_nested_variables_are_known_by_their_full_name() -> None:
    variables.refuse_unknown(["REENCODARR_SONARR__API_KEY", "REENCODARR_SONARR", "HOME"], Everything)

    with pytest.raises(SettingsError, match="Did you mean REENCODARR_SONARR__API_KEY"):
        variables.refuse_unknown(["REENCODARR_SONARR__APIKEY"], Everything)


def test_who_is_told_is_a_list_of_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REENCODARR_NOTIFY__URLS", "ntfy://hunter2-topic; json://me:hunter2@nas:8080/hook")
    monkeypatch.setenv("REENCODARR_NOTIFY__SUMMARY_HOUR", "21")
    monkeypatch.setenv("REENCODARR_NOTIFY__FAILURES", "off")

    found = settings.load()

    urls = [url.get_secret_value() for url in found.notify.urls]
    assert urls == ["ntfy://hunter2-topic", "json://me:hunter2@nas:8080/hook"]
    assert (found.notify.summary_hour, found.notify.failures, found.notify.summary) == (21, False, True)
    assert "hunter2" not in repr(found) + str(found) + found.model_dump_json()


def test_who_is_told_shows_in_no_complaint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REENCODARR_NOTIFY__URLS", '["json://me:hunter2@nas", 5]')
    monkeypatch.setenv("REENCODARR_NOTIFY__SUMMARY_HOUR", "24")

    with pytest.raises(SettingsError, match="REENCODARR_NOTIFY__SUMMARY_HOUR: ") as caught:
        settings.load()

    assert "hunter2" not in str(caught.value)
