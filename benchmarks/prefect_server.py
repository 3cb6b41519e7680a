"""What Prefect's server carries on SQLite and on PostgreSQL: `python -m benchmarks.prefect_server [--quick]`.

The server is ours, as `up` starts it. *Runs* are started by a real process worker, 1, 2, 4 and 8 at once. *Lives* are
the same from birth to end without their process, which is what runs wait for on a small machine: one after another,
by so many at once. *Slots* are jobs under way without their ffmpeg: progress, looks at their own state, heartbeats,
log lines and their worker's polls, in the rhythm of real ones. Answers are counted inside the server. `deferred` is
SQLite as Prefect uses it alone, `queued` with `reencodarr.cli.prefect_sqlite`. Results go to
`benchmarks/results/prefect_server.json`; machines differ and this one may be shared: read counts and ratios.
"""

import argparse
import asyncio
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks import prefect_load
from reencodarr.cli import pools, served
from reencodarr.library import database
from reencodarr.settings import Settings
from reencodarr.tools import servers
from tests.servers import postgres

CASES = ("deferred", "queued", "postgresql")
RUNS = {8: 16, 4: 12, 2: 6, 1: 3}
"""How many, by how many at once."""
LIVES = (1, 2, 4, 8)
SLOTS = (32, 128)
LIFE_SECONDS = 12.0
SLOT_SECONDS = 20.0
_OVER = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
_DEFERRED = "BENCHMARK_DEFERRED"
FLOW = """
from prefect import flow, task
from prefect.artifacts import create_progress_artifact, update_progress_artifact

@task
def step():
    made = create_progress_artifact(progress=0.0, key="progress")
    for done in (30.0, 60.0, 90.0):
        update_progress_artifact(artifact_id=made, progress=done)
        print("at", done)

@flow(flow_run_name="trivial-{label}", log_prints=True)
def trivial(label):
    step()
"""


class Counting:
    """The server's app, with a look at every answer: `GET /counted` tells and forgets."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._statuses: Counter[int] = Counter()
        self._seconds: list[float] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == "/counted":
            said = {"statuses": self._statuses, "seconds": self._seconds}
            self._statuses, self._seconds = Counter(), []
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": json.dumps(said).encode()})
        else:
            await self._counted(scope, receive, send)

    async def _counted(self, scope: Any, receive: Any, send: Any) -> None:
        started = time.perf_counter()

        async def counting(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._statuses[message["status"]] += 1
                self._seconds.append(time.perf_counter() - started)
            await send(message)

        await self._app(scope, receive, counting)


def build() -> Counting:
    """The app for uvicorn."""
    app = served.build()
    if _DEFERRED in os.environ:
        from prefect.server.database import dependencies

        dependencies.MODELS_DEPENDENCIES["database_config"] = None
    return Counting(app)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server under test."""

    url: str
    environment: dict[str, str]
    process: psutil.Process
    log: Path
    folder: Path

    @property
    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"{self.url}/api", timeout=120, transport=_Patient())

    def counted(self) -> dict[str, Any]:
        """Answers since the last call, and what the server took meanwhile."""
        said = httpx.get(f"{self.url}/counted").json()
        seconds = sorted(said["seconds"]) or [0.0]
        statuses = {int(status): count for status, count in said["statuses"].items()}
        return {
            "requests": sum(statuses.values()),
            "answers_503": statuses.get(503, 0),
            "other_5xx": sum(count for status, count in statuses.items() if status >= 500 and status != 503),
            "answer_median_ms": round(1000 * statistics.median(seconds), 1),
            "answer_p95_ms": round(1000 * seconds[int(0.95 * (len(seconds) - 1))], 1),
        }

    def locked_lines(self) -> int:
        """Errors of the server's own services."""
        return self.log.read_text(errors="replace").count("database is locked")

    def cpu_seconds(self) -> float:
        used = self.process.cpu_times()
        return float(used.user + used.system)


