"""What a worker with bad intentions tries against a real server: Prefect's own app in a real process."""

import json
import ssl
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets.sync.client
from websockets.exceptions import ConnectionClosed

from reencodarr.stages.machines import workers_desk
from tests.api import kit
from tests.api.kit import Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SHELL = [{"prefect.deployments.steps.run_shell_script": {"script": "touch /tmp/owned"}}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with kit.running(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def alpha(server: Server) -> str:
    return server.worker("alpha")


@pytest.fixture(scope="module")
def beta(server: Server) -> str:
    return server.worker("beta")


def _refused(client: httpx.Client, method: str, path: str, body: Any = None) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == 403, f"{method} {path}: {answer.status_code} {answer.text[:200]}"


def _take(client: httpx.Client, run: str) -> dict[str, Any]:
    answer = client.post(f"/flow_runs/{run}/set_state", json={"state": {"type": "PENDING"}})
    assert answer.status_code in {200, 201}, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_it_cannot_bring_code_onto_other_workers(server: Server, alpha: str) -> None:
    deployment = server.deploy("own")
    with server.client(alpha) as client:
        flow = server.owner.get(f"/deployments/{deployment}").json()["flow_id"]
        said = {"name": "evil", "flow_id": flow, "work_pool_name": "windows", "pull_steps": SHELL}

        _refused(client, "POST", "/deployments/", said)
        _refused(client, "PATCH", f"/deployments/{deployment}", {"pull_steps": SHELL})
        _refused(client, "POST", f"/deployments/{deployment}/create_flow_run", {"job_variables": {"command": "id"}})
        _refused(client, "POST", "/flow_runs/", {"flow_id": flow})
        _refused(client, "PATCH", "/work_pools/linux", {"base_job_template": {}})
        _refused(client, "POST", "/work_pools/", {"name": "evil", "type": "process"})
        _refused(client, "POST", "/automations/", {"name": "evil"})
        _refused(client, "POST", "/block_documents/", {})
        _refused(client, "POST", "/variables/", {"name": "evil", "value": 1})

    assert server.owner.post("/deployments/filter", json={}).json()[0]["pull_steps"] == []


def test_it_cannot_override_command_or_environment_of_a_run(server: Server, alpha: str) -> None:
    run = server.run(server.deploy("override"))
    with server.client(alpha) as client:
        for wanted in ({"command": "id"}, {"env": {"PYTHONPATH": "/tmp"}}):
            _refused(client, "PATCH", f"/flow_runs/{run}", {"job_variables": wanted})
        _take(client, run)
        for wanted in ({"command": "id"}, {"env": {"PYTHONPATH": "/tmp"}}):
            _refused(client, "PATCH", f"/flow_runs/{run}", {"job_variables": wanted})
        _refused(client, "PATCH", f"/flow_runs/{run}", {"parameters": {"job": "x"}})

    assert server.owner.get(f"/flow_runs/{run}").json()["job_variables"] == {}


def test_it_cannot_touch_another_pools_runs(server: Server, alpha: str) -> None:
    run = server.run(server.deploy("windows", pool="windows"), job="theirs")
    with server.client(alpha) as client:
        _refused(client, "GET", f"/flow_runs/{run}")
        _refused(client, "PATCH", f"/flow_runs/{run}", {"name": "x"})
        for state in ("PENDING", "RUNNING", "COMPLETED", "CANCELLED", "SCHEDULED"):
            _refused(client, "POST", f"/flow_runs/{run}/set_state", {"state": {"type": state}})
        _refused(client, "GET", "/work_pools/windows")
        _refused(client, "POST", "/work_pools/windows/get_scheduled_flow_runs", {"work_queue_names": ["crf-search"]})
        _refused(client, "POST", "/work_pools/linux/get_scheduled_flow_runs", {"work_queue_names": ["default"]})
        _refused(client, "POST", "/work_pools/linux/get_scheduled_flow_runs", {})

    assert server.state(run) == "SCHEDULED"


def test_it_cannot_touch_another_workers_run_or_read_its_parameters(server: Server, alpha: str, beta: str) -> None:
    run = server.run(server.deploy("shared"), job="secret-of-alpha")
    with server.client(alpha) as good, server.client(beta) as bad:
        assert _take(good, run)["status"] == "ACCEPT"
        artifact = good.post("/artifacts/", json={"flow_run_id": run, "type": "progress", "data": 1}).json()["id"]

        assert _take(bad, run)["status"] == "ABORT"
        for state in ("RUNNING", "COMPLETED", "CRASHED", "CANCELLED"):
            _refused(bad, "POST", f"/flow_runs/{run}/set_state", {"state": {"type": state}})
        _refused(bad, "POST", f"/flow_runs/{run}/set_state", {"state": {"type": "CRASHED"}, "force": True})
        _refused(bad, "GET", f"/flow_runs/{run}")
        _refused(bad, "PATCH", f"/flow_runs/{run}/labels", {"prefect.worker.name": "beta"})
        _refused(bad, "PATCH", f"/artifacts/{artifact}", {"data": 100})
        _refused(bad, "POST", "/artifacts/", {"flow_run_id": run, "type": "progress", "data": 1})
        _refused(bad, "GET", f"/flow_runs/{run}/logs/download")
        asked = bad.post("/flow_runs/filter", json={"flow_runs": {"id": {"any_": [run]}}})
        line = {"name": "n", "level": 20, "message": "forged", "timestamp": "2030-01-01T00:00:00Z", "flow_run_id": run}
        logged = bad.post("/logs/", json=[line])

        assert asked.json() == []
        assert logged.status_code == 201
        assert good.post("/flow_runs/filter", json={"flow_runs": {"id": {"any_": [run]}}}).json()[0]["id"] == run
    assert server.state(run) == "PENDING"
    assert server.owner.post("/logs/filter", json={}).json() == []


def test_it_cannot_list_anything(server: Server, alpha: str) -> None:
    things = ("deployments", "flow_runs", "flows", "logs", "artifacts", "events", "work_pools", "variables")
    with server.client(alpha) as client:
        for thing in (*things, "block_documents", "automations", "task_runs", "flow_run_states"):
            _refused(client, "POST", f"/{thing}/filter", {})
        _refused(client, "GET", "/admin/settings")
        _refused(client, "POST", "/flow_runs/filter", {"flow_runs": {"name": {"like_": ""}}})
        _refused(client, "POST", "/work_pools/linux/workers/filter", {})


def test_what_it_sees_of_runs_that_nobody_has_taken_holds_no_url(server: Server, alpha: str) -> None:
    run = server.run(server.deploy("polled"), job="k" * 32, attempt=1, label="A film")
    with server.client(alpha) as client:
        body = {"work_queue_names": ["crf-search"]}
        seen = client.post("/work_pools/linux/get_scheduled_flow_runs", json=body).json()

    found = [one["flow_run"] for one in seen if one["flow_run"]["id"] == run]
    assert found[0]["parameters"] == {"job": "k" * 32, "attempt": 1, "label": "A film"}
    assert "http" not in json.dumps(found)


def test_it_hears_no_events_and_forges_none(server: Server, alpha: str) -> None:
    url = server.url.replace("http", "ws") + "/api/events"
    run = server.run(server.deploy("events"))
    forged = {
        "id": str(uuid.uuid4()),
        "occurred": "2026-01-01T00:00:00Z",
        "event": "prefect.flow-run.Completed",
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run}"},
    }

    for path in ("out", "in"):
        with websockets.sync.client.connect(f"{url}/{path}", subprotocols=["prefect"], open_timeout=120) as socket:  # type: ignore[list-item]
            socket.send(json.dumps({"type": "auth", "token": alpha}))
            if path == "out":
                with pytest.raises(ConnectionClosed):
                    socket.recv(timeout=120)
            else:
                assert json.loads(socket.recv(timeout=120)) == {"type": "auth_success"}
                socket.send(json.dumps(forged))
                time.sleep(2)

    asked = {"filter": {"event": {"name": ["prefect.flow-run.Completed"]}}}
    assert server.owner.post("/events/filter", json=asked).json()["events"] == []


def test_it_is_out_within_seconds_of_its_revocation(server: Server) -> None:
    gamma = server.worker("gamma")
    with server.client(gamma) as client:
        assert client.get("/version").status_code == 200

        workers_desk.revoke(server.workplace, "gamma")
        began = time.monotonic()
        while client.get("/version").status_code != 401:
            assert time.monotonic() - began < 30
            time.sleep(0.2)


def test_without_a_secret_nothing_but_health_and_the_shell_of_the_ui_is_there(server: Server) -> None:
    for path in ("/api/version", "/api/flow_runs/filter", "/api/reencodarr/hello"):
        assert httpx.post(server.url + path, timeout=120).status_code == 401, path

    assert httpx.get(f"{server.url}/health", timeout=120).json() == {"ok": True}
    assert httpx.get(f"{server.url}/api/health", timeout=120).json() is True
    assert httpx.get(f"{server.url}/ui-settings", timeout=120).json()["auth"] == "BASIC"


def test_the_pinned_certificate_is_believed_and_no_other(tmp_path: Path) -> None:
    with kit.running(tmp_path / "ours", tls=True) as server:
        alpha = server.worker("alpha")
        assert server.client(alpha).get("/version").status_code == 200

        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            server.client(alpha, verify=ssl.create_default_context()).get("/version")
