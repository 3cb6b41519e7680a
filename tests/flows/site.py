"""A whole site in small: a guarded server, its library, dispatch by hand, and workers as programs of their own."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reencodarr.cli import served
from reencodarr.encoding import policy as policies
from reencodarr.stages import finalizing
from reencodarr.stages.machines import dispatching, giving, staging
from reencodarr.stages.machines.runs import Run, RunState
from reencodarr.stages.workplace import Workplace
from reencodarr.storage.bucket import Bucket
from reencodarr.work import token
from reencodarr.work.token import Token
from tests.api.kit import Server
from tests.stages.conftest import Place

_STATES = {
    "SCHEDULED": RunState.SCHEDULED,
    "PENDING": RunState.PENDING,
    "RUNNING": RunState.RUNNING,
    "CANCELLING": RunState.CANCELLED,
    "CANCELLED": RunState.CANCELLED,
}
_ENTRYPOINTS = {"crf-search": "flows.crf_search.crf_search", "encode": "flows.encode.encode"}


class Engine:
    """Prefect, as dispatch wants it, over its API with the owner's secret."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.own: list[tuple[str, Mapping[str, str | int]]] = []
        """What the server itself was asked to run, by deployment: the tests do it by hand."""

    def deploy(self, pool: str = "linux") -> None:
        """The deployments of that pool's jobs."""
        with self._server.owner as client:
            for name, entrypoint in _ENTRYPOINTS.items():
                flow = client.post("/flows/", json={"name": name}).json()
                said = {"name": pool, "flow_id": flow["id"], "work_pool_name": pool, "entrypoint": entrypoint}
                client.post("/deployments/", json={**said, "pull_steps": []}).raise_for_status()

    def create(self, deployment: str, parameters: Mapping[str, str | int], *, key: str, queue: str = "") -> Run:
        if deployment.endswith("/server"):
            self.own.append((deployment, parameters))
            return Run(id=str(uuid.uuid5(uuid.NAMESPACE_OID, key)), state=RunState.RUNNING, since=datetime.now(UTC))
        with self._server.owner as client:
            found = client.get(f"/deployments/name/{deployment}")
            found.raise_for_status()
            said = {"parameters": dict(parameters), "idempotency_key": key, "work_queue_name": queue or None}
            made = client.post(f"/deployments/{found.json()['id']}/create_flow_run", json=said)
            made.raise_for_status()
            return _run(made.json())

    def states(self, ids: Collection[str]) -> Mapping[str, Run]:
        with self._server.owner as client:
            answer = client.post("/flow_runs/filter", json={"flow_runs": {"id": {"any_": list(ids)}}})
            answer.raise_for_status()
            return {one["id"]: _run(one) for one in answer.json()}

    def cancel(self, run: str) -> None:
        with self._server.owner as client:
            client.post(f"/flow_runs/{run}/set_state", json={"state": {"type": "CANCELLING"}}).raise_for_status()

    def by_state(self) -> list[str]:
        """The states of all runs, sorted."""
        with self._server.owner as client:
            return sorted(one["state_type"] for one in client.post("/flow_runs/filter", json={}).json())

    def ids(self, state: str) -> list[str]:
        """The runs in a state."""
        with self._server.owner as client:
            return [one["id"] for one in client.post("/flow_runs/filter", json={}).json() if one["state_type"] == state]

    def logs(self) -> str:
        """What all runs logged."""
        with self._server.owner as client:
            return "\n".join(line["message"] for line in client.post("/logs/filter", json={"limit": 200}).json())

    def artifacts(self) -> list[dict[str, Any]]:
        with self._server.owner as client:
            found: list[dict[str, Any]] = client.post("/artifacts/filter", json={}).json()
            return found


def _run(said: dict[str, Any]) -> Run:
    return Run(id=said["id"], state=_STATES.get(said["state_type"], RunState.ENDED), since=datetime.now(UTC))


@dataclass(frozen=True, kw_only=True)
class Site:
    """A server and its library."""

    server: Server
    engine: Engine
    place: Place
    bucket: Bucket | None
    folder: Path

    @property
    def workplace(self) -> Workplace:
        return self.place.workplace

    def dispatch(self) -> dispatching.Passed:
        return dispatching.dispatch(self.workplace, self.bucket, self.engine)

    def do_own_part(self) -> None:
        """What the server's own worker would do: stage, prove, swap."""
        while self.engine.own:
            deployment, asked = self.engine.own.pop(0)
            if deployment == giving.STAGE_DEPLOYMENT:
                assert self.bucket is not None
                staging.stage(self.workplace, self.bucket, str(asked["job"]), int(asked["attempt"]))
            else:
                finalizing.finalize(self.workplace, int(asked["video"]), batch="b" * 32, bucket=self.bucket)

    def token(self, name: str, *, local: bool = False) -> str:
        """A new worker's token."""
        _, _, secret = self.server.worker(name, local=local).partition(":")
        url = served.url(self.server.settings)
        return token.to_text(Token(name=name, secret=secret, pool="linux", server=url))

    @contextmanager
    def worker(self, name: str, *arguments: str, local: bool = False) -> "Iterator[Program]":
        """`reencodarr worker` with nothing but a token and a scratch folder."""
        scratch = self.workplace.settings.scratch if local else self.folder / name / "scratch"
        temporary = self.folder / name / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / name),
            "TMPDIR": str(temporary),
            "REENCODARR_TOKEN": self.token(name, local=local),
            "REENCODARR_DATA_DIR": str(self.folder / name / "data"),
            "REENCODARR_SCRATCH_DIR": str(scratch),
            "REENCODARR_RESERVE_BYTES": "0",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
        }
        log = self.folder / f"{name}.log"
        with log.open("wb") as words:
            process = subprocess.Popen(
                [sys.executable, "-m", "reencodarr.cli", "worker", *arguments],
                env=environment, stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT, cwd="/",
                start_new_session=True,
            )  # fmt: skip
        try:
            yield Program(process=process, log=log)
        finally:
            for _ in range(3):
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass(frozen=True, kw_only=True)
class Program:
    """A worker that was started."""

    process: subprocess.Popen[bytes]
    log: Path

    def says(self, words: str) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the worker ended with {self.process.returncode}:\n{self.log.read_text()}")
        return words in self.log.read_text(errors="replace")

    def signal(self) -> None:
        self.process.send_signal(signal.SIGTERM)


def made(server: Server, folder: Path, policy: Path, *, bucket: Bucket | None = None) -> Site:
    """A site around a server that runs."""
    films = folder / "films"
    films.mkdir()
    settings = server.settings.model_copy(update={"stable_seconds": 5.0, "reserve_bytes": 0, "probe_workers": 2})
    workplace = replace(server.workplace, settings=settings, policy=policies.load(policy))
    engine = Engine(server)
    engine.deploy()
    return Site(
        server=server, engine=engine, place=Place(films=films, workplace=workplace), bucket=bucket, folder=folder
    )
