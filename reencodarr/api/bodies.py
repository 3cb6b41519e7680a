"""What may stand in a worker's request to Prefect's API: parsed JSON to the part of it that is passed on. Pure.

Bodies are written anew from what was checked, so that nothing travels on that was read differently here and there.
Which runs a body may name depends on whose they are: `runs` lists them, `kept` leaves out what is foreign.
"""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, NoReturn

from reencodarr.api.rules import Caller, Kind, Right

TRANSFERS = "transfers"
"""The one global limit that a worker may hold a slot of."""
_STATES = frozenset({"PENDING", "RUNNING", "COMPLETED", "FAILED", "CRASHED", "CANCELLING", "CANCELLED"})
"""Not SCHEDULED and PAUSED: whoever sets these decides what runs when."""
_FORCED = frozenset({"PENDING", "CRASHED", "CANCELLING", "CANCELLED"})
"""States that Prefect's engine and worker set without asking."""
_DETAILS = frozenset({"flow_run_id", "task_run_id", "transition_id", "untrackable_result", "task_parameters_id"})
"""Of a state's details; the others concern schedules, caches and leases."""
_UNUSED = frozenset({"flow_version", "empirical_policy"})
"""The engine repeats a flow's version and retries with its run's name. Our flows have neither, so they are left out."""
_LONGEST_LEASE = 600.0
_LONGEST_NAME = 200


class Refused(Exception):
    """Raised when a worker may not send such a body; says why. Never leaves this room."""


def parsed(text: bytes) -> Any:
    """The JSON value that the bytes are.

    Raises Refused.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused("The body is no JSON.") from error


def checked(right: Right, body: Any, caller: Caller) -> Any:
    """The part of a body that is passed on.

    Raises Refused.
    """
    check = _CHECKS.get(right.kind)
    return None if check is None else check(body, caller)


def runs(right: Right, body: Any) -> frozenset[str]:
    """The flow runs that a checked request is about."""
    if right.kind in {Kind.RUN, Kind.RUN_BODY, Kind.LABELS, Kind.STATE}:
        return frozenset({right.subject})
    if right.kind is Kind.LOGS:
        return frozenset(line["flow_run_id"] for line in body)
    if right.kind is Kind.ARTIFACT:
        return frozenset({body["flow_run_id"]})
    if right.kind is Kind.RUNS:
        return frozenset(body["flow_runs"]["id"]["any_"])
    return frozenset()


def kept(right: Right, body: Any, own: Collection[str]) -> Any:
    """A checked body without what belongs to others, where a request mixes them without malice.

    A worker logs that it submits a run before it knows whether it will be given it.
    """
    if right.kind is Kind.LOGS:
        return [line for line in body if line["flow_run_id"] in own]
    if right.kind is Kind.RUNS:
        asked = body["flow_runs"]
        return {**body, "flow_runs": {**asked, "id": {"any_": [one for one in asked["id"]["any_"] if one in own]}}}
    return body


def takes(right: Right, body: Any) -> bool:
    """Whether a checked request takes a run that nobody has yet."""
    return right.kind is Kind.STATE and body["state"]["type"] == "PENDING"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _object(body: Any, allowed: Collection[str]) -> dict[str, Any]:
    """The body, without keys that say nothing.

    Raises Refused for other keys than the allowed ones.
    """
    if not isinstance(body, dict):
        raise Refused("The body is no object.")
    said = {key: value for key, value in body.items() if value is not None}
    strange = sorted(set(said) - set(allowed))
    if strange:
        raise Refused(f"A worker may not set {', '.join(strange[:5])}.")
    return said


def _text(value: Any, *, longest: int = _LONGEST_NAME) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise Refused("A text is missing or too long.")
    return value


def _run_id(value: Any) -> str:
    """A flow run's id, as Prefect's client writes it. Other writings of the same id would be other keys for us."""
    text = _text(value, longest=36)
    if len(text) != 36 or text != text.lower():
        raise Refused("That is no flow run's id.")
    return text


def _page(body: Any, caller: Caller) -> dict[str, Any]:
    return _object(body, {"work_queues", "limit", "offset"})


def _heartbeat(body: Any, caller: Caller) -> dict[str, Any]:
    said = _object(body, {"name", "heartbeat_interval_seconds"})
    if said.get("name") != caller.name:
        raise Refused(f"A worker's heartbeat bears its own name, {caller.name}.")
    return said


def _poll(body: Any, caller: Caller) -> dict[str, Any]:
    said = _object(body, {"work_queue_names", "scheduled_before", "scheduled_after", "limit"})
    queues = said.get("work_queue_names")
    if not isinstance(queues, list) or not queues or not all(isinstance(queue, str) for queue in queues):
        raise Refused("A worker polls its queues by name.")
    if not set(queues) <= caller.queues:
        raise Refused(f"A worker polls its own queues: {', '.join(sorted(caller.queues))}.")
    return said


def _asked_runs(body: Any, caller: Caller) -> dict[str, Any]:
    said = _object(body, {"flow_runs", "limit", "offset", "sort"})
    asked = _object(_without_empty_filters(said.get("flow_runs")), {"id", "state"})
    ids = _object(asked.get("id"), {"any_"}).get("any_")
    if not isinstance(ids, list):
        raise Refused("A worker asks for its own runs by their ids.")
    return {**said, "flow_runs": {**asked, "id": {"any_": [_run_id(one) for one in ids]}}}


def _without_empty_filters(asked: Any) -> Any:
    """Prefect's client writes every filter that it does not use, some as null and one as `and_`."""
    if not isinstance(asked, dict):
        return asked
    return {key: value for key, value in asked.items() if not (key == "operator" and value == "and_")}


