"""How a given-away attempt ends: done, failed, lost, or returned; always in one transaction with the video's state.

A failure that may pass, and a worker that went silent, cost the video one attempt: it waits again, and goes to another
worker. The second time it fails, under the name of what happened last. A worker that fails alike at films that nobody
else failed at is at fault itself: it gets no more work, and the films go back.
"""

import logging
from collections.abc import Callable

from sqlmodel import Session, select

from reencodarr import __version__
from reencodarr.errors import (
    Category,
    JobLost,
    ObjectDamaged,
    ObjectMissing,
    OrderUnreadable,
    ReencodarrError,
    Stage,
    StateConflict,
    WorkerLost,
)
from reencodarr.library import database, failures, jobs, staged, transitions, workers
from reencodarr.library.failures import Cause
from reencodarr.library.states import RESTING, State
from reencodarr.library.tables import Job, Video, VideoState
from reencodarr.stages import objects
from reencodarr.stages.step import Outcome, Verdict
from reencodarr.stages.workplace import Workplace
from reencodarr.work import orders
from reencodarr.work.orders import Failed, Kind, Result

log = logging.getLogger(__name__)

MOST_LOSSES = 2
"""One attempt, and one more elsewhere."""
STREAK = 3
"""Like failures of one worker in a row, each at another film, that say more about it than about the films."""
OF_THE_FILM = frozenset({Category.QUALITY, Category.SIZE})
"""Failures that no machine is to blame for."""
OF_THE_COPY = frozenset({ObjectDamaged.code, ObjectMissing.code})
"""Failures of a transfer that a new copy in the bucket may cure, wherever it is read next."""
WORKING = {Kind.CRF_SEARCH: State.CRF_SEARCHING, Kind.ENCODE: State.ENCODING}


Ending = Callable[[Session], Outcome]
"""One of `conclude`, `give_back`, `fail` and `lose`, with everything but the session."""


def working(row: Job) -> State:
    """The state of a video while this job is done."""
    return WORKING[Kind(row.kind)]


def failed_at(row: Job, error: BaseException) -> Failed:
    """A failure of our own as a worker would tell it."""
    if isinstance(error, ReencodarrError):
        return Failed(
            stage=Stage(row.kind),
            category=error.category,
            code=error.code,
            message=error.message,
            advice=error.advice,
            transient=error.transient,
        )
    return Failed(
        stage=Stage(row.kind), category=Category.UNKNOWN, code="unknown", message=f"{type(error).__name__}: {error}"
    )


def conclude(session: Session, row: Job, verdict: Verdict, *, result: str) -> Outcome:
    """End an attempt with what it achieved.

    Raises StateConflict when it no longer holds the video.
    """
    before, attempt = working(row), row.attempt
    verdict.record(session)
    transitions.move(
        session, row.video_id, before, verdict.after, attempt=attempt, reason=verdict.reason, note=verdict.words
    )
    failures.resolve(session, row.video_id, Stage(row.kind))
    _end(session, row, "done", result)
    return Outcome(video_id=row.video_id, state=verdict.after, words=verdict.words)


def give_back(session: Session, row: Job, words: str, *, result: str = "") -> Outcome:
    """End an attempt that nobody is to blame for: the video waits where it waited, and nothing counts.

    Raises StateConflict when it no longer holds the video.
    """
    after = RESTING[working(row)]
    transitions.move(session, row.video_id, working(row), after, attempt=row.attempt, note=words)
    _end(session, row, "returned", result)
    return Outcome(video_id=row.video_id, state=after, words=words)


def fail(session: Session, row: Job, failure: Failed, *, result: str, outcome: str = "failed") -> Outcome:
    """End an attempt that failed; the video waits for another one if that may help, else it failed.

    Raises StateConflict when it no longer holds the video.
    """
    earlier = jobs.losses(session, row.video_id, row.kind)
    spoilt = failure.stage is Stage.TRANSFER and failure.code in OF_THE_COPY
    if spoilt:
        staged.spoil(session, objects.source(session.get_one(Video, row.video_id)))
    again = (failure.transient or spoilt) and len(earlier) + 1 < MOST_LOSSES
    after = RESTING[working(row)] if again else State.FAILED
    failures.keep(session, row.video_id, _cause(row, failure), context=_context(row, failure), attempt=row.attempt)
    reason = "" if again else failure.code
    transitions.move(
        session, row.video_id, working(row), after, attempt=row.attempt, reason=reason, note=failure.message
    )
    _end(session, row, outcome, result)
    session.flush()
    if row.worker and failure.category not in OF_THE_FILM:
        _judge(session, row, failure.code)
    log.warning(
        "%s of video %d failed on %s (%s): %s", row.kind, row.video_id, row.worker, failure.code, failure.message
    )
    state = State(session.exec(select(VideoState.state).where(VideoState.video_id == row.video_id)).one())
    return Outcome(video_id=row.video_id, state=state, words=failure.message, failed=True)


