"""How a given-away attempt ends: done, failed, lost, or returned; always in one transaction with the video's state.

A failure that may pass, and a worker that went silent, cost the video one attempt: it waits again, and goes to another
worker. So does one that may be the machine's fault, if there is another machine to try. The second time the video
fails, under the name of what happened last; for what is the film's own fault, it fails the first time.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from sqlmodel import Session, select

from reencodarr import __version__
from reencodarr.errors import (
    Category,
    JobLost,
    ReencodarrError,
    Stage,
    StateConflict,
    StorageError,
    WorkerLost,
)
from reencodarr.library import database, failures, jobs, staged, transitions
from reencodarr.library.failures import Cause
from reencodarr.library.states import RESTING, State
from reencodarr.library.tables import Job, Video, VideoState
from reencodarr.stages import objects
from reencodarr.stages.machines import blame, matching, roster
from reencodarr.stages.machines.matching import Want
from reencodarr.stages.step import Outcome, Verdict
from reencodarr.stages.workplace import Workplace
from reencodarr.work import orders
from reencodarr.work.orders import Failed, Kind, Result, SearchTerms

log = logging.getLogger(__name__)

MOST_LOSSES = 2
"""One attempt, and one more elsewhere."""

Ending = Callable[[Session], Outcome]
"""One of `conclude`, `give_back`, `fail` and `lose`, with everything but the session."""


def working(row: Job) -> State:
    """The state of a video while this job is done."""
    return blame.WORKING[Kind(row.kind)]


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


def give_back(session: Session, row: Job, words: str, *, result: str = "", reason: str = "") -> Outcome:
    """End an attempt that nobody is to blame for: the video waits where it waited, and nothing counts.

    Raises StateConflict when it no longer holds the video.
    """
    after = RESTING[working(row)]
    transitions.move(session, row.video_id, working(row), after, attempt=row.attempt, reason=reason, note=words)
    _end(session, row, "returned", result)
    return Outcome(video_id=row.video_id, state=after, words=words)


def set_back(session: Session, row: Job, error: StorageError) -> Outcome:
    """End an attempt whose film the bucket did not take; the video waits for that reason.

    Raises StateConflict when it no longer holds the video.
    """
    result = told(row, replace(failed_at(row, error), stage=Stage.TRANSFER))
    return give_back(session, row, error.message, result=result, reason=error.code)


def fail(session: Session, row: Job, failure: Failed, *, result: str, outcome: str = "failed") -> Outcome:
    """End an attempt that failed; the video waits for another one if that may help, else it failed.

    Raises StateConflict when it no longer holds the video.
    """
    if blame.spoilt(failure):
        staged.spoil(session, objects.source(session.get_one(Video, row.video_id)))
    again = _again(session, row, failure)
    after = RESTING[working(row)] if again else State.FAILED
    failures.keep(session, row.video_id, _cause(row, failure), context=_context(row, failure), attempt=row.attempt)
    reason = "" if again else failure.code
    transitions.move(
        session, row.video_id, working(row), after, attempt=row.attempt, reason=reason, note=failure.message
    )
    _end(session, row, outcome, result)
    session.flush()
    blame.judge(session, row, failure)
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
    session.flush()
    blame.judge(session, row, failure)
    return outcome


def lose(session: Session, row: Job, words: str) -> Outcome:
    """End an attempt whose worker went silent.

    Raises StateConflict when it no longer holds the video.
    """
    error = WorkerLost(f"{row.worker or 'The worker'} was lost: {words}", advice="See that machine's log.")
    failure = failed_at(row, error)
    return fail(session, row, failure, result=told(row, failure), outcome="lost")


def fail_with_bucket(session: Session, row: Job, error: StorageError) -> Outcome:
    """End an attempt whose result could not be fetched from the bucket for too long.

    Raises StateConflict when it no longer holds the video.
    """
    failure = replace(failed_at(row, error), stage=Stage.TRANSFER, transient=True)
    return fail(session, row, failure, result=told(row, failure))


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


def _again(session: Session, row: Job, failure: Failed) -> bool:
    """Whether the video is tried once more."""
    if len(jobs.losses(session, row.video_id, row.kind)) + 1 >= MOST_LOSSES:
        return False
    return blame.passing(failure) or (blame.of_a_machine(failure) and _others(session, row))


def _others(session: Session, row: Job) -> bool:
    """Whether there is another worker that could do what this one failed at, be it that it is away for a moment."""
    if not row.worker:
        return False
    want = Want(kind=Kind(row.kind), build=_build(row), engine=_engine(row))
    known = (*roster.present(session), *roster.away(session))
    return any(machine.name != row.worker and matching.able(machine, want) for machine in known)


def _build(row: Job) -> str:
    """The encoder build that it needs; a search names the one that did it, and any other could have."""
    return row.build if row.kind == Kind.ENCODE else ""


def _engine(row: Job) -> str:
    terms = orders.terms_from_json(row.document) if row.document else None
    return terms.engine if isinstance(terms, SearchTerms) else "native"
