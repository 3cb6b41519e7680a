"""Dispatch: compare what is wanted with what is, and take one step for every video that can take one.

One pass settles what was given away (results applied, dead attempts ended), starts `finalize` for what is encoded, and
gives new work to whoever has room. It never waits for a run. It may be killed at any point and may run twice at once:
every step is a compare-and-set in the database or a run under a key of its own, and the next pass sees what is missing.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass

from sqlmodel import Session

from reencodarr.errors import StateConflict, StorageError
from reencodarr.library import database, jobs, staged, transitions, workers
from reencodarr.library.jobs import Place
from reencodarr.library.states import State
from reencodarr.library.tables import Job, now
from reencodarr.stages import depot, objects, unstaging
from reencodarr.stages.machines import finishing, giving, roster, setbacks, turns, watching
from reencodarr.stages.machines.giving import Depot
from reencodarr.stages.machines.matching import Fleet, Load
from reencodarr.stages.machines.runs import Runs
from reencodarr.stages.workplace import Workplace
from reencodarr.storage.bucket import Bucket
from reencodarr.units import Bytes
from reencodarr.work.orders import Kind

log = logging.getLogger(__name__)

_LOOKED_AT = 20
"""Videos that a pass sends back to their search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What one pass did."""

    settled: int
    finalizing: int
    given: int
    waiting_runs: int
    words: str = ""
    """Why nothing more was given away, where that is not plain."""

    def __str__(self) -> str:
        return (
            f"{self.settled} attempts settled, {self.finalizing} results on their way into the library, "
            f"{self.given} jobs given away, {self.waiting_runs} runs started. {self.words}"
        ).strip()


def dispatch(workplace: Workplace, bucket: Bucket | None, runs: Runs) -> Passed:
    """Make one pass.

    Raises ServerUnreachable when the engine does not answer; what was done until then stays done.
    """
    reachable = _reachable(bucket)
    fleet = _fleet(workplace, remote=bucket is not None)
    settled = watching.settle(workplace, bucket if reachable else None, runs, fleet)
    finalizing = finishing.start(workplace, runs)
    _search_again(workplace)
    if bucket is not None and reachable:
        _discard(workplace, bucket)
    room = _depot(workplace, reachable=reachable)
    given = giving.give(workplace, _fleet(workplace, remote=bucket is not None), room)
    started = [giving.start(workplace, runs, row) for row in _without_run(workplace)]
    silent = bucket is not None and not reachable
    words = "The bucket does not answer: other machines get no work." if silent else room.rests.words
    passed = Passed(settled=settled, finalizing=finalizing, given=len(given), waiting_runs=len(started), words=words)
    log.info("%s", passed)
    return passed


def _reachable(bucket: Bucket | None) -> bool:
    """Whether the bucket answers; without it nothing is given to other machines, and nothing fails."""
    if bucket is None:
        return False
    try:
        bucket.head(objects.PING)
    except StorageError as error:
        log.warning("%s", error)
        return False
    return True


def _discard(workplace: Workplace, bucket: Bucket) -> None:
    """Let films leave the bucket; what it does not delete now is left to the janitor."""
    try:
        unstaging.discard(workplace, bucket)
    except StorageError as error:
        log.warning("a film stays in the bucket for now: %s", error)


def _fleet(workplace: Workplace, *, remote: bool) -> Fleet:
    """Who takes work now, and what was given away; without a bucket (`remote`) only the server's own machine can."""
    with database.session(workplace.database, reads_only=True) as session:
        machines, away = roster.present(session), roster.away(session)
        rows = jobs.unsettled(session)
    loads = tuple(
        Load(kind=Kind(row.kind), place=Place(pool=row.pool, queue=row.queue, build=row.build), worker=row.worker)
        for row in rows
        if not row.outcome
    )
    return Fleet(
        machines=tuple(machine for machine in machines if remote or machine.local),
        loads=loads,
        away=tuple(machine for machine in away if remote or machine.local),
    )


def _depot(workplace: Workplace, *, reachable: bool) -> Depot:
    """The room in the bucket; films that are on their way and encodes that will follow them are promised."""
    if not reachable:
        return Depot(quota=Bytes(0))
    with database.session(workplace.database, reads_only=True) as session:
        films, coming, results = staged.used(session), staged.arriving(session), _uncollected(session)
        rests = setbacks.found(session, now())
    return Depot(
        quota=Bytes(workplace.settings.bucket.quota_bytes),
        used=Bytes(films - coming + results),
        promised=Bytes(coming + films * (giving.COPIES - 1)),
        free=depot.free(workplace.settings),
        rests=rests,
    )


def _uncollected(session: Session) -> int:
    """Bytes of results that lie in the bucket until `finalize` collects them."""
    rows = finishing.encoded(session)
    return sum(encode.size for encode in rows if not encode.result_path.is_file())


def _search_again(workplace: Workplace) -> int:
    """Send videos back to their search whose encoder build no worker has any more; how many."""
    with database.session(workplace.database, reads_only=True) as session:
        builds = {row.build for row in workers.every(session) if row.build}
        found = turns.stranded(session, builds, _LOOKED_AT) if builds else []
    for video_id in found:
        with suppress(StateConflict), database.session(workplace.database) as session:
            note = "no worker has the encoder build of its search any more"
            transitions.move(session, video_id, State.CRF_SEARCHED, State.ANALYZED, attempt=None, note=note)
    return len(found)


def _without_run(workplace: Workplace) -> list[Job]:
    """Jobs that wait for a run to be started."""
    with database.session(workplace.database, reads_only=True) as session:
        return [row for row in jobs.unsettled(session) if not row.outcome and not row.flow_run]
