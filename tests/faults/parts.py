"""What a site is made of, each a process that can be killed: Prefect's server, a worker with its runs."""

import contextlib
import os
import subprocess
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from reencodarr.cli import served
from reencodarr.library.tables import now
from reencodarr.settings import Settings
from reencodarr.stages.machines.runs import Run, RunState
from reencodarr.tools import servers
from tests.api import kit
from tests.faults import procs
from tests.flows.conftest import eventually
from tests.flows.site import Engine
from tests.servers import databases, ports
from tests.storage import servers as s3_servers
from tests.transfer.proxy import Proxy

SERVER_FLOWS = {
    "stage": "flows.stage.stage",
    "finalize": "flows.finalize.finalize",
    "dispatch": "flows.dispatch.dispatch",
    "housekeeping": "flows.housekeeping.housekeeping",
}


class Hands(Engine):
    """Prefect for the work of the workers; what the server itself would do waits for `Rig.step`."""

    def __init__(self, server: kit.Server) -> None:
        super().__init__(server)
        self.waiting: dict[str, Run] = {}

    def create(self, deployment: str, parameters: Mapping[str, str | int], *, key: str, queue: str = "") -> Run:
        if not deployment.endswith("/server"):
            return super().create(deployment, parameters, key=key, queue=queue)
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, key))
        return self.waiting.setdefault(name, Run(id=name, state=RunState.SCHEDULED, since=now()))

    def states(self, ids: Collection[str]) -> Mapping[str, Run]:
        here = {name: run for name, run in self.waiting.items() if name in ids}
        return {**super().states([one for one in ids if one not in here]), **here}

    def alive(self) -> list[str]:
        """The states of runs that have not ended, as Prefect shows them."""
        return [state for state in self.by_state() if state in {"PENDING", "RUNNING"}]


@dataclass(kw_only=True)
class Api:
    """Prefect's server with ours around it, in a process of its own that can be killed and started again."""

    settings: Settings
    environment: dict[str, str]
    log: Path
    held: ExitStack = field(default_factory=ExitStack)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        command, environment = served.arguments(self.settings)
        started = servers.running(command, environment={**environment, **self.environment}, log_path=self.log)
        self.process = self.held.enter_context(started)
        port = self.settings.server.port
        servers.wait_until_listening(self.process, port, log_path=self.log, patience=kit.START)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.stop()

    def stop(self) -> None:
        self.held.close()
        self.held, self.process = ExitStack(), None


@dataclass(frozen=True, kw_only=True)
class Member:
    """A worker that was started: `reencodarr worker`, and all that it starts."""

    name: str
    process: psutil.Popen
    log: Path
    scratch: Path

    def says(self, words: str) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the worker ended with {self.process.returncode}:\n{self.log.read_text()}")
        return words in self.log.read_text(errors="replace")

    def run(self) -> psutil.Process:
        """The process of the run that it has under way."""
        return eventually(self._runs, every=0.1)[0]

    def family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def sleep(self) -> None:
        """Stop everything, as when the machine is suspended."""
        for process in self.family():
            process.suspend()

    def wake(self) -> None:
        for process in self.family():
            process.resume()

    def kill(self) -> None:
        """The worker's process alone."""
        self.process.kill()
        self.process.wait()

    def lose(self) -> None:
        """Everything at once, as when the machine loses power."""
        for process in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        for process in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()

    def _runs(self) -> list[psutil.Process]:
        return procs.living(self.process, "python")


def deploy_server(server: kit.Server) -> None:
    """The deployments of what the server does itself."""
    with server.owner as client:
        for name, entrypoint in SERVER_FLOWS.items():
            flow = client.post("/flows/", json={"name": name}).json()
            queue = "dispatch" if name == "dispatch" else "default"
            said = {"name": "server", "flow_id": flow["id"], "work_pool_name": "server", "work_queue_name": queue}
            made = client.post("/deployments/", json={**said, "entrypoint": entrypoint, "pull_steps": []})
            made.raise_for_status()


def settings(folder: Path, s3: s3_servers.Server, between: Proxy, policy: Path) -> tuple[Settings, dict[str, str]]:
    """The server's settings, here and for its processes. Whatever goes to the bucket goes through the proxy."""
    port = ports.free()
    theirs = databases.environment()
    environment = {
        **theirs,
        "REENCODARR_DATA_DIR": str(folder / "data"),
        "REENCODARR_POLICY": str(policy),
        "REENCODARR_RESERVE_BYTES": "0",
        "REENCODARR_STABLE_SECONDS": "5",
        "REENCODARR_SERVER__HOST": "127.0.0.1",
        "REENCODARR_SERVER__PORT": str(port),
        "REENCODARR_SERVER__PUBLIC_URL": f"http://localhost:{port}",
        "REENCODARR_BUCKET__ENDPOINT": between.endpoint,
        "REENCODARR_BUCKET__NAME": "films",
        "REENCODARR_BUCKET__ACCESS_KEY": s3.access_key,
        "REENCODARR_BUCKET__SECRET_KEY": s3.secret_key,
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
    }
    made = Settings(
        data_dir=folder / "data",
        policy=policy,
        reserve_bytes=0,
        stable_seconds=5,
        probe_workers=2,
        **databases.fields(theirs),  # type: ignore[arg-type]
        server={"host": "127.0.0.1", "port": port, "public_url": f"http://localhost:{port}"},  # type: ignore[arg-type]
        bucket={  # type: ignore[arg-type]
            "endpoint": between.endpoint,
            "name": "films",
            "access_key": s3.access_key,
            "secret_key": s3.secret_key,
        },
    )
    return made, environment


def marked(variable: str, value: str) -> Iterator[psutil.Process]:
    """Processes that have this in their environment, but for our own; nothing else is ever touched."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get(variable) == value:
                yield process
