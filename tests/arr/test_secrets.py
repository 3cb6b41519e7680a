"""The secret of webhooks."""

import threading
from pathlib import Path

import pytest

from reencodarr.arr import secrets
from reencodarr.errors import SettingsError
from reencodarr.settings import Settings


def test_it_is_made_once_by_one_of_many_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    found: list[str] = []

    def ask() -> None:
        found.append(secrets.webhook(settings).get_secret_value())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(found[0]) > 40
    assert secrets.path(settings).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"short", b"\xff\xfe" * 40, "ü".encode() * 40, b""])
def test_a_file_that_holds_no_secret_is_named(tmp_path: Path, content: bytes) -> None:
    settings = Settings(data_dir=tmp_path)
    secrets.path(settings).parent.mkdir()
    secrets.path(settings).write_bytes(content)

    with pytest.raises(SettingsError, match="does not hold") as raised:
        secrets.webhook(settings)

    assert content not in str(raised.value).encode() or not content
