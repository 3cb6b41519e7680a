"""Who takes work now, and who did a short while ago and may again: the machines as the database knows them."""

from collections.abc import Iterable
from datetime import timedelta

from sqlmodel import Session

from reencodarr.library import workers
from reencodarr.library.tables import Worker
from reencodarr.stages.machines.matching import Machine
from reencodarr.work import talk
from reencodarr.work.talk import Capabilities

ABSENCE = timedelta(hours=1)
"""For so long a film that failed on one machine waits for another one that is away."""


def present(session: Session) -> tuple[Machine, ...]:
    """The machines that take work now."""
    return tuple(_machines(row for row in workers.every(session) if _takes_work(row)))


def away(session: Session) -> tuple[Machine, ...]:
    """The machines that take none now, because they drain or are silent, and that were heard of lately."""
    rows = (row for row in workers.every(session) if _may_work(row) and not _takes_work(row))
    return tuple(_machines(row for row in rows if workers.online(row, silent_for=ABSENCE)))


def _machines(rows: Iterable[Worker]) -> Iterable[Machine]:
    for row in rows:
        said = talk.from_json(Capabilities, row.capabilities)
        yield Machine(
            name=row.name,
            pool=row.pool,
            build=row.build,
            slots=row.slots,
            local=row.local,
            engines=frozenset(said.engines),
        )


def _may_work(row: Worker) -> bool:
    return row.quarantined_at is None and row.joined_at is not None


def _takes_work(row: Worker) -> bool:
    online = workers.online(row, silent_for=timedelta(seconds=talk.OFFLINE_AFTER))
    return _may_work(row) and not row.draining and online
