"""A real server as `up` starts it, in a process of its own, and workers that speak to it."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from reencodarr.cli import pools, served
from reencodarr.library import database
from reencodarr.settings import Settings
from reencodarr.stages.machines import workers_desk
from reencodarr.stages.workplace import Workplace, open_workplace
from reencodarr.tools import servers
from reencodarr.units import Seconds
from tests.servers import databases, patient, ports

START = Seconds(300.0)
"""For a start on a busy machine: Prefect alone takes half a minute."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server."""

    settings: Settings
    workplace: Workplace
    url: str
    secret: str
    """The owner's `name:secret`."""
    log: Path

    @property
    def owner(self) -> httpx.Client:
        return self.client(self.secret)

    def client(self, credentials: str, **options: Any) -> httpx.Client:
        name, _, secret = credentials.partition(":")
        if self.settings.server.tls:
            pinned = self.settings.data_dir / "tls" / "authority.pem"
            options.setdefault("verify", ssl.create_default_context(cafile=str(pinned)))
        return patient.client(f"{self.url}/api", auth=(name, secret), **options)

    def worker(self, name: str, pool: str = "linux", *, local: bool = False) -> str:
        """A new worker's `name:secret`."""
        return f"{name}:{workers_desk.add(self.workplace, name, pool, local=local)}"

    def deploy(self, name: str, *, pool: str = "linux", queue: str = "crf-search", entrypoint: str = "") -> str:
        """A deployment's id."""
        with self.owner as client:
            flow = client.post("/flows/", json={"name": "trivial"}).json()
            said = {"name": name, "flow_id": flow["id"], "work_pool_name": pool, "work_queue_name": queue}
            made = client.post("/deployments/", json={**said, "entrypoint": entrypoint or None, "pull_steps": []})
            made.raise_for_status()
            return str(made.json()["id"])

    def run(self, deployment: str, **parameters: object) -> str:
        """A scheduled run's id."""
        with self.owner as client:
            made = client.post(f"/deployments/{deployment}/create_flow_run", json={"parameters": parameters})
            made.raise_for_status()
            return str(made.json()["id"])

    def state(self, run: str) -> str:
        with self.owner as client:
            return str(client.get(f"/flow_runs/{run}").json()["state"]["type"])


@contextmanager
def running(folder: Path, **server_settings: Any) -> Iterator[Server]:
    """A server with pools, on a free loopback port, as distributed servers are: guarded."""
    port = ports.free()
    said = {"host": "127.0.0.1", "port": port, "public_url": None, **server_settings}
    scheme = "https" if said.get("tls") else "http"
    said["public_url"] = f"{scheme}://localhost:{port}"
    theirs = databases.environment()
    settings = Settings(data_dir=folder / "data", server=said, **databases.fields(theirs))  # type: ignore[arg-type]
    database.upgrade(settings.database)
    workplace = open_workplace(settings)
    command, environment = served.arguments(settings)
    environment |= {
        "REENCODARR_DATA_DIR": str(settings.data_dir),
        "REENCODARR_SERVER__PUBLIC_URL": said["public_url"],
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        **theirs,
    }
    log = folder / "server.log"
    with servers.running(command, environment=environment, log_path=log) as process:
        servers.wait_until_listening(process, port, log_path=log, patience=START)
        server = Server(
            settings=settings,
            workplace=workplace,
            url=said["public_url"],
            secret=environment["PREFECT_SERVER_API_AUTH_STRING"],
            log=log,
        )
        make_pools(server)
        yield server
    workplace.database.dispose()


def worker_environment(server: Server, credentials: str) -> dict[str, str]:
    """For a Prefect worker with nothing but its secret."""
    home = server.settings.data_dir.parent / f"home-{credentials.partition(':')[0]}"
    found = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"{server.url}/api",
        "PREFECT_API_AUTH_STRING": credentials,
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_WORKER_CANCELLATION_POLL_SECONDS": "2",
        "DO_NOT_TRACK": "1",
    }
    if server.settings.server.tls:
        found["PREFECT_API_SSL_CERT_FILE"] = str(server.settings.data_dir / "tls" / "authority.pem")
    return found


def make_pools(server: Server) -> None:
    """The pools of the server and of two systems, with the queues of searches."""
    with server.owner as client:
        for pool in ("server", "linux", "windows"):
            said = {"name": pool, "type": "process", "base_job_template": pools.locked_template()}
            client.post("/work_pools/", json=said).raise_for_status()
            for queue in ("crf-search", "crf-search-first"):
                client.post(f"/work_pools/{pool}/queues", json={"name": queue}).raise_for_status()
