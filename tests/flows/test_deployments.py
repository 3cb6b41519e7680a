"""The deployments on a real server with real workers: `prefect deploy --all`, schedules, and a film run to its end."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from dashboards import actions
from reencodarr.errors import ServerRefused, ServerUnreachable
from reencodarr.stages.machines.runs import RunState
from tasks import runs
from tests.flows.conftest import ROOT, Prefect, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]


def reencodarr(server: Prefect, *arguments: str) -> None:
    environment = {**os.environ, **server.environment}
    subprocess.run([Path(sys.executable).parent / "reencodarr", *arguments], env=environment, check=True)


@pytest.fixture(scope="module")
def deployed(prefect_server: Prefect) -> Prefect:
    reencodarr(prefect_server, "db", "upgrade")
    reencodarr(prefect_server, "pools", "--deploy")
    return prefect_server


def test_every_deployment_says_what_it_does_and_pulls_nothing(deployed: Prefect) -> None:
    found = deployed.post("/deployments/filter", {})

    assert isinstance(found, list)
    assert {one["entrypoint"] for one in found} >= {"flows.reencode.reencode", "flows.dispatch.dispatch"}
    assert len(found) == len(DEPLOYMENTS)
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


def test_deploying_again_changes_nothing_but_what_is_asked(deployed: Prefect) -> None:
    before = _deployed(deployed)

    reencodarr(deployed, "pools", "--deploy", "--transfers", "3")

    assert _deployed(deployed) == before
    limits = deployed.post("/v2/concurrency_limits/filter", {})
    assert isinstance(limits, list)
    assert {one["name"]: one["limit"] for one in limits}["transfers"] == 3


def test_the_wheel_deploys_the_same_without_a_checkout(deployed: Prefect, tmp_path: Path) -> None:
    wheel(tmp_path)
    package, elsewhere = tmp_path / "package", tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {**os.environ, **deployed.environment, "PYTHONPATH": str(package)}
    command = [sys.executable, "-m", "reencodarr.cli", "pools", "--deploy"]

    subprocess.run(command, env=environment, cwd=elsewhere, check=True)

    assert (package / "flows" / "prefect.yaml").read_bytes() == (ROOT / "prefect.yaml").read_bytes()
    assert len(_deployed(deployed)[0]) == len(DEPLOYMENTS)


def test_dispatch_has_one_run_at_a_time_and_encodes_have_no_limit(deployed: Prefect) -> None:
    dispatch = deployed.get("/deployments/name/dispatch/server")
    encode = deployed.get("/deployments/name/encode/linux")

    assert dispatch["global_concurrency_limit"]["limit"] == 1  # type: ignore[index]
    assert dispatch["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"  # type: ignore[index]
    assert encode["global_concurrency_limit"] is None


def test_the_engine_keeps_to_its_promises(deployed: Prefect) -> None:
    parameters: dict[str, str | int] = {"job": "a" * 32, "attempt": 1, "label": "A film"}

    with temporary_settings({PREFECT_API_URL: deployed.url}), runs.connected() as engine:
        first = engine.create("encode/linux", parameters, key="k/1", queue="encode-0123abcd")
        again = engine.create("encode/linux", parameters, key="k/1", queue="encode-0123abcd")
        known = engine.states([first.id, "00000000-0000-0000-0000-000000000000"])
        engine.cancel(first.id)
        engine.cancel(first.id)
        engine.cancel("00000000-0000-0000-0000-000000000000")
        after = engine.states([first.id])
        with pytest.raises(ServerRefused, match="does not know encode/amiga"):
            engine.create("encode/amiga", parameters, key="k/2")

    assert again.id == first.id
    assert {run.state for run in known.values()} == {RunState.SCHEDULED}
    assert after[first.id].state is RunState.CANCELLED


def test_the_dashboard_starts_what_is_deployed(deployed: Prefect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", deployed.url)
    cause = {"stage": "encode", "category": "resources", "code": "no_space"}

    name = actions.start(actions.RETRY_FAILURES, {**cause, "exclude": True})

    runs_of_it = deployed.post("/flow_runs/filter", {"flow_runs": {"name": {"any_": [name]}}})
    assert isinstance(runs_of_it, list)
    assert [run["parameters"] for run in runs_of_it] == [{**cause, "exclude": True}]


def test_an_engine_that_is_away_is_named() -> None:
    away = {PREFECT_API_URL: "http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES: 0}

    with temporary_settings(away), pytest.raises(ServerUnreachable), runs.connected() as engine:
        engine.states(["00000000-0000-0000-0000-000000000000"])


def _deployed(server: Prefect) -> tuple[set[str], set[str], list[str]]:
    """Deployments by id, schedules by slug, automations by name."""
    found = server.post("/deployments/filter", {})
    automations = server.post("/automations/filter", {})
    assert isinstance(found, list)
    assert isinstance(automations, list)
    schedules = {f"{one['entrypoint']} {schedule['slug']}" for one in found for schedule in one["schedules"]}
    return {one["id"] for one in found}, schedules, sorted(one["name"] for one in automations)


def _newest_logs(server: Prefect) -> list[str]:
    """What was logged last; a run sends its last lines when its end is known already."""
    found = server.post("/logs/filter", {"limit": 200, "sort": "TIMESTAMP_DESC"})
    assert isinstance(found, list)
    return [line["message"] for line in found]


def wheel(folder: Path) -> None:
    """Build the wheel and unpack it into `folder/package`; skips where it cannot be built."""
    uv = Path(sys.executable).with_name("uv")
    built = subprocess.run([uv, "build", "--wheel", "-q", "-o", folder], cwd=ROOT, capture_output=True, text=True)
    if built.returncode:
        pytest.skip(f"no wheel can be built here: {built.stderr[-300:]}")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as packed:
        packed.extractall(folder / "package")


def test_a_schedule_really_fires(deployed: Prefect, worker: Callable[[str], Path]) -> None:
    housekeeping = deployed.get("/deployments/name/housekeeping/server")
    schedules = f"/deployments/{housekeeping['id']}/schedules"
    # A run takes a busy machine half a minute: one every few seconds would be more than it can do.
    often = [{"schedule": {"interval": 40}, "active": True}]
    with deployed.client as client:
        [made] = client.post(schedules, json=often).raise_for_status().json()
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
    # Before its runs, and they are many, keep the worker from those of other tests.
    with deployed.client as client:
        assert client.delete(f"{schedules}/{made['id']}").status_code in {204, 404}


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
    assert eventually(lambda: any("proven" in message for message in _newest_logs(deployed)))
    artifacts = deployed.post("/artifacts/filter", {"limit": 200})
    assert isinstance(artifacts, list)
    assert {"progress", "table"} <= {one["type"] for one in artifacts}
