"""Files that only their owner can read."""

from pathlib import Path

import pytest

from reencodarr.errors import SettingsError
from reencodarr.tools import private


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "one"

    first = private.kept(file, "the secret", lambda: "first")
    again = private.kept(file, "the secret", lambda: pytest.fail("it was made twice"))

    assert (first, again) == ("first", "first")
    assert file.stat().st_mode & 0o077 == 0


def test_a_secret_that_another_process_writes_this_moment_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "one"
    file.touch()
    monkeypatch.setattr(private.time, "sleep", lambda _: file.write_text("theirs\n"))

    assert private.kept(file, "the secret", lambda: "ours") == "theirs"


def test_a_file_that_is_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^The secret .* cannot be read or written"):
        private.kept(tmp_path, "the secret", lambda: "ours")


def test_a_file_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    file = tmp_path / "one"

    assert private.write_new(file, b"first")
    assert not private.write_new(file, b"second")

    assert file.read_bytes() == b"first"
