"""The one module that changes a video's state. Every change is one compare-and-set and one row of history.

A claim is held by one process for a time (lease) and counted (attempt): whoever lost it can no longer change anything,
because the attempt no longer matches. Callers bring the session, so that a result and the state that follows from it
are committed together. Which transitions exist is `states`' knowledge.
"""

import contextlib
import logging
import socket
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

import psutil
from sqlalchemy import ColumnElement, func, insert, true, update
from sqlmodel import Session, col, select

from reencodarr.errors import StateConflict
from reencodarr.library import failures, holds
from reencodarr.library.states import FOLLOWING, HOLDABLE, RESTING, WORKING, State, allowed
from reencodarr.library.tables import Encode, Facts, Search, StateChange, VideoState, now

log = logging.getLogger(__name__)

JOB = "job:"
"""How the holder's name begins where work was given away: no process of ours holds it."""
_FREE = col(VideoState.claimed_by) == ""
_RESULTS: dict[State, type[Facts] | type[Search] | type[Encode]] = {
    State.ANALYZED: Facts,
    State.CRF_SEARCHED: Search,
    State.ENCODED: Encode,
}
"""What must be on record before a video may be in a state; without it no queue could go on with the video."""


def register(session: Session, video_ids: Iterable[int]) -> None:
    """Give new videos their first state."""
    first = {"state": State.NEEDS_ANALYSIS.value, "reason": "", "attempt": 0, "claimed_by": "", "priority": 0}
    rows = [{"video_id": video_id, "changed_at": now(), **first} for video_id in video_ids]
    if rows:
        session.execute(insert(VideoState), rows)


def claim(session: Session, video_id: int, before: State, *, holder: str, lease: timedelta) -> int:
    """Claim a video that waits in `before` for the work that follows; the number of this attempt.

    An encoded video stays `encoded` while it is claimed for proof and swap.

    Raises StateConflict when it is not in `before`, somebody holds it, or a person wants it to rest.
    """
    after = FOLLOWING[before]
    taken = _set(
        session,
        _is(video_id, before) & _FREE & (holds.none() if before in HOLDABLE else true()),
        {"state": after.value, "reason": "", "claimed_by": holder, "claimed_until": now() + lease}
        | {"attempt": col(VideoState.attempt) + 1},
    )
    if not taken:
        raise _conflict(session, video_id, f"claim it from {before}")
    if after is not before:
        _remember(session, video_id, before, after, note="")
    return session.exec(select(VideoState.attempt).where(VideoState.video_id == video_id)).one()


def renew(session: Session, video_id: int, *, attempt: int, lease: timedelta) -> None:
    """Hold a claim for `lease` from now.

    Raises StateConflict when the attempt no longer holds it.
    """
    if not _set(session, _holds(video_id, attempt), {"claimed_until": now() + lease}, changed=False):
        raise _conflict(session, video_id, f"go on with attempt {attempt}")


def renew_given(session: Session, *, lease: timedelta) -> int:
    """Let the leases of all jobs that are given away last that long from now on; how many."""
    until = now() + lease
    given = col(VideoState.claimed_by).startswith(JOB, autoescape=True)
    earlier = col(VideoState.claimed_until) < until
    return session.exec(update(VideoState).where(given & earlier).values(claimed_until=until)).rowcount


def release(session: Session, video_id: int, before: State, *, attempt: int, note: str = "released") -> None:
    """Give a claim back without a result: the video rests where the claim took it.

    Raises StateConflict when the attempt no longer holds it.
    """
    after = RESTING.get(before, before)
    move(session, video_id, before, after, attempt=attempt, note=note)


def move(
    session: Session,
    video_id: int,
    before: State,
    after: State,
    *,
    attempt: int | None,
    reason: str = "",
    note: str = "",
) -> None:
    """Take a video from `before` to `after`; ends its claim.

    A claimed video is moved only by the attempt that holds it; `attempt=None` moves one that nobody holds.
    `reason` stays with the video, `note` with the history.

    Raises StateConflict when the video is elsewhere, claimed by another attempt, or lacks the result that `after`
    rests on; ValueError for a transition that does not exist.
    """
    if after in WORKING or (before in WORKING and attempt is None):
        raise ValueError(f"A video gets from {before} to {after} by a claim only.")
    if not allowed(before, after) and not (before is after and attempt is not None):
        raise ValueError(f"There is no way from {before} to {after}.")
    _require_result(session, video_id, after)
    whose = _is(video_id, before) & (_FREE if attempt is None else _holds(video_id, attempt))
    if not _set(session, whose, _ended(after, reason)):
        raise _conflict(session, video_id, f"go from {before} to {after} (attempt {attempt})")
    if after is State.REPLACED:
        holds.drop(session, video_id)
    if after is not before:
        _remember(session, video_id, before, after, note=note)


def requeue(session: Session, video_id: int, note: str) -> bool:
    """Send a video back to analysis from wherever it is, also out of a claim; False when it waits there already."""
    return _force(session, video_id, State.NEEDS_ANALYSIS, note=note)


def tombstone(session: Session, video_id: int, note: str) -> bool:
    """Mark a video whose file is gone, wherever it was; False when it is marked already.

    Everything known is kept; what went wrong with it does not stand any more, for nobody can do anything about it.
    """
    failures.resolve(session, video_id)
    return _force(session, video_id, State.GONE, note=note)


