"""What may stand in a worker's requests."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.api import bodies
from reencodarr.api.rules import Caller, Kind, Right

ID = "0f2b7c3e-1111-4222-8333-944445555666"
OTHER = "9f2b7c3e-1111-4222-8333-944445555666"
ALPHA = Caller(name="alpha", pool="linux", queues=frozenset({"crf-search", "encode-01234567"}))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
NAMES = (
    ["state", "force", "type", "name", "flow_runs", "id", "any_", "names", "slots", "mode", "flow_run_id", "data"]
    + ["work_queue_names", "job_variables", "parameters", "lease_duration", "infrastructure_pid", "state_details"]
)  # fmt: skip
telling_values = st.recursive(
    json_values | st.sampled_from([ID, OTHER, "PENDING", "RUNNING", "SCHEDULED", "transfers", "crf-search", 1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=15,
)


def _checked(kind: Kind, body: Any) -> Any:
    return bodies.checked(Right(kind=kind, subject=ID), body, ALPHA)


@given(kind=st.sampled_from(list(Kind)), body=telling_values)
def test_any_body_is_refused_or_stays_within_its_bounds(kind: Kind, body: Any) -> None:
    right = Right(kind=kind, subject=ID)

    try:
        passed = bodies.checked(right, body, ALPHA)
    except bodies.Refused:
        return

    named = bodies.runs(right, passed)
    assert all(len(run) == 36 for run in named)
    assert not bodies.runs(right, bodies.kept(right, passed, ())) or kind not in {Kind.LOGS, Kind.RUNS}
    json.dumps(passed, allow_nan=False)
    if kind is Kind.POLL:
        assert set(passed["work_queue_names"]) <= ALPHA.queues
    if kind is Kind.STATE:
        assert passed["state"]["type"] not in {"SCHEDULED", "PAUSED"}
    if kind is Kind.LEASE:
        assert passed["names"] == ["transfers"]
    if kind is Kind.RUN_BODY:
        assert set(passed) <= {"name", "infrastructure_pid"}


@pytest.mark.parametrize("key", ["job_variables", "parameters", "tags", "state", "deployment_id"])
def test_nothing_but_name_and_process_of_a_run_can_be_changed(key: str) -> None:
    with pytest.raises(bodies.Refused, match=key):
        _checked(Kind.RUN_BODY, {"name": "n", key: {"command": "id"}})

    assert _checked(Kind.RUN_BODY, {"name": "n", key: None, "empirical_policy": {"retries": 9}}) == {"name": "n"}


@pytest.mark.parametrize("state", ["SCHEDULED", "PAUSED", "scheduled", None, 3, ["RUNNING"], {}])
def test_a_state_that_decides_what_runs_when_is_refused(state: object) -> None:
    with pytest.raises(bodies.Refused):
        _checked(Kind.STATE, {"state": {"type": state}})


@pytest.mark.parametrize("state", ["RUNNING", "COMPLETED", "FAILED"])
def test_a_state_that_prefect_judges_cannot_be_forced(state: str) -> None:
    with pytest.raises(bodies.Refused, match="force"):
        _checked(Kind.STATE, {"state": {"type": state}, "force": True})

    assert _checked(Kind.STATE, {"state": {"type": state}})["state"]["type"] == state


def test_details_of_a_state_that_concern_schedules_and_leases_are_left_out() -> None:
    details = {"transition_id": ID, "scheduled_time": "2030-01-01T00:00:00Z", "deployment_concurrency_lease_id": OTHER}

    passed = _checked(Kind.STATE, {"state": {"type": "RUNNING", "state_details": details}})

    assert passed["state"]["state_details"] == {"transition_id": ID}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"work_queue_names": []},
        {"work_queue_names": None},
        {"work_queue_names": ["crf-search", "local"]},
        {"work_queue_names": "crf-search"},
        {"work_queue_names": [["crf-search"]]},
    ],
)
def test_a_worker_polls_queues_of_its_own_by_name(body: dict[str, Any]) -> None:
    with pytest.raises(bodies.Refused):
        _checked(Kind.POLL, body)


@pytest.mark.parametrize(
    "asked",
    [
        None,
        {},
        {"id": None},
        {"id": {}},
        {"id": {"not_any_": [ID]}},
        {"id": {"any_": None}},
        {"id": {"any_": [ID]}, "name": {"like_": ""}},
        {"id": {"any_": [ID]}, "operator": "or_"},
        {"id": {"any_": [ID.upper()]}},
        {"id": {"any_": [ID.replace("-", "")]}},
    ],
)
def test_runs_are_asked_for_by_id_and_by_nothing_wider(asked: object) -> None:
    with pytest.raises(bodies.Refused):
        _checked(Kind.RUNS, {"flow_runs": asked, "limit": None, "offset": 0})


def test_foreign_runs_are_left_out_of_what_is_asked_and_logged() -> None:
    right, logs = Right(kind=Kind.RUNS), Right(kind=Kind.LOGS)
    lines = [{"flow_run_id": run, "message": "m", "name": "n", "level": 20} for run in (ID, OTHER)]

    asked = bodies.checked(right, {"flow_runs": {"id": {"any_": [ID, OTHER]}}}, ALPHA)
    logged = bodies.checked(logs, [*lines, {"message": "of no run"}], ALPHA)

    assert bodies.runs(right, asked) == bodies.runs(logs, logged) == {ID, OTHER}
    assert bodies.kept(right, asked, {ID})["flow_runs"]["id"]["any_"] == [ID]
    assert bodies.kept(logs, logged, {ID}) == lines[:1]


@pytest.mark.parametrize(
    "body",
    [
        {"names": ["deployment:x"], "slots": 1},
        {"names": ["transfers", "other"], "slots": 1},
        {"names": ["transfers"], "slots": 2},
        {"names": ["transfers"], "slots": 1, "mode": "rate_limit"},
        {"names": ["transfers"], "slots": 1, "lease_duration": 86400},
        {"names": ["transfers"], "slots": 1, "lease_duration": True},
    ],
)
def test_a_worker_holds_one_slot_of_transfers_for_a_while(body: dict[str, Any]) -> None:
    with pytest.raises(bodies.Refused):
        _checked(Kind.LEASE, body)

    assert _checked(Kind.LEASE, {"names": ["transfers"], "slots": 1, "lease_duration": 60.0})


def test_a_heartbeat_bears_the_workers_own_name() -> None:
    with pytest.raises(bodies.Refused, match="alpha"):
        _checked(Kind.HEARTBEAT, {"name": "beta", "heartbeat_interval_seconds": 30})


@pytest.mark.parametrize("text", [b"{", b"\xff", b"NaN", b'{"a": Infinity}', b"[" * 100_000])
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(bodies.Refused):
        bodies.parsed(text)


def test_of_two_equal_keys_one_is_passed_on() -> None:
    body = bodies.parsed(b'{"name": "a", "name": "b"}')

    assert json.dumps(bodies.checked(Right(kind=Kind.RUN_BODY, subject=ID), body, ALPHA)) == '{"name": "b"}'
