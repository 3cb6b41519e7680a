"""Numbers for Prometheus, counted from the database at each scrape: nothing is kept between two of them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from reencodarr.library import database, jobs, staged, workers
from reencodarr.library.reading import lists, totals
from reencodarr.library.states import State
from reencodarr.library.tables import Worker
from reencodarr.stages.workplace import Workplace
from reencodarr.work import talk

CONTENT_TYPE = CONTENT_TYPE_LATEST
PHASES = ("staging", "ready", "running")
STATUSES = ("online", "draining", "offline", "quarantined")


def text(workplace: Workplace) -> bytes:
    """All numbers in Prometheus' text format.

    Raises DatabaseUnavailable.
    """
    with database.session(workplace.database, reads_only=True) as session:
        states = lists.counts(session).states
        saved = totals.savings(session)
        phases = Counter(row.phase for row in jobs.unsettled(session))
        statuses = Counter(status(worker) for worker in workers.every(session))
        held = staged.used(session)
    registry = CollectorRegistry()
    _by(registry, "videos", "Videos by state", "state", list(State), states)
    _by(registry, "jobs", "Jobs that were given away, by phase", "phase", PHASES, phases)
    _by(registry, "workers", "Workers by status", "status", STATUSES, statuses)
    _one(registry, "staged_bytes", "Bytes of films in the bucket", held)
    _one(registry, "freed_bytes", "Bytes saved on the disks", saved.freed)
    _one(registry, "pending_bytes", "Bytes that will be saved when the trash expires", saved.pending)
    return generate_latest(registry)


def status(worker: Worker) -> str:
    """One of `STATUSES`."""
    if worker.quarantined_at is not None:
        return "quarantined"
    if not workers.online(worker, silent_for=timedelta(seconds=talk.OFFLINE_AFTER)):
        return "offline"
    return "draining" if worker.draining else "online"


def _by(
    registry: CollectorRegistry, name: str, about: str, label: str, values: Iterable[str], counts: Mapping[Any, int]
) -> None:  # fmt: skip
    gauge = Gauge(f"reencodarr_{name}", about, [label], registry=registry)
    for value in values:
        gauge.labels(str(value)).set(counts.get(value, 0))


def _one(registry: CollectorRegistry, name: str, about: str, value: int) -> None:
    Gauge(f"reencodarr_{name}", about, registry=registry).set(value)