class _Patient(httpx.HTTPTransport):
    """Asks again after a 503, as Prefect's client does, so that the benchmark itself goes on."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(30):
            answer = super().handle_request(request)
            if answer.status_code != 503:
                break
            answer.read()
            time.sleep(0.3)
        return answer


@contextmanager
def server(case: str, folder: Path, database_url: str | None) -> Iterator[Running]:
    """Our server on a free port, with a pool and a deployment."""
    port = servers.free_port()
    settings = Settings.model_validate({"data_dir": folder / "data", "server": {"port": port}})
    database.upgrade(settings.database)
    command, environment = served.arguments(settings)
    command[command.index("reencodarr.cli.served:build")] = "benchmarks.prefect_server:build"
    environment |= {"REENCODARR_DATA_DIR": str(settings.data_dir), "PREFECT_HOME": str(folder / "prefect")}
    environment |= {"PREFECT_SERVER_LOGGING_LEVEL": "WARNING", "PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}
    if case == "deferred":
        environment[_DEFERRED] = "1"
    if database_url is not None:
        environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database_url
    log = folder / "server.log"
    with servers.running(command, environment=environment, log_path=log) as process:
        servers.wait_until_listening(process, port, log_path=log)
        made = Running(
            url=f"http://127.0.0.1:{port}",
            environment=environment,
            process=psutil.Process(process.pid),
            log=log,
            folder=folder,
        )
        with made.client as client:
            pool = {"name": "linux", "type": "process", "base_job_template": pools.locked_template()}
            client.post("/work_pools/", json=pool).raise_for_status()
            client.post("/work_pools/linux/queues", json={"name": prefect_load.QUEUE}).raise_for_status()
        yield made


def deployment(running: Running) -> str:
    """The id of the trivial flow's deployment."""
    (running.folder / "trivial_flow.py").write_text(FLOW)
    with running.client as client:
        flow = client.post("/flows/", json={"name": "trivial"}).json()
        said = {"name": "linux", "flow_id": flow["id"], "work_pool_name": "linux", "pull_steps": []}
        made = client.post("/deployments/", json={**said, "entrypoint": "trivial_flow.trivial"})
        return str(made.raise_for_status().json()["id"])


def runs(running: Running, deployed: str, *, at_once: int) -> dict[str, Any]:
    """So many runs by a real worker, so many at once."""
    environment = {
        "PREFECT_HOME": str(running.folder / "worker"),
        "PREFECT_API_URL": f"{running.url}/api",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_CLIENT_MAX_RETRIES": "10",
        "PYTHONPATH": str(running.folder),
        "DO_NOT_TRACK": "1",
    }
    command = [sys.executable, "-m", "prefect", "worker", "start", "--type", "process", "--pool", "linux"]
    command += ["--limit", str(at_once)]
    count, taken = RUNS[at_once], []
    locked, cpu = running.locked_lines(), running.cpu_seconds()
    running.counted()
    with servers.running(command, environment=environment, log_path=running.folder / "worker.log"):
        started = time.monotonic()
        with running.client as client:
            made = []
            for number in range(count):
                asked = time.perf_counter()
                answer = client.post(f"/deployments/{deployed}/create_flow_run", json={"parameters": {"label": number}})
                taken.append(time.perf_counter() - asked)
                made.append(answer.raise_for_status().json()["id"])
            states = _ended(client, made)
        seconds = time.monotonic() - started
    return {
        "at_once": at_once,
        "runs": count,
        "completed": states["COMPLETED"],
        "runs_per_minute": round(60 * count / seconds, 1),
        "create_run_median_ms": round(1000 * statistics.median(taken), 1),
        "create_run_p95_ms": round(1000 * sorted(taken)[int(0.95 * (len(taken) - 1))], 1),
        **running.counted(),
        "locked_in_services": running.locked_lines() - locked,
        "server_cpu_s_per_run": round((running.cpu_seconds() - cpu) / count, 2),
        "server_rss_mib": round(running.process.memory_info().rss / 2**20),
    }


