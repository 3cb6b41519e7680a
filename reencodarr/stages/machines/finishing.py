"""Which results are proven and swapped in now, and the runs that do it.

A result whose `finalize` failed in a way that may pass is tried again an hour later. One whose run died is tried again
at once, and later each time it dies again. The key of a run names the claim that it follows, so that a pass which is
killed or repeated starts none twice.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

import sqlalchemy
from sqlalchemy import func
from sqlmodel import Session, col, select

from reencodarr.errors import Stage
from reencodarr.library import database, jobs, transitions
from reencodarr.library.states import State
from reencodarr.library.tables import Encode, Job, VideoState, now
from reencodarr.stages import step
from reencodarr.stages.machines.runs import Run, Runs, RunState
from reencodarr.stages.workplace import Workplace

log = logging.getLogger(__name__)

DEPLOYMENT = "finalize/server"
AT_ONCE = 2
_LOOKED_AT = 20
"""Encoded videos that a pass looks at: those whose `finalize` failed lately wait."""
AFTER_FAILURE = timedelta(hours=1)
AFTER_DEATH = timedelta(minutes=1)
"""After the second death in a row; each further one doubles it, up to the wait after a failure."""
_STARTS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
"""After so long the first runs of a claim that ended before they claimed anything are followed by another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """A result that waits for its proof."""

    encode: Encode
    attempt: int
    """The newest attempt at its video: each claim makes a new one."""
    tries: Sequence[Job]
    """Attempts at its proof and swap, the newest first."""


def start(workplace: Workplace, runs: Runs) -> int:
    """Start `finalize` for encoded videos, a few at once; how many are under way.

    Raises ServerUnreachable, ServerRefused.
    """
    _end_dead_claims(workplace)
    with database.session(workplace.database, reads_only=True) as session:
        found = [_result(session, encode) for encode in encoded(session, _LOOKED_AT)]
        held = (col(VideoState.state) == State.ENCODED.value) & (col(VideoState.claimed_by) != "")
        busy = session.exec(select(func.count()).select_from(VideoState).where(held)).one()
    for result in found:
        if busy >= AT_ONCE:
            break
        if due(result.tries, result.encode.ended_at) <= now():
            busy += _run(runs, result).alive
    return busy


def encoded(session: Session, limit: int | None = None) -> list[Encode]:
    """The results that wait for their proof and that nobody works on, first things first. Reads only."""
    newest = sqlalchemy.select(func.max(Encode.id)).where(col(Encode.video_id) == col(VideoState.video_id))
    query = (
        select(Encode)
        .join(VideoState, col(VideoState.video_id) == col(Encode.video_id))
        .where(VideoState.state == State.ENCODED.value, VideoState.claimed_by == "")
        .where(col(Encode.id) == newest.correlate(VideoState).scalar_subquery())
        .order_by(col(VideoState.priority).desc(), col(VideoState.changed_at))
    )
    return list(session.exec(query if limit is None else query.limit(limit)).all())


def due(tries: Sequence[Job], ready: datetime) -> datetime:
    """When a result that was `ready` then is tried again, after these tries, the newest first."""
    if not tries:
        return ready
    last = tries[0].ended_at or tries[0].started_at
    if tries[0].outcome == "failed":
        return last + AFTER_FAILURE
    deaths = sum(1 for _ in takewhile(lambda job: job.outcome == "lost", tries))
    return last + (min(AFTER_FAILURE, AFTER_DEATH * 2 ** (deaths - 2)) if deaths > 1 else timedelta())


def _result(session: Session, encode: Encode) -> _Result:
    attempt = session.exec(select(VideoState.attempt).where(VideoState.video_id == encode.video_id)).one()
    tries = jobs.since(session, encode.video_id, Stage.SWAP.value, attempt=encode.attempt)
    return _Result(encode=encode, attempt=attempt, tries=tries)


def _end_dead_claims(workplace: Workplace) -> None:
    """End claims of runs of this machine that died, without waiting for their lease."""
    with database.session(workplace.database) as session:
        jobs.lose(session, transitions.reset_stale(session, now(), state=State.ENCODED))


def _run(runs: Runs, result: _Result) -> Run:
    """The run that follows the newest claim: one that ended without a claim, or hangs, is followed by another."""
    key = f"finalize/{result.encode.video_id}/{result.encode.id}/{result.attempt}"
    parameters = {"video": str(result.encode.video_id)}
    for number, patience in enumerate(_STARTS):
        run = runs.create(DEPLOYMENT, parameters, key=f"{key}/{number}")
        waited = now() - run.since
        if run.state is RunState.SCHEDULED or waited <= (step.LEASE if run.alive else patience):
            return run
        if run.alive:
            log.warning("run %s of finalize came to nothing within %s", run.id, step.LEASE)
            runs.cancel(run.id)
    return runs.create(DEPLOYMENT, parameters, key=f"{key}/{now():%Y%m%d%H}")
