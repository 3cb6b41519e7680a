"""The owner's secret."""

import threading
from pathlib import Path

import pytest

from reencodarr.api import secrets
from reencodarr.errors import SettingsError
from reencodarr.settings import Settings


def test_it_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)

    first, again = secrets.owner(settings), secrets.owner(settings)

    assert first == again
    assert first.startswith("owner:")
    assert len(first) > 40
    assert secrets.path(settings).stat().st_mode & 0o077 == 0
    assert secrets.path(settings).parent.stat().st_mode & 0o077 == 0


def test_many_at_once_agree(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(secrets.owner(Settings(data_dir=tmp_path)))) for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_file_that_holds_no_secret_is_named(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    secrets.path(settings).parent.mkdir()
    secrets.path(settings).write_text("owner:short")

    with pytest.raises(SettingsError, match="does not hold"):
        secrets.owner(settings)
