"""What of Prefect's API a worker's secret opens."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.api import rules
from reencodarr.api.rules import Caller, Kind

ID = "0f2b7c3e-1111-4222-8333-944445555666"
LINUX = Caller(name="alpha", pool="linux", queues=frozenset({"crf-search"}))

OPEN = [
    ("GET", "/api/health", Kind.OPEN),
    ("GET", "/api/version", Kind.OPEN),
    ("GET", "/api/csrf-token", Kind.OPEN),
    ("GET", "/api/admin/version", Kind.OPEN),
    ("GET", f"/api/flows/{ID}", Kind.OPEN),
    ("GET", "/api/work_pools/linux", Kind.POOL),
    ("POST", "/api/work_pools/linux/queues/filter", Kind.POOL),
    ("POST", "/api/work_pools/linux/workers/heartbeat", Kind.HEARTBEAT),
    ("POST", "/api/work_pools/linux/get_scheduled_flow_runs", Kind.POLL),
    ("GET", f"/api/deployments/{ID}", Kind.OF_POOL),
    ("GET", f"/api/work_queues/{ID}", Kind.OF_POOL),
    ("GET", f"/api/flow_runs/{ID}", Kind.RUN),
    ("PATCH", f"/api/flow_runs/{ID}", Kind.RUN_BODY),
    ("PATCH", f"/api/flow_runs/{ID}/labels", Kind.LABELS),
    ("POST", f"/api/flow_runs/{ID}/set_state", Kind.STATE),
    ("POST", "/api/logs/", Kind.LOGS),
    ("POST", "/api/artifacts/", Kind.ARTIFACT),
    ("PATCH", f"/api/artifacts/{ID}", Kind.ARTIFACT_BODY),
    ("POST", "/api/v2/concurrency_limits/increment-with-lease", Kind.LEASE),
    ("POST", f"/api/v2/concurrency_limits/leases/{ID}/renew", Kind.LEASE_BODY),
]

CLOSED = [
    ("POST", "/api/deployments/"),
    ("POST", "/api/deployments/filter"),
    ("POST", f"/api/deployments/{ID}/create_flow_run"),
    ("PATCH", f"/api/deployments/{ID}"),
    ("GET", "/api/deployments/name/encode/linux"),
    ("POST", "/api/flow_runs/"),
    ("POST", "/api/flow_runs/bulk_set_state"),
    ("POST", "/api/flow_runs/paginate"),
    ("POST", "/api/flow_runs/count"),
    ("DELETE", f"/api/flow_runs/{ID}"),
    ("GET", f"/api/flow_runs/{ID}/logs/download"),
    ("POST", f"/api/flow_runs/{ID}/resume"),
    ("POST", "/api/work_pools/"),
    ("POST", "/api/work_pools/filter"),
    ("PATCH", "/api/work_pools/linux"),
    ("DELETE", "/api/work_pools/linux"),
    ("POST", "/api/work_pools/linux/queues"),
    ("POST", "/api/work_pools/linux/workers/filter"),
    ("POST", "/api/logs/filter"),
    ("POST", "/api/artifacts/filter"),
    ("POST", "/api/events"),
    ("POST", "/api/events/filter"),
    ("POST", "/api/automations/"),
    ("POST", "/api/variables/"),
    ("POST", "/api/block_documents/filter"),
    ("POST", "/api/v2/concurrency_limits/"),
    ("POST", "/api/v2/concurrency_limits/increment"),
    ("GET", "/api/admin/settings"),
    ("POST", "/api/admin/database/clear"),
    ("GET", "/api/docs"),
    ("GET", "/api/openapi.json"),
    ("GET", f"/api/flow_runs/{ID}/"),
    ("GET", f"/api//flow_runs/{ID}"),
    ("GET", f"/api/flow_runs/{ID}\n"),
    ("GET", f"/api/flow_runs/{ID.upper()}"),
    ("HEAD", f"/api/flow_runs/{ID}"),
    ("get", f"/api/flow_runs/{ID}"),
    ("GET", "/api/work_pools/linux/../windows"),
]


@pytest.mark.parametrize(("method", "path", "kind"), OPEN)
def test_what_a_run_needs_is_open(method: str, path: str, kind: Kind) -> None:
    right = rules.right(method, path)

    assert right is not None
    assert right.kind is kind
    assert right.subject in {"", ID, "linux"}


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_all_else_is_closed(method: str, path: str) -> None:
    assert rules.right(method, path) is None


@given(method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]), path=st.text(max_size=60))
def test_no_invented_path_is_open(method: str, path: str) -> None:
    assert rules.right(method, f"/api/{path}x") is None or path.startswith(("work_pools/", "admin/"))


@given(st.uuids())
def test_a_run_is_named_as_prefect_writes_its_id(run: uuid.UUID) -> None:
    right = rules.right("GET", f"/api/flow_runs/{run}")

    assert right is not None
    assert right.subject == str(run)
    assert rules.right("GET", f"/api/flow_runs/{run.hex}") is None


@pytest.mark.parametrize("rest", ["", "/queues/filter", "/workers/heartbeat", "/get_scheduled_flow_runs"])
def test_another_pool_is_not_its_own(rest: str) -> None:
    method = "POST" if rest else "GET"

    own, other = (rules.right(method, f"/api/work_pools/{pool}{rest}") for pool in ("linux", "windows"))

    assert own is not None
    assert rules.in_own_pool(own, LINUX)
    assert other is not None
    assert not rules.in_own_pool(other, LINUX)
