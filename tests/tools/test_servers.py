import sys
import urllib.request
from pathlib import Path

import pytest

from reencodarr.errors import ProgramFailed
from reencodarr.tools import servers

SERVER = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "0"]


def test_servers_that_take_any_port_are_found_there(tmp_path: Path) -> None:
    log, other_log = tmp_path / "log", tmp_path / "other log"

    with (
        servers.running(SERVER, environment={}, log_path=log) as one,
        servers.running(SERVER, environment={}, log_path=other_log) as other,
    ):
        ports = [servers.listening_port(one, log_path=log), servers.listening_port(other, log_path=other_log)]
        answers = [urllib.request.urlopen(f"http://127.0.0.1:{port}/").status for port in ports]

    assert len(set(ports)) == 2
    assert answers == [200, 200]


def test_a_server_that_ends_instead_of_listening_says_why(tmp_path: Path) -> None:
    ends = [sys.executable, "-c", "import sys; sys.exit('no room')"]

    with (
        servers.running(ends, environment={}, log_path=tmp_path / "log") as process,
        pytest.raises(ProgramFailed, match="no room"),
    ):
        servers.listening_port(process, log_path=tmp_path / "log")