def reset_stale(
    session: Session,
    moment: datetime,
    alive: Callable[[str], bool] | None = None,
    *,
    state: State | None = None,
    awaited: Collection[str] = (),
) -> list[int]:
    """End claims that expired or whose holder died, all or those of one state; the videos, which wait again.

    Those of `awaited` holders are left to others. A holder on this machine that somebody stopped (Ctrl-Z) keeps its
    claim: it cannot renew it until it goes on. May be repeated safely.
    """
    living = alive or holder_alive
    reset = []
    which = true() if state is None else col(VideoState.state) == state.value
    for row in session.exec(select(VideoState).where(VideoState.claimed_by != "", which)).all():
        video_id, before, attempt, holder = row.video_id, State(row.state), row.attempt, row.claimed_by
        expired = row.claimed_until is None or row.claimed_until <= moment
        if holder in awaited or (not expired and living(holder)) or holder_stopped(holder):
            continue
        after = RESTING.get(before, before)
        why = f"the claim of {holder} {'expired' if expired else 'lost its holder'}"
        if _set(session, _is(video_id, before) & _holds(video_id, attempt), _ended(after, "")):
            if after is not before:
                _remember(session, video_id, before, after, note=why)
            log.info("video %d is %s again: %s", video_id, after, why)
            reset.append(video_id)
    return reset


def prioritise(session: Session, video_id: int) -> int:
    """Put a video before all others; its priority now."""
    highest = select(func.max(VideoState.priority) + 1).scalar_subquery()
    _set(session, col(VideoState.video_id) == video_id, {"priority": highest}, changed=False)
    return session.exec(select(VideoState.priority).where(VideoState.video_id == video_id)).one()


def holder_name(pid: int | None = None) -> str:
    """The name a process claims under: host, process number, and its start, lest the number be given out again."""
    process = psutil.Process(pid)
    return f"{socket.gethostname()}:{process.pid}:{int(process.create_time())}"


def holder_alive(holder: str) -> bool:
    """Whether a claim's holder may still live. True for other machines and given-away jobs: the lease tells of them."""
    host, _, process = holder.partition(":")
    if host != socket.gethostname() or holder.startswith(JOB):
        return True
    pid, _, started = process.partition(":")
    try:
        return pid.isdigit() and holder_name(int(pid)).endswith(f":{pid}:{started}" if started else "")
    except psutil.NoSuchProcess:
        return False


def holder_stopped(holder: str) -> bool:
    """Whether a claim's holder is a process of this machine that lives and was stopped."""
    host, _, process = holder.partition(":")
    if host != socket.gethostname() or not holder_alive(holder):
        return False
    with contextlib.suppress(psutil.Error, ValueError):
        return bool(psutil.Process(int(process.partition(":")[0])).status() == psutil.STATUS_STOPPED)
    return False


def _is(video_id: int, state: State) -> ColumnElement[bool]:
    return (col(VideoState.video_id) == video_id) & (col(VideoState.state) == state.value)


def _holds(video_id: int, attempt: int) -> ColumnElement[bool]:
    held = (col(VideoState.attempt) == attempt) & (col(VideoState.claimed_by) != "")
    return (col(VideoState.video_id) == video_id) & held


def _ended(after: State, reason: str) -> dict[str, Any]:
    return {"state": after.value, "reason": reason, "claimed_by": "", "claimed_until": None}


def _set(session: Session, where: ColumnElement[bool], values: dict[str, Any], *, changed: bool = True) -> bool:
    """The compare-and-set: True when the one row that `where` describes was there."""
    when = {"changed_at": now()} if changed else {}
    return session.exec(update(VideoState).where(where).values(values | when)).rowcount == 1


def _force(session: Session, video_id: int, after: State, *, note: str) -> bool:
    """Into `after` from anywhere, whoever holds a claim; repeated when somebody moves it in between."""
    while True:
        before = State(session.exec(select(VideoState.state).where(VideoState.video_id == video_id)).one())
        if before is after:
            return False
        if not allowed(before, after):
            raise StateConflict(f"Video {video_id} is {before}: there is no way from there to {after}.")
        if _set(session, _is(video_id, before), _ended(after, "")):
            _remember(session, video_id, before, after, note=note)
            return True


def _require_result(session: Session, video_id: int, after: State) -> None:
    table = _RESULTS.get(after)
    if table is None:
        return
    if session.exec(select(func.count()).select_from(table).where(col(table.video_id) == video_id)).one() == 0:
        raise StateConflict(f"Video {video_id} cannot be {after}: its {table.__name__.lower()} is not on record.")


def _remember(session: Session, video_id: int, before: State, after: State, *, note: str) -> None:
    session.add(StateChange(video_id=video_id, before=before.value, after=after.value, note=note))


def _conflict(session: Session, video_id: int, wanted: str) -> StateConflict:
    row = session.exec(select(VideoState).where(VideoState.video_id == video_id)).first()
    if row is None:
        return StateConflict(f"There is no video {video_id}.")
    session.refresh(row)
    held = f", attempt {row.attempt} held by {row.claimed_by}" if row.claimed_by else ""
    if rests := holds.of(session, video_id):
        held += f", {rests} by a person until `reencodarr resume`"
    return StateConflict(
        f"Video {video_id} is {row.state}{held}: cannot {wanted}.", advice="Somebody else was faster; nothing was lost."
    )
