"""What of Prefect's API a worker's secret opens: method and path to a right, all else is refused. Pure.

The list is what Prefect 3.8's worker and engine ask for in a run of one of our flows (recorded behind this filter);
what may stand in a body is said in `bodies`, whose run it is in `filter`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from reencodarr.units import KIB, MIB, Bytes

_ID = r"(?P<subject>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_POOL = r"(?P<subject>[A-Za-z0-9_-]{1,64})"


class Kind(StrEnum):
    """What a request is about; decides what else is checked."""

    OPEN = "open"
    """Says nothing about anybody: versions, flow names."""
    POOL = "pool"
    """Reads about the caller's own pool."""
    HEARTBEAT = "heartbeat"
    POLL = "poll"
    """Asks for scheduled runs of its queues."""
    OF_POOL = "of_pool"
    """A deployment or queue, of the caller's own pool."""
    RUN = "run"
    """Reads a run of its own."""
    RUNS = "runs"
    """Asks which runs of its own are to be cancelled."""
    RUN_BODY = "run_body"
    LABELS = "labels"
    STATE = "state"
    LOGS = "logs"
    ARTIFACT = "artifact"
    """A new artifact of a run of its own."""
    ARTIFACT_BODY = "artifact_body"
    LEASE = "lease"
    """Takes a slot of the limit on transfers."""
    LEASE_BODY = "lease_body"
    """Renews or gives back a slot; whoever knows a lease's id got it from us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """What one request may do, and the id or pool that its path names."""

    kind: Kind
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A worker, as its secret told."""

    name: str
    pool: str
    queues: frozenset[str]
    """Those of its pool from which it may take runs."""


_RULES = [
    (method, re.compile(f"/api{path}"), kind)
    for method, path, kind in (
        ("GET", r"/(?:health|ready|version|csrf-token|admin/version|admin/storage)", Kind.OPEN),
        ("GET", rf"/flows/{_ID}", Kind.OPEN),
        ("GET", rf"/work_pools/{_POOL}", Kind.POOL),
        ("POST", rf"/work_pools/{_POOL}/queues/filter", Kind.POOL),
        ("POST", rf"/work_pools/{_POOL}/workers/heartbeat", Kind.HEARTBEAT),
        ("POST", rf"/work_pools/{_POOL}/get_scheduled_flow_runs", Kind.POLL),
        ("GET", rf"/deployments/{_ID}", Kind.OF_POOL),
        ("GET", rf"/work_queues/{_ID}", Kind.OF_POOL),
        ("GET", rf"/flow_runs/{_ID}", Kind.RUN),
        ("POST", r"/flow_runs/filter", Kind.RUNS),
        ("PATCH", rf"/flow_runs/{_ID}", Kind.RUN_BODY),
        ("PATCH", rf"/flow_runs/{_ID}/labels", Kind.LABELS),
        ("POST", rf"/flow_runs/{_ID}/set_state", Kind.STATE),
        ("POST", r"/logs/", Kind.LOGS),
        ("POST", r"/artifacts/", Kind.ARTIFACT),
        ("PATCH", rf"/artifacts/{_ID}", Kind.ARTIFACT_BODY),
        ("POST", r"/v2/concurrency_limits/increment-with-lease", Kind.LEASE),
        ("POST", r"/v2/concurrency_limits/decrement-with-lease", Kind.LEASE_BODY),
        ("POST", rf"/v2/concurrency_limits/leases/{_ID}/renew", Kind.LEASE_BODY),
    )
]

_LARGEST = {Kind.LOGS: Bytes(8 * MIB), Kind.ARTIFACT: Bytes(MIB), Kind.ARTIFACT_BODY: Bytes(MIB)}
"""Prefect's client sends up to 4 MB of log lines at once."""


def right(method: str, path: str) -> Right | None:
    """What a worker may do with such a request; None: nothing. The path is compared as it is, letter by letter."""
    for allowed, pattern, kind in _RULES:
        found = pattern.fullmatch(path) if method == allowed else None
        if found is not None:
            return Right(kind=kind, subject=found.groupdict().get("subject") or "")
    return None


def largest_body(kind: Kind) -> Bytes:
    """The most bytes that a body may have."""
    return _LARGEST.get(kind, Bytes(256 * KIB))


def in_own_pool(right: Right, caller: Caller) -> bool:
    """Whether a path that names a pool names the caller's."""
    named = right.kind in {Kind.POOL, Kind.HEARTBEAT, Kind.POLL}
    return not named or right.subject == caller.pool
