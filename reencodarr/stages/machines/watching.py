"""Watching over work that was given away: results applied, attempts ended of which nothing more will come.

Three things tell about an attempt, and each is believed for what it proves: the result that a worker left, the lease
that its beats renew, and the state of its run, which tells that a process ended, but not that its work came to nothing.
"""

import logging
from contextlib import suppress
from datetime import timedelta
from functools import partial

from sqlmodel import Session

from reencodarr.errors import (
    BucketFull,
    BucketRefused,
    BucketUnreachable,
    ObjectDamaged,
    ObjectMissing,
    OrderUnreadable,
    StateConflict,
    StorageError,
)
from reencodarr.library import database, holds, jobs, transitions, workers
from reencodarr.library.jobs import Place
from reencodarr.library.tables import Job, VideoState, now
from reencodarr.stages import objects, step
from reencodarr.stages.machines import applying, attempts, matching, queues
from reencodarr.stages.machines.attempts import Ending
from reencodarr.stages.machines.matching import Fleet, Load
from reencodarr.stages.machines.runs import Run, Runs, RunState
from reencodarr.stages.step import Outcome
from reencodarr.stages.workplace import Workplace
from reencodarr.storage.bucket import Bucket
from reencodarr.work import orders, talk
from reencodarr.work.orders import Kind, Result
from reencodarr.work.talk import Moment

log = logging.getLogger(__name__)

LONGEST_PENDING = timedelta(minutes=5)
"""A worker that took a run starts it within seconds; one that died in between leaves it pending for ever."""
LONGEST_TROUBLE = timedelta(hours=6)
"""After a worker's last word; for so long its result, which may be hours of work, is asked of a bucket in trouble."""


def settle(workplace: Workplace, bucket: Bucket | None, runs: Runs, fleet: Fleet) -> int:
    """Look at every attempt that was given away; how many ended."""
    with database.session(workplace.database, reads_only=True) as session:
        rows = list(jobs.unsettled(session))
    # The runs first, the results afterwards: a run that ended has left its result before.
    known = runs.states([row.flow_run for row in rows if row.flow_run])
    return sum(_settle_one(workplace, bucket, runs, row, known.get(row.flow_run), fleet) for row in rows)


def _settle_one(
    workplace: Workplace, bucket: Bucket | None, runs: Runs, row: Job, run: Run | None, fleet: Fleet
) -> bool:
    if row.outcome:  # Ended by its lease, or with its video; only its run may be left.
        _cancel(runs, run)
        with database.session(workplace.database) as session:
            jobs.settle(session, row.key or "")
        return True
    trouble: StorageError | None = None
    if row.phase == jobs.RUNNING:
        try:
            if _applied(workplace, bucket, row):
                return True
        except (BucketUnreachable, BucketRefused, BucketFull) as error:
            trouble = error
    ending = _ending(workplace, row, run, fleet, trouble)
    if ending is None:
        return False
    _cancel(runs, run)
    outcome = attempts.ended(workplace, row, ending)
    log.info("job %s of video %d ended without a result: %s", row.key, row.video_id, outcome.words)
    return True


def _applied(workplace: Workplace, bucket: Bucket | None, row: Job) -> bool:
    """Apply the result of an attempt if it is there.

    Raises BucketUnreachable, BucketRefused, BucketFull: then nobody knows yet.
    """
    try:
        result = _result(workplace, bucket, row)
        if result is None:
            return False
        applying.apply(workplace, bucket, result)
    except ObjectMissing:
        return True  # Another pass applied it this moment.
    except (OrderUnreadable, ObjectDamaged) as error:
        failure = attempts.failed_at(row, error)
        told = attempts.told(row, failure)
        attempts.ended(workplace, row, lambda session: attempts.fail(session, row, failure, result=told))
    _forget(bucket, row)
    return True


def _forget(bucket: Bucket | None, row: Job) -> None:
    """Delete a result that was applied: its text is in the database. Where that fails, the janitor comes."""
    if bucket is not None and not row.queue.startswith(queues.LOCAL):
        with suppress(StorageError):
            bucket.delete([objects.result(row.key or "", row.attempt)])


def _result(workplace: Workplace, bucket: Bucket | None, row: Job) -> Result | None:
    """What a worker left, in the results folder or in the bucket."""
    if bucket is None and not row.queue.startswith(queues.LOCAL):
        raise BucketUnreachable("The bucket, where its result may lie, does not answer.")
    key = row.key or ""
    if row.queue.startswith(queues.LOCAL):
        file = orders.kept_result(workplace.results, key, row.attempt)
        text = file.read_bytes() if file.is_file() else None
    else:
        place = objects.result(key, row.attempt)
        there = bucket is not None and bucket.head(place) is not None
        text = bucket.read(place, objects.RESULT_LIMIT) if bucket is not None and there else None
    if text is None:
        return None
    result = orders.result_from_json(text)
    if (result.job, result.attempt) != (key, row.attempt):
        raise OrderUnreadable(f"The result of job {key}, attempt {row.attempt} names another one.")
    return result