def _ended(client: httpx.Client, made: list[str], patience: float = 900.0) -> Counter[str]:
    """The states of runs, once all have ended."""
    end = time.monotonic() + patience
    while True:
        found = client.post("/flow_runs/filter", json={"flow_runs": {"id": {"any_": made}}, "limit": 200}).json()
        states = Counter(one["state_type"] for one in found)
        if sum(states[one] for one in _OVER) == len(made) or time.monotonic() > end:
            return states
        time.sleep(2)


def lives(running: Running, deployed: str, *, at_once: int) -> dict[str, Any]:
    """Runs from birth to end, one after another, by so many at once, without the processes."""
    locked, cpu = running.locked_lines(), running.cpu_seconds()
    running.counted()
    refused, lived = asyncio.run(prefect_load.lives(running.url, deployed, at_once, LIFE_SECONDS))
    return {
        "at_once": at_once,
        "lives_per_minute": round(lived / LIFE_SECONDS * 60, 1),
        **running.counted(),
        "locked_in_services": running.locked_lines() - locked,
        "refused_in_the_end": refused,
        "server_cpu_s_per_life": round((running.cpu_seconds() - cpu) / max(1, lived), 2),
    }


def slots(running: Running, deployed: str, *, at_once: int) -> dict[str, Any]:
    """So many jobs under way at once, for a while."""
    locked, cpu = running.locked_lines(), running.cpu_seconds()
    refused = asyncio.run(prefect_load.under_way(running.url, deployed, at_once, SLOT_SECONDS, begin=running.counted))
    return {
        "slots": at_once,
        "seconds": SLOT_SECONDS,
        **running.counted(),
        "locked_in_services": running.locked_lines() - locked,
        "refused_in_the_end": refused,
        "server_cpu_s": round(running.cpu_seconds() - cpu, 1),
        "server_rss_mib": round(running.process.memory_info().rss / 2**20),
    }


@contextmanager
def every_server(cases: list[str]) -> Iterator[dict[str, Running]]:
    """All cases at once, so that each step can be taken on one after the other, under the same load."""
    with ExitStack() as stack:
        found = {}
        for case in cases:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
            url = None
            if case == "postgresql":
                serving = stack.enter_context(postgres.serving())
                url = serving.url(serving.fresh(), driver="asyncpg")
            found[case] = stack.enter_context(server(case, folder, url))
        yield found


def measured(cases: list[str], *, quick: bool) -> Iterator[dict[str, Any]]:
    """All that was measured so far, after each step."""
    found: dict[str, Any] = {case: {} for case in cases}
    with every_server(cases) as by_case:
        deployed = {case: deployment(running) for case, running in by_case.items()}
        for kind, step, level in _steps(quick=quick):
            for case, running in by_case.items():
                said = step(running, deployed[case], at_once=level)
                found[case].setdefault(kind, []).append(said)
                print(case, kind, json.dumps(said), flush=True)
                yield found


def _steps(*, quick: bool) -> Iterator[tuple[str, Callable[..., dict[str, Any]], int]]:
    for kind, step, levels in (("lives", lives, LIVES), ("slots", slots, SLOTS), ("runs", runs, tuple(RUNS))):
        for level in levels[:1] if quick else levels:
            yield kind, step, level


@dataclass(frozen=True, kw_only=True)
class About:
    """Where it was measured."""

    cores: int | None
    load_before: float
    python: str
    sqlite: str
    prefect: str


def main() -> None:
    """Measure every case, in one go, and write the results."""
    import prefect

    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true", help="one level of each, and no results file")
    asked.add_argument("--case", choices=CASES, action="append")
    options = asked.parse_args()
    os.nice(5)
    about = About(
        cores=os.cpu_count(),
        load_before=round(os.getloadavg()[0], 1),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        prefect=prefect.__version__,
    )
    target = Path(__file__).parent / "results" / "prefect_server.json"
    whole = not options.quick and not options.case
    for found in measured(options.case or list(CASES), quick=options.quick):
        if whole:
            target.write_text(json.dumps({**asdict(about), **found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
