"""Which events a worker may send."""

from typing import Any

import pytest

from reencodarr.api import events

ID = "0f2b7c3e-1111-4222-8333-944445555666"
OTHER = "9f2b7c3e-1111-4222-8333-944445555666"
TASK = "1f2b7c3e-1111-4222-8333-944445555666"


def _event(name: str, about: str, *related: str, **payload: Any) -> dict[str, Any]:
    return {
        "event": name,
        "resource": {"prefect.resource.id": about},
        "related": [{"prefect.resource.id": one, "prefect.resource.role": "flow-run"} for one in related],
        "payload": payload,
    }


def test_a_heartbeat_is_about_its_run() -> None:
    assert events.runs(_event("prefect.flow-run.heartbeat", f"prefect.flow-run.{ID}")) == {ID}


def test_a_tasks_event_is_about_the_run_of_the_task() -> None:
    event = _event(
        "prefect.task-run.Running", f"prefect.task-run.{TASK}", f"prefect.flow-run.{ID}", "prefect.flow.x", task_run={}
    )

    assert events.runs(event) == {ID}


@pytest.mark.parametrize("state", ["Completed", "Failed", "Crashed", "Cancelled", "Pending", "Running"])
def test_ends_of_runs_cannot_be_forged(state: str) -> None:
    assert not events.runs(_event(f"prefect.flow-run.{state}", f"prefect.flow-run.{ID}"))


def test_a_payload_cannot_name_another_run_or_task() -> None:
    of = (f"prefect.task-run.{TASK}", f"prefect.flow-run.{ID}")

    assert events.runs(_event("prefect.task-run.Running", *of, task_run={"flow_run_id": OTHER})) == {ID, OTHER}
    assert not events.runs(_event("prefect.task-run.Running", *of, task_run={"id": OTHER}))
    assert not events.runs(_event("prefect.task-run.Running", *of))


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        {"event": 3},
        {"event": "prefect.flow-run.heartbeat"},
        {"event": "prefect.flow-run.heartbeat", "resource": []},
        _event("prefect.flow-run.heartbeat", "prefect.work-pool.x"),
        _event("prefect.work-pool.ready", "prefect.work-pool.x"),
        _event("prefect.task-run.Running", f"prefect.flow-run.{ID}", task_run={}),
    ],
)
def test_all_other_events_are_nobodys(event: Any) -> None:
    assert not events.runs(event)