def _ending(
    workplace: Workplace, row: Job, run: Run | None, fleet: Fleet, trouble: StorageError | None
) -> Ending | None:
    """How an attempt without a result ends now; None while it may go on. The lease of one that waits is renewed.

    `trouble` is what hinders a look for its result.
    """
    with database.session(workplace.database, reads_only=True) as session:
        state = session.get_one(VideoState, row.video_id)
        rests = holds.of(session, row.video_id)
    if state.claimed_by != jobs.holder(row.key or "") or state.attempt != row.attempt:
        return partial(_gone, row=row)
    over = state.claimed_until is None or state.claimed_until <= now()
    if row.phase == jobs.RUNNING:
        if trouble is None or _cancelled(run):
            return _ending_of_running(row, run, over=over)
        return _unfetched(workplace, row, trouble) if over or (run is not None and not run.alive) else None
    if rests:
        return partial(attempts.give_back, row=row, words=f"A person {rests} it before a worker began.")
    why = _why_not_claimed(row, run, fleet, over=over)
    if why and run is not None and run.state is RunState.ENDED and row.phase == jobs.READY:
        return partial(_never_claimed, row=row)
    if why:
        return partial(attempts.give_back, row=row, words=why)
    if run is not None and (run.state is not RunState.RUNNING or row.phase == jobs.STAGING):
        _renew(workplace, row)  # It waits for a worker, or for its turn to be brought into the bucket.
    return None


def _cancelled(run: Run | None) -> bool:
    return run is not None and run.state is RunState.CANCELLED


def _unfetched(workplace: Workplace, row: Job, trouble: StorageError) -> Ending | None:
    """A result that may be there, and may be hours of work, is waited for; not for ever."""
    if now() - (row.beaten_at or row.started_at) > LONGEST_TROUBLE:
        return partial(attempts.fail_with_bucket, row=row, error=trouble)
    log.warning("the result of job %s waits: %s", row.key, trouble)
    _renew(workplace, row)
    with database.session(workplace.database) as session:
        jobs.waits(session, row, progress=talk.to_json(Moment(stage="result", detail=trouble.message)))
    return None


def _ending_of_running(row: Job, run: Run | None, *, over: bool) -> Ending | None:
    if _cancelled(run):
        return partial(attempts.give_back, row=row, words="Its run was cancelled.")
    if run is not None and not run.alive:
        return partial(attempts.lose, row=row, words="Its run ended without a result.")
    return partial(attempts.lose, row=row, words=f"Nothing was heard of it for {step.LEASE}.") if over else None


def _why_not_claimed(row: Job, run: Run | None, fleet: Fleet, *, over: bool) -> str:
    """Why an attempt that no worker claimed yet will not be claimed any more; empty while it may be."""
    if row.flow_run and (run is None or not run.alive):
        return "Its run ended before a worker claimed it."
    if run is not None and run.state is RunState.PENDING and now() - run.since > LONGEST_PENDING:
        return "Its run was taken and not started."
    waits = run is None or run.state is RunState.SCHEDULED
    load = Load(kind=Kind(row.kind), place=Place(pool=row.pool, queue=row.queue))
    if waits and row.phase == jobs.READY and not matching.served(load, fleet.machines):
        return "No worker that could do it is there any more."
    never = over and (run is None or (run.state is RunState.RUNNING and row.phase == jobs.READY))
    return "Nobody asked for its order." if never else ""


def _never_claimed(session: Session, row: Job) -> Outcome:
    """Its run ended on a worker without a word: nothing is known about the film, but something about the worker."""
    row.worker = workers.owner(session, row.flow_run)
    return attempts.not_begun(session, row, "Its run ended before it asked for its order.")


def _gone(session: Session, row: Job) -> Outcome:
    raise StateConflict(f"Video {row.video_id} went elsewhere while job {row.key} was under way.")


def _renew(workplace: Workplace, row: Job) -> None:
    with suppress(StateConflict), database.session(workplace.database) as session:
        transitions.renew(session, row.video_id, attempt=row.attempt, lease=step.LEASE)


def _cancel(runs: Runs, run: Run | None) -> None:
    if run is not None and run.alive:
        runs.cancel(run.id)