def _run_body(body: Any, caller: Caller) -> dict[str, Any]:
    said = _object(body, {"name", "infrastructure_pid", *_UNUSED})
    return {key: _text(value) for key, value in said.items() if key not in _UNUSED}


def _labels(body: Any, caller: Caller) -> dict[str, Any]:
    said = _object(
        body, {"prefect.worker.name", "prefect.worker.type", "prefect.work-pool.name", "prefect.work-pool.id"}
    )
    return {key: _text(value) for key, value in said.items()}


def _state(body: Any, caller: Caller) -> dict[str, Any]:
    said = _object(body, {"state", "force"})
    state = _object(said.get("state"), {"type", "name", "message", "data", "state_details"})
    kind = state.get("type")
    if not isinstance(kind, str) or kind not in _STATES:
        raise Refused(f"A worker may not set the state {kind}.")
    force = said.get("force", False)
    if not isinstance(force, bool) or (force and kind not in _FORCED):
        raise Refused(f"A worker may not force the state {kind}.")
    details = state.get("state_details", {})
    if not isinstance(details, dict):
        raise Refused("The details of a state are an object.")
    state["state_details"] = {key: value for key, value in details.items() if key in _DETAILS}
    state["name"] = _text(state.get("name", ""), longest=64) or None
    return {"state": state, "force": force}


def _logs(body: Any, caller: Caller) -> list[dict[str, Any]]:
    if not isinstance(body, list):
        raise Refused("Log lines are a list.")
    lines = [_object(line, {"name", "level", "message", "timestamp", "flow_run_id", "task_run_id", "worker_id"})
             for line in body]  # fmt: skip
    # A line of no run is the worker's own; the server keeps none of these.
    return [{**line, "flow_run_id": _run_id(line["flow_run_id"])} for line in lines if "flow_run_id" in line]


def _artifact(body: Any, caller: Caller) -> dict[str, Any]:
    said = _object(body, {"key", "type", "description", "data", "metadata_", "flow_run_id", "task_run_id"})
    return {**said, "flow_run_id": _run_id(said.get("flow_run_id"))}


def _artifact_body(body: Any, caller: Caller) -> dict[str, Any]:
    return _object(body, {"data", "description", "metadata_"})


def _lease(body: Any, caller: Caller) -> dict[str, Any]:
    said = _object(body, {"names", "slots", "mode", "lease_duration", "holder"})
    if said.get("names") != [TRANSFERS] or said.get("slots") != 1 or said.get("mode", "concurrency") != "concurrency":
        raise Refused(f"A worker may hold one slot of the limit {TRANSFERS}.")
    said.pop("holder", None)  # Shown to people only, and it could name anybody's run.
    return {**said, **_lease_body({"lease_duration": said.get("lease_duration")}, caller)}


def _lease_body(body: Any, caller: Caller) -> dict[str, Any]:
    said = _object(body, {"lease_duration", "lease_id"})
    seconds = said.get("lease_duration", 60.0)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds <= _LONGEST_LEASE:
        raise Refused(f"A lease lasts {_LONGEST_LEASE:.0f} s at most.")
    return said


_CHECKS: Mapping[Kind, Callable[[Any, Caller], Any]] = {
    Kind.POOL: _page,
    Kind.HEARTBEAT: _heartbeat,
    Kind.POLL: _poll,
    Kind.RUNS: _asked_runs,
    Kind.RUN_BODY: _run_body,
    Kind.LABELS: _labels,
    Kind.STATE: _state,
    Kind.LOGS: _logs,
    Kind.ARTIFACT: _artifact,
    Kind.ARTIFACT_BODY: _artifact_body,
    Kind.LEASE: _lease,
    Kind.LEASE_BODY: _lease_body,
}
