"""The deployments on a real server with real workers: `prefect deploy --all`, schedules, and a film run to its end."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flows.conftest import Prefect, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def reencodarr(server: Prefect, *arguments: str) -> None:
    environment = {**os.environ, **server.environment}
    subprocess.run([Path(sys.executable).parent / "reencodarr", *arguments], env=environment, check=True)


@pytest.fixture(scope="module")
def deployed(prefect_server: Prefect) -> Prefect:
    reencodarr(prefect_server, "db", "upgrade")
    reencodarr(prefect_server, "pools")
    prefect_server.command("deploy", "--all")
    return prefect_server


def test_every_deployment_says_what_it_does_and_pulls_nothing(deployed: Prefect) -> None:
    found = deployed.post("/deployments/filter", {})

    assert isinstance(found, list)
    assert {one["entrypoint"] for one in found} >= {"flows.reencode.reencode", "flows.finalize.finalize"}
    assert all(len(one["description"]) > 40 for one in found)
    assert all(one["pull_steps"] == [] and one["path"] is None for one in found)


def test_pools_are_locked_and_made_again_without_harm(deployed: Prefect) -> None:
    before = deployed.get("/work_pools/linux")

    reencodarr(deployed, "pools")
    after = deployed.get("/work_pools/linux")

    template = after["base_job_template"]
    assert isinstance(template, dict)
    assert template["variables"]["additionalProperties"] is False
    assert template["job_configuration"]["stream_output"] is False
    assert "command" not in template["job_configuration"]
    assert before["id"] == after["id"]


def test_a_schedule_really_fires(deployed: Prefect, worker: Callable[[str], Path]) -> None:
    housekeeping = deployed.get("/deployments/name/housekeeping/server")
    deployed.post(
        f"/deployments/{housekeeping['id']}/schedules",
        [{"schedule": {"interval": 5}, "active": True}],  # type: ignore[arg-type]
    )
    worker("server")

    def finished() -> bool:
        count = deployed.post(
            "/flow_runs/count",
            {
                "deployments": {"id": {"any_": [housekeeping["id"]]}},
                "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}, "tags": {"all_": ["auto-scheduled"]}},
            },
        )
        return isinstance(count, int) and count > 0

    assert eventually(finished)


def test_a_film_is_replaced_by_deployment_run(
    deployed: Prefect, worker: Callable[[str], Path], small_film: Path, tmp_path: Path
) -> None:
    library = tmp_path / "films"
    library.mkdir()
    film = library / "Small.mkv"
    shutil.copy(small_film, film)
    before = film.stat()
    worker("server")

    started = deployed.command(
        "deployment", "run", "reencode/server", "--param", f"paths={json.dumps([str(library)])}", "--watch"
    )

    assert "Completed" in started.stdout + started.stderr
    assert film.stat().st_ino != before.st_ino
    assert film.stat().st_size < before.st_size
    kept = list(library.glob(".reencodarr/trash/*.orig"))
    assert [original.stat().st_size for original in kept] == [before.st_size]
    logs = deployed.post("/logs/filter", {"limit": 200})
    assert isinstance(logs, list)
    assert any("proven" in line["message"] for line in logs)
    artifacts = deployed.post("/artifacts/filter", {"limit": 200})
    assert isinstance(artifacts, list)
    assert {"progress", "table"} <= {one["type"] for one in artifacts}
