"""The private server beside one command."""

import os
from pathlib import Path

import httpx
import psutil
import pytest

from reencodarr.cli import prefect_api
from reencodarr.settings import Settings


@pytest.mark.slow
def test_a_private_server_takes_its_port_itself_and_is_found_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect")})
    os.environ.pop("PREFECT_API_URL", None)
    before = set(psutil.Process().children())

    with prefect_api.starting(Settings(data_dir=tmp_path)) as ready:
        (server,) = set(psutil.Process().children()) - before
        asked_for = server.cmdline()[server.cmdline().index("--port") + 1]
        ready()
        answer = httpx.get(f"{os.environ['PREFECT_API_URL']}/health", timeout=120)

    assert asked_for == "0", "what is chosen before the server binds it may be taken meanwhile"
    assert answer.json() is True
