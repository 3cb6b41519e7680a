"""A real Prefect server and real workers as separate processes, on loopback, with homes of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from reencodarr.tools import servers
from reencodarr.units import Seconds
from tests.servers import patient, ports

ROOT = Path(__file__).parents[2]
T = TypeVar("T")
PATIENCE = 300.0
"""Seconds: beside encodes a program starts in a minute, and Prefect's runs in more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefect:
    """A server that runs, and how to talk to it."""

    url: str
    environment: dict[str, str]
    home: Path

    @property
    def client(self) -> httpx.Client:
        return patient.client(self.url)

    def command(self, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        """Run the `prefect` command line against this server; fails the test when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
            env={**os.environ, **self.environment},
            cwd=cwd,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def post(self, path: str, body: dict[str, object]) -> object:
        with self.client as client:
            answer = client.post(path, json=body).raise_for_status()
        return answer.json() if answer.content else None

    def get(self, path: str) -> dict[str, object]:
        with self.client as client:
            found: dict[str, object] = client.get(path).raise_for_status().json()
        return found


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    home = tmp_path_factory.mktemp("prefect")
    port = ports.free()
    environment = {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_CLIENT_MAX_RETRIES": "10",
        "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "1",
        "REENCODARR_DATA_DIR": str(home / "reencodarr"),
        "REENCODARR_STABLE_SECONDS": "0",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    log_path = home / "server.log"
    with servers.running(command, environment=environment, log_path=log_path) as process:
        servers.wait_until_listening(process, port, log_path=log_path, patience=Seconds(PATIENCE))
        yield Prefect(url=f"http://127.0.0.1:{port}/api", environment=environment, home=home)


@pytest.fixture
def worker(prefect_server: Prefect) -> Iterator[Callable[[str], Path]]:
    """Start a worker for a pool; it ends with the test. Gives its log."""
    with ExitStack() as running:

        def start(pool: str) -> Path:
            log_path = prefect_server.home / f"worker-{pool}.log"
            command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool]
            running.enter_context(
                servers.running(command, environment=prefect_server.environment, log_path=log_path, cwd=Path("/"))
            )
            return log_path

        yield start


def eventually(ask: Callable[[], T], *, patience: float = PATIENCE, every: float = 0.5) -> T:
    """The first answer that is true; fails the test when there is none in time."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(every)
    raise AssertionError(f"nothing happened within {patience:.0f} s")
