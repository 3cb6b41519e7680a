"""What a failure says, and about whom: the film, the machine it happened on, or the bucket.

Kept as data: by category, and by code where a category says too little. A worker that fails alike at films that nobody
else failed at is at fault itself: it gets no more work, and the films go back.
"""

import logging

from sqlmodel import Session, select

from reencodarr.errors import (
    BucketFull,
    BucketRefused,
    BucketUnreachable,
    Category,
    ObjectDamaged,
    ObjectMissing,
    OrderUnreadable,
    Stage,
    UploadLost,
)
from reencodarr.library import failures, jobs, transitions, workers
from reencodarr.library.states import RESTING, State
from reencodarr.library.tables import Job, VideoState
from reencodarr.work import orders
from reencodarr.work.orders import Failed, Kind

log = logging.getLogger(__name__)

STREAK = 3
"""Like failures of one worker in a row, each at another film, that say more about it than about the films."""
OF_THE_FILM = frozenset({Category.QUALITY, Category.SIZE})
"""Failures that no machine is to blame for."""
OF_A_MACHINE = frozenset({Category.PROGRAM, Category.CONFIGURATION, Category.UNKNOWN})
"""Failures that would come again where they happened, and perhaps nowhere else: a program that ends with an error (bad
memory, another build of it), a program that is missing, an answer nobody understands. All others that cannot pass are
the film's: it cannot be read or decoded, its frames do not pair, no CRF reaches the target.
"""
OF_THE_COPY = frozenset({ObjectDamaged.code, ObjectMissing.code})
"""Failures of a transfer that a new copy in the bucket may cure, wherever it is read next."""
OF_THE_BUCKET = frozenset({BucketUnreachable.code, BucketRefused.code, BucketFull.code, UploadLost.code})
"""Failures that say nothing about film or worker."""
WORKING = {Kind.CRF_SEARCH: State.CRF_SEARCHING, Kind.ENCODE: State.ENCODING}
"""The state of a video while a job is done."""


def spoilt(failure: Failed) -> bool:
    """Whether the film's copy in the bucket is at fault."""
    return failure.stage is Stage.TRANSFER and failure.code in OF_THE_COPY


def passing(failure: Failed) -> bool:
    """Whether it may be gone the next time, on any machine."""
    return failure.transient or spoilt(failure) or failure.code in OF_THE_BUCKET


def of_a_machine(failure: Failed) -> bool:
    """Whether another machine may succeed where the same one would fail again."""
    return not passing(failure) and failure.category in OF_A_MACHINE


def failure(job: Job) -> Failed | None:
    """What a job failed with; None when it did not fail, or nobody told how."""
    if not job.result:
        return None
    try:
        outcome = orders.result_from_json(job.result).outcome
    except OrderUnreadable:
        return None
    return outcome if isinstance(outcome, Failed) else None


def judge(session: Session, row: Job, told: Failed) -> None:
    """Quarantine a worker that fails alike at film after film; clear one whose film fails alike elsewhere, too."""
    if not row.worker or told.category in OF_THE_FILM or told.code in OF_THE_BUCKET:
        return
    code = told.code
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
        after = RESTING[WORKING[Kind(job.kind)]]
        note = f"{job.worker} was at fault, not the film"
        transitions.move(session, job.video_id, State.FAILED, after, attempt=None, note=note)
        failures.resolve(session, job.video_id, Stage(job.kind))


def _code(job: Job) -> str:
    """The code that a job failed with; empty when it did not fail."""
    said = failure(job)
    return "" if said is None else said.code
