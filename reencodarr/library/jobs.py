"""Attempts at a stage of a video: when they began, who made them, how they ended.

An attempt that was given away to another process has a key, and a phase until it is settled. Whether an attempt still
holds its video is `transitions`' knowledge; here stands what became of it.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, func, or_, update
from sqlmodel import Session, col, select

from reencodarr.errors import JobLost
from reencodarr.library import transitions
from reencodarr.library.tables import Job, Worker, now
from reencodarr.units import Bytes

STAGING, READY, RUNNING = "staging", "ready", "running"
OPEN = (STAGING, READY, RUNNING)
"""Phases of a job that is not settled."""
AWAITED = timedelta(days=1)
"""After its last word; for so long a job on another machine is left to it where no server runs. Encodes take hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenUpload:
    """A multipart upload that a worker fills."""

    upload_id: str
    size: Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """For whom a job waits."""

    pool: str
    queue: str
    build: str = ""
    """The encoder build that must do it; empty: any."""


_UPLOAD: TypeAdapter[OpenUpload] = TypeAdapter(OpenUpload)


def start(session: Session, video_id: int, kind: str, *, attempt: int, worker: str, flow_run: str = "") -> None:
    """Note that an attempt begins."""
    session.add(Job(video_id=video_id, kind=kind, attempt=attempt, worker=worker, flow_run=flow_run))


def end(session: Session, video_id: int, kind: str, *, attempt: int, outcome: str, result: str = "") -> None:
    """Note how an attempt ended: `done`, `failed`, `skipped`, `lost` or `returned`; `result` is what it said itself.

    An attempt that ended already stays as it is.
    """
    this = (col(Job.video_id) == video_id) & (col(Job.kind) == kind) & (col(Job.attempt) == attempt)
    session.exec(
        update(Job).where(this & (col(Job.outcome) == "")).values(outcome=outcome, result=result, ended_at=now())
    )


def lose(session: Session, video_ids: Iterable[int]) -> None:
    """Note that the open attempts at these videos ended without a word, as `transitions.reset_stale` found."""
    still_open = col(Job.video_id).in_(list(video_ids)) & (col(Job.outcome) == "")
    session.exec(update(Job).where(still_open).values(outcome="lost", ended_at=now()))


def awaited(session: Session, moment: datetime) -> set[str]:
    """The holders under which other machines may still work, though no server is there to hear them.

    Their leases tell nothing where no server runs; where one does, it ends them itself. A revoked worker is not waited
    for, and one on the server's own machine goes by its lease.
    """
    query = (
        select(Job.key)
        .join(Worker, col(Worker.name) == col(Job.worker))
        .where(Job.phase == RUNNING, Job.outcome == "", col(Job.beaten_at) > moment - AWAITED)
        .where(col(Worker.local).is_(False), col(Worker.revoked_at).is_(None))
    )
    return {holder(key or "") for key in session.exec(query)}


def new_key() -> str:
    """A name for a job that nobody had before: 32 hex digits."""
    return uuid.uuid4().hex


def holder(key: str) -> str:
    """The name under which a job that is given away holds its video; see `transitions.holder_alive`."""
    return f"{transitions.JOB}{key}"


def give(session: Session, video_id: int, kind: str, *, attempt: int, key: str, phase: str, place: Place) -> None:
    """Note that an attempt was given away."""
    row = Job(video_id=video_id, kind=kind, attempt=attempt, key=key, phase=phase)
    row.pool, row.queue, row.build = place.pool, place.queue, place.build
    session.add(row)


def held(session: Session, key: str, attempt: int, *, locked: bool = False) -> Job:
    """A given-away attempt that did not end yet; `locked`, nobody else changes it until this transaction ends.

    Raises JobLost.
    """
    query = select(Job).where(Job.key == key)
    row = session.exec(query.with_for_update() if locked else query).first()
    if row is None or row.attempt != attempt or row.outcome:
        ended = "is not known" if row is None else f"ended ({row.outcome or 'another attempt holds it'})"
        raise JobLost(f"Job {key}, attempt {attempt} {ended}.", advice="What it made is not wanted any more.")
    return row


def still(session: Session, row: Job) -> None:
    """Check that an attempt is as it was when `row` was read, and keep it so until this transaction ends.

    Raises JobLost.
    """
    present = held(session, row.key or "", row.attempt, locked=True)
    if (present.phase, present.flow_run) != (row.phase, row.flow_run):
        raise JobLost(f"Job {row.key} went on meanwhile.")


def by_key(session: Session, key: str) -> Job | None:
    """The job of that key, also an ended one."""
    return session.exec(select(Job).where(Job.key == key)).first()


def unsettled(session: Session) -> Sequence[Job]:
    """Every given-away job that was not settled, the oldest first."""
    return session.exec(select(Job).where(col(Job.phase).in_(OPEN)).order_by(col(Job.id))).all()


