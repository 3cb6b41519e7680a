"""Adding, listing, revoking and releasing workers."""

from pathlib import Path

import pytest

from reencodarr import settings as all_settings
from reencodarr.api import secrets
from reencodarr.cli import exits, workers
from reencodarr.errors import SettingsError
from reencodarr.library import database
from reencodarr.library import workers as rows
from reencodarr.stages.machines import workers_desk
from reencodarr.stages.workplace import Workplace, open_workplace
from reencodarr.work import token


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    monkeypatch.setenv("REENCODARR_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("REENCODARR_SERVER__PUBLIC_URL", "https://films.example.org")
    monkeypatch.setenv("REENCODARR_SERVER__TLS", "true")
    settings = all_settings.load()
    database.upgrade(settings.database)
    return open_workplace(settings)


def test_a_token_lets_the_worker_in_and_carries_the_pin(
    workplace: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert workers.add("alpha", pool="windows") == exits.DONE

    told = token.from_text(capsys.readouterr().out)
    assert (told.name, told.pool, told.server) == ("alpha", "windows", "https://films.example.org")
    assert told.certificate.startswith("-----BEGIN CERTIFICATE-----")
    assert workers_desk.known(workplace, told.name, told.secret) is not None
    assert secrets.path(workplace.settings).exists()


def test_a_name_is_given_once(workplace: Workplace) -> None:
    workers.add("alpha")

    with pytest.raises(SettingsError, match="already"):
        workers.add("alpha")


def test_a_revoked_worker_is_gone(workplace: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    workers.add("alpha")
    secret = token.from_text(capsys.readouterr().out).secret

    assert workers.revoke("alpha") == exits.DONE
    assert workers.revoke("alpha") == exits.CANNOT_WORK
    workers.list_()

    assert workers_desk.known(workplace, "alpha", secret) is None
    assert "no workers" in capsys.readouterr().out


def test_a_quarantine_is_shown_and_ended(workplace: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    workers.add("alpha")
    with database.session(workplace.database) as session:
        rows.quarantine(session, "alpha", "three failures alike")
    capsys.readouterr()

    workers.list_()
    assert "quarantined" in capsys.readouterr().out
    assert workers.release("alpha") == exits.DONE
    assert workers.release("alpha") == exits.CANNOT_WORK