def not_begun(session: Session, row: Job, words: str) -> Outcome:
    """End an attempt whose run ended on a worker before it asked for its order; only the worker is judged by it.

    Raises StateConflict when it no longer holds the video.
    """
    failure = Failed(
        stage=Stage(row.kind), category=Category.UNKNOWN, code="not_begun", message=f"{row.worker}: {words}"
    )
    outcome = give_back(session, row, words, result=told(row, failure) if row.worker else "")
    if row.worker:
        session.flush()
        _judge(session, row, failure.code)
    return outcome


def lose(session: Session, row: Job, words: str) -> Outcome:
    """End an attempt whose worker went silent.

    Raises StateConflict when it no longer holds the video.
    """
    error = WorkerLost(f"{row.worker or 'The worker'} was lost: {words}", advice="See that machine's log.")
    failure = failed_at(row, error)
    return fail(session, row, failure, result=told(row, failure), outcome="lost")


def abandon(session: Session, row: Job) -> None:
    """End an attempt whose video went elsewhere meanwhile (its file changed, say); the video is left where it is."""
    _end(session, row, "returned", "")


def told(row: Job, failure: Failed) -> str:
    """A result as if the worker had written it, which it could not."""
    result = Result(job=row.key or "", attempt=row.attempt, worker=row.worker, build=row.build, outcome=failure)
    return orders.result_json(result)


def ended(workplace: Workplace, row: Job, ending: Ending) -> Outcome:
    """End an attempt, if it is still as `row` says and holds its video; else say what became of it.

    Raises nothing but DatabaseError.
    """
    try:
        with database.session(workplace.database) as session:
            jobs.still(session, row)
            return ending(session)
    except (StateConflict, JobLost) as gone:
        with database.session(workplace.database) as session:
            state = session.get_one(VideoState, row.video_id)
            if state.claimed_by != jobs.holder(row.key or "") or state.attempt != row.attempt:
                abandon(session, row)
        return Outcome(video_id=row.video_id, state=State(state.state), words=f"Nothing of it is used: {gone.message}")


def _end(session: Session, row: Job, outcome: str, result: str) -> None:
    jobs.end(session, row.video_id, row.kind, attempt=row.attempt, outcome=outcome, result=result)
    jobs.settle(session, row.key or "")


def _cause(row: Job, failure: Failed) -> Cause:
    # Where the video was, not where the worker was (in a transfer, say): success there closes the failure.
    return Cause(
        stage=Stage(row.kind),
        category=failure.category,
        code=failure.code,
        message=failure.message,
        advice=failure.advice,
    )


def _context(row: Job, failure: Failed) -> dict[str, str]:
    known = {"worker": row.worker, "build": row.build, "version": __version__, "job": row.key or ""}
    return {**known, "failed_in": failure.stage.value, **failure.context}


def _judge(session: Session, row: Job, code: str) -> None:
    """Quarantine a worker that fails alike at film after film; clear one whose film fails alike elsewhere, too."""
    if alike := _blamed_before(session, row, code):
        for name in alike:
            other = workers.found(session, name)
            if other is not None and code in other.quarantine_reason and workers.release(session, name):
                log.warning("worker %s is cleared: its film failed alike on %s", name, row.worker)
        return
    last = jobs.last_of(session, row.worker, STREAK)
    films = {job.video_id: job for job in last if _code(job) == code and not _blamed_before(session, job, code)}
    if len(films) < STREAK:
        return
    why = f"{STREAK} films in a row failed with {code} on it. See their failures, mend the machine, then release it."
    if workers.quarantine(session, row.worker, why):
        log.warning("worker %s is in quarantine: %s", row.worker, why)
        for job in films.values():
            _send_back(session, job)


def _blamed_before(session: Session, job: Job, code: str) -> set[str]:
    """Other workers on which this film failed alike."""
    others = jobs.of_others(session, job.video_id, job.kind, job.worker)
    return {other.worker for other in others if _code(other) == code}


def _send_back(session: Session, job: Job) -> None:
    state = session.exec(select(VideoState.state).where(VideoState.video_id == job.video_id)).one()
    if state == State.FAILED:
        after = RESTING[working(job)]
        note = f"{job.worker} was at fault, not the film"
        transitions.move(session, job.video_id, State.FAILED, after, attempt=None, note=note)
        failures.resolve(session, job.video_id, Stage(job.kind))


def _code(job: Job) -> str:
    """The code that a job failed with; empty when it did not fail."""
    if not job.result:
        return ""
    try:
        outcome = orders.result_from_json(job.result).outcome
    except OrderUnreadable:
        return ""
    return outcome.code if isinstance(outcome, Failed) else ""
