"""A real Prefect worker that has nothing but a worker's secret, behind the filter and over TLS."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reencodarr.tools import servers
from tests.api import kit
from tests.api.kit import Server
from tests.flows.conftest import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

FLOWS = """
import time
from prefect import flow, task
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.concurrency.sync import concurrency

@task
def step(n):
    print("step", n)
    return n

@flow(flow_run_name="trivial-{job}", log_prints=True)
def trivial(job):
    artifact = create_progress_artifact(progress=0.0, key="progress")
    with concurrency("transfers", strict=True, lease_duration=60):
        step(1)
    update_progress_artifact(artifact, progress=100.0)
    print("done", job)

@flow(log_prints=True)
def long(job):
    print("begun")
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with kit.running(tmp_path_factory.mktemp("server"), tls=True) as running:
        running.owner.post("/v2/concurrency_limits/", json={"name": "transfers", "limit": 2}).raise_for_status()
        yield running


@pytest.fixture(scope="module")
def worker_log(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A running worker's log."""
    folder = tmp_path_factory.mktemp("worker")
    (folder / "some_flows.py").write_text(FLOWS)
    environment = kit.worker_environment(server, server.worker("alpha")) | {"PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "prefect", "worker", "start", "--type", "process", "--name", "alpha"]
    command += ["--pool", "linux", "--work-queue", "crf-search", "--work-queue", "crf-search-first"]
    with servers.running(command, environment=environment, log_path=folder / "log"):
        yield folder / "log"


def _wait_for(server: Server, run: str, states: set[str], *, patience: float = 300.0) -> str:
    end = time.monotonic() + patience
    while (found := server.state(run)) not in states and time.monotonic() < end:
        time.sleep(1)
    return found


def _lines(server: Server, run: str) -> set[str]:
    """The run's log, once its process has sent the last of it."""

    def found() -> set[str]:
        with server.owner as owner:
            lines = owner.post("/logs/filter", json={"logs": {"flow_run_id": {"any_": [run]}}}).json()
        return {line["message"] for line in lines}

    eventually(lambda: any(one.startswith("done") for one in found()))
    return found()


def _tasks(server: Server) -> list[str]:
    """The states of all runs of tasks; the server hears of them by events."""
    with server.owner as owner:
        return [task["state"]["type"] for task in owner.post("/task_runs/filter", json={}).json()]


def test_a_run_with_tasks_progress_and_a_slot_completes(server: Server, worker_log: Path) -> None:
    run = server.run(server.deploy("trivial", entrypoint="some_flows.trivial"), job="x")

    state = _wait_for(server, run, {"COMPLETED", "FAILED", "CRASHED"})

    refused = [line for line in server.log.read_text().splitlines() if "refused" in line]
    assert state == "COMPLETED", worker_log.read_text()[-3000:] + "\n".join(refused)
    assert not refused
    assert "done x" in _lines(server, run)
    with server.owner as owner:
        assert owner.get(f"/flow_runs/{run}").json()["name"] == "trivial-x"
        artifacts = owner.post("/artifacts/filter", json={}).json()
    assert [one["data"] for one in artifacts] == [100.0]
    eventually(lambda: _tasks(server) == ["COMPLETED"])


def test_a_cancel_reaches_it_though_it_hears_no_events(server: Server, worker_log: Path) -> None:
    run = server.run(server.deploy("long", entrypoint="some_flows.long"), job="y")
    assert _wait_for(server, run, {"RUNNING"}) == "RUNNING", worker_log.read_text()[-3000:]
    time.sleep(5)

    with server.owner as owner:
        owner.post(f"/flow_runs/{run}/set_state", json={"state": {"type": "CANCELLING"}})
    # The run itself would sleep twice as long as is waited for it.
    state = _wait_for(server, run, {"CANCELLED", "FAILED", "CRASHED", "COMPLETED"})

    assert state == "CANCELLED", worker_log.read_text()[-3000:]
