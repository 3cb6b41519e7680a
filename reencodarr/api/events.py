"""Which of Prefect's events a worker may send: signs of life of its own runs and of their tasks. Pure.

Automations of the server act on events: one that a worker could forge must mean nothing but "this run of mine lives".
"""

from typing import Any

_RUN = "prefect.flow-run."
_TASK = "prefect.task-run."
_HEARTBEAT = f"{_RUN}heartbeat"
_ID = "prefect.resource.id"


def runs(event: Any) -> frozenset[str]:
    """The flow runs that an event is about, all of which must be the sender's; none: no worker may send it."""
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        return frozenset()
    about = _id(event.get("resource"))
    if event["event"] == _HEARTBEAT and about.startswith(_RUN):
        return _named(event) | {about.removeprefix(_RUN)}
    if event["event"].startswith(_TASK) and about.startswith(_TASK):
        return _of_task(event, about.removeprefix(_TASK))
    return frozenset()


def _of_task(event: dict[str, Any], task: str) -> frozenset[str]:
    """The runs of a task's event. Prefect believes its payload before its resource, so they must say the same."""
    payload = event.get("payload")
    said = payload.get("task_run") if isinstance(payload, dict) else None
    if not isinstance(said, dict) or said.get("id", task) != task:
        return frozenset()
    run = said.get("flow_run_id")
    return _named(event) | ({run} if isinstance(run, str) else set())


def _named(event: dict[str, Any]) -> frozenset[str]:
    related = event.get("related")
    ids = [_id(one) for one in related] if isinstance(related, list) else []
    return frozenset(one.removeprefix(_RUN) for one in ids if one.startswith(_RUN))


def _id(resource: Any) -> str:
    found = resource.get(_ID) if isinstance(resource, dict) else None
    return found if isinstance(found, str) else ""
