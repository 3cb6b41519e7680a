import os
import sys
from pathlib import Path

import psutil
import pytest

from reencodarr.errors import SettingsError
from reencodarr.storage import embedded
from tests.storage import servers


def test_the_server_is_the_one_in_the_wheel() -> None:
    program = embedded.program()

    assert program.is_file()
    assert os.access(program, os.X_OK)
    assert Path(sys.prefix) in program.parents


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc here")
def test_nobody_else_on_the_machine_can_read_its_keys(tmp_path: Path) -> None:
    with servers.serving("rclone", tmp_path, tls=False) as server:
        (pid,) = server.pids

        assert psutil.Process(pid).cmdline()[1:3] == ["serve", "s3"]
        assert server.secret_key not in " ".join(psutil.Process(pid).cmdline())
        assert Path(f"/proc/{pid}/environ").stat().st_mode & 0o077 == 0
        assert server.secret_key not in next(tmp_path.glob("*.log")).read_text()


def test_the_start_prints_no_key(tmp_path: Path) -> None:
    start = embedded.start(tmp_path, address="127.0.0.1:9000", access_key="reader", secret_key="top-secret")

    assert "top-secret" not in f"{start!r} {start.arguments}"
    assert start.environment["RCLONE_AUTH_KEY"] == '"reader,top-secret"'


@pytest.mark.parametrize(
    ("access_key", "secret_key"), [("ab", "secret"), ("a,b,c", "secret"), ("abc", 'se"cret'), ("abc", "")]
)
def test_keys_that_rclone_would_misread_are_refused(tmp_path: Path, access_key: str, secret_key: str) -> None:
    with pytest.raises(SettingsError, match="keys cannot be used"):
        embedded.start(tmp_path, address="127.0.0.1:9000", access_key=access_key, secret_key=secret_key)


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="private key"):
        embedded.start(
            tmp_path, address="127.0.0.1:9000", access_key="abc", secret_key="secret", certificate=tmp_path / "c"
        )
