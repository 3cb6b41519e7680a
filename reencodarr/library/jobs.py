"""Attempts at a stage of a video: when they began, who made them, how they ended."""

from collections.abc import Iterable

from sqlalchemy import update
from sqlmodel import Session, col

from reencodarr.library.tables import Job, now


def start(session: Session, video_id: int, kind: str, *, attempt: int, worker: str, flow_run: str = "") -> None:
    """Note that an attempt begins."""
    session.add(Job(video_id=video_id, kind=kind, attempt=attempt, worker=worker, flow_run=flow_run))


def end(session: Session, video_id: int, kind: str, *, attempt: int, outcome: str) -> None:
    """Note how an attempt ended: `done`, `failed`, `skipped` or `lost`."""
    this = (col(Job.video_id) == video_id) & (col(Job.kind) == kind) & (col(Job.attempt) == attempt)
    session.exec(update(Job).where(this).values(outcome=outcome, ended_at=now()))


def lose(session: Session, video_ids: Iterable[int]) -> None:
    """Note that the open attempts at these videos ended without a word, as `transitions.reset_stale` found."""
    still_open = col(Job.video_id).in_(list(video_ids)) & (col(Job.outcome) == "")
    session.exec(update(Job).where(still_open).values(outcome="lost", ended_at=now()))