def take(session: Session, row: Job, *, worker: str, flow_run: str, build: str, document: str) -> bool:
    """Bind an attempt to the worker that claims it first; False when it is another's. May be repeated by the same."""
    free = (col(Job.phase) == READY) & (col(Job.worker) == "") & col(Job.flow_run).in_(["", flow_run])
    own = (col(Job.phase) == RUNNING) & (col(Job.worker) == worker) & (col(Job.flow_run) == flow_run)
    values = {"worker": worker, "flow_run": flow_run, "phase": RUNNING, "build": build, "document": document}
    return _set(session, row, or_(free, own), values | {"beaten_at": now()})


def heard(session: Session, row: Job, *, progress: str) -> bool:
    """Keep an attempt's last word; False when it ended."""
    return _set(session, row, col(Job.phase) == RUNNING, {"progress": progress, "beaten_at": now()})


def waits(session: Session, row: Job, *, progress: str) -> bool:
    """Note why an attempt of which its worker says no more did not end yet; False when it did."""
    return _set(session, row, col(Job.phase) == RUNNING, {"progress": progress})


def staged(session: Session, row: Job) -> bool:
    """Note that its film is where a worker can read it; False when it waits for that no more."""
    return _set(session, row, col(Job.phase) == STAGING, {"phase": READY, "flow_run": ""})


def started(session: Session, row: Job, flow_run: str) -> bool:
    """Note the run that was started for it; False when the attempt ended or got on without us."""
    return _set(session, row, (col(Job.phase) == row.phase) & (col(Job.flow_run) == ""), {"flow_run": flow_run})


def uploading(session: Session, row: Job, upload: OpenUpload) -> bool:
    """Note an upload that was begun in the place of the one that `row` tells; False when another was faster."""
    text = _UPLOAD.dump_json(upload).decode()
    return _set(session, row, col(Job.upload) == row.upload, {"upload": text})


def open_upload(row: Job) -> OpenUpload | None:
    """The upload that was begun."""
    return _UPLOAD.validate_json(row.upload) if row.upload else None


def settle(session: Session, key: str) -> None:
    """Note that nothing of an ended attempt is left to do."""
    session.exec(update(Job).where((col(Job.key) == key) & (col(Job.outcome) != "")).values(phase=""))


def losses(session: Session, video_id: int, kind: str) -> Sequence[Job]:
    """The attempts of one kind that failed or were lost since the last one that succeeded or the last analysis."""
    fresh = select(func.max(Job.attempt)).where(
        Job.video_id == video_id,
        or_(col(Job.kind) == "analysis", (col(Job.kind) == kind) & col(Job.outcome).in_(["done", "skipped"])),
    )
    query = select(Job).where(
        Job.video_id == video_id,
        Job.kind == kind,
        col(Job.outcome).in_(["failed", "lost"]),
        col(Job.attempt) > func.coalesce(fresh.scalar_subquery(), 0),
    )
    return session.exec(query.order_by(col(Job.attempt))).all()


def last_of(session: Session, worker: str, number: int) -> Sequence[Job]:
    """The newest ended jobs of a worker that say something about it, the newest first."""
    telling = col(Job.outcome).not_in(["", "returned"]) | ((col(Job.outcome) == "returned") & (col(Job.result) != ""))
    query = select(Job).where(Job.worker == worker, col(Job.key).is_not(None), telling)
    return session.exec(query.order_by(col(Job.ended_at).desc(), col(Job.id).desc()).limit(number)).all()


def since(session: Session, video_id: int, kind: str, *, attempt: int) -> Sequence[Job]:
    """The attempts of one kind after a certain one, the newest first."""
    query = select(Job).where(Job.video_id == video_id, Job.kind == kind, col(Job.attempt) > attempt)
    return session.exec(query.order_by(col(Job.attempt).desc())).all()


def unstaged(session: Session, *, since: datetime) -> Sequence[Job]:
    """The attempts that ended since then because their film was not brought to where they could read it; oldest first.

    Nobody claimed them, and yet they tell of a failure.
    """
    query = select(Job).where(Job.worker == "", Job.outcome == "returned", Job.result != "", col(Job.ended_at) > since)
    return session.exec(query.order_by(col(Job.ended_at), col(Job.id))).all()


def claimed(session: Session, *, since: datetime) -> Sequence[Job]:
    """What was given away since then and claimed by a worker; oldest first."""
    query = select(Job).where(col(Job.key).is_not(None), Job.worker != "", col(Job.started_at) > since)
    return session.exec(query.order_by(col(Job.started_at), col(Job.id))).all()


def of_others(session: Session, video_id: int, kind: str, worker: str) -> Sequence[Job]:
    """What failed at a video on other workers."""
    query = select(Job).where(
        Job.video_id == video_id, Job.kind == kind, Job.worker != worker, col(Job.outcome).in_(["failed", "lost"])
    )
    return session.exec(query.order_by(col(Job.id))).all()


def _set(session: Session, row: Job, where: ColumnElement[bool], values: dict[str, Any]) -> bool:
    """The compare-and-set on an attempt that did not end."""
    this = (col(Job.key) == row.key) & (col(Job.attempt) == row.attempt) & (col(Job.outcome) == "")
    return session.exec(update(Job).where(this & where).values(values)).rowcount == 1
