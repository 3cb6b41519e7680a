"""A worker on Windows joins its pool, takes runs, and a cancel ends its programs."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any, cast

import psutil
import pytest

from tests.flows.conftest import Prefect, eventually, prefect_server  # noqa: F401 - a fixture
from tests.windows.rig import ROOT, Rig

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

PATIENCE = 600.0
"""Seconds: a run begins 25 s after its submission on a quiet machine, and minutes after on a busy one."""
TEMPLATE = ROOT / "flows" / "pools" / "process.json"


@pytest.fixture(scope="module")
def pool(prefect_server: Prefect) -> Prefect:  # noqa: F811
    """The server, with the pool `windows`."""
    template = json.loads(TEMPLATE.read_text())
    posted(prefect_server, "/work_pools/", {"name": "windows", "type": "process", "base_job_template": template})
    return prefect_server


@pytest.fixture(scope="module")
def worker(pool: Prefect, rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of the pool on Windows. The process is Windows' own: Wine makes no other for it."""
    environment = {
        "PREFECT_API_URL": pool.url,
        "PREFECT_HOME": "C:\\prefect",
        "DO_NOT_TRACK": "1",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
    }
    log_path = tmp_path_factory.mktemp("worker") / "worker.log"
    command = ("-m", "prefect", "worker", "start", "--pool", "windows", "--name", "wine")
    with rig.running(*command, log_path=log_path, environment=environment) as process:
        yield process


def posted(server: Prefect, path: str, body: dict[str, object]) -> dict[str, Any]:
    return cast("dict[str, Any]", server.post(path, body))


def started(server: Prefect, flow: str) -> str:
    """The id of a new run of one of `runs`' flows in the pool."""
    deployment = posted(
        server,
        "/deployments/",
        {
            "name": "windows",
            "flow_id": posted(server, "/flows/", {"name": flow})["id"],
            "entrypoint": f"tests.windows.runs.{flow}",
            "pull_steps": [],
            "work_pool_name": "windows",
        },
    )
    run = posted(server, f"/deployments/{deployment['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})
    return str(run["id"])


def state(server: Prefect, run: str) -> str:
    return str(server.get(f"/flow_runs/{run}")["state"]["type"])  # type: ignore[index]


def lines(server: Prefect, run: str) -> list[str]:
    found = server.post("/logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}, "limit": 200})
    return [str(line["message"]) for line in found]  # type: ignore[union-attr]


def programs_of(rig: Rig) -> list[int]:
    """The process ids of the rig's `ffmpeg.exe`, as Linux sees them."""
    program = str(rig.ffmpeg).replace("/", "\\")
    found = psutil.process_iter(["cmdline"])
    return [one.pid for one in found if any(program in word for word in one.info["cmdline"] or ())]


@pytest.mark.usefixtures("worker")
def test_a_run_on_windows_is_completed(pool: Prefect) -> None:
    run = started(pool, "short")

    eventually(lambda: state(pool, run) in {"COMPLETED", "FAILED", "CRASHED"}, patience=PATIENCE)

    assert state(pool, run) == "COMPLETED", lines(pool, run)
    eventually(lambda: any("on nt" in line for line in lines(pool, run)))


@pytest.mark.usefixtures("worker")
def test_a_cancel_ends_the_program_and_the_run(pool: Prefect, rig: Rig) -> None:
    run = started(pool, "endless")
    eventually(lambda: "ffmpeg begins" in lines(pool, run) and programs_of(rig), patience=PATIENCE)

    posted(pool, f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    # By itself it would run for twice as long as is waited for its end.
    eventually(lambda: not programs_of(rig))
    eventually(lambda: state(pool, run) == "CANCELLED", patience=PATIENCE)
