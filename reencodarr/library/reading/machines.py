"""The machines that work for us and what was given to them, as frozen values. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import RowMapping, func, select
from sqlalchemy.orm import Session

from reencodarr.errors import OrderUnreadable
from reencodarr.library import tables
from reencodarr.library.reading.rows import holds, libraries, shown, states, table, videos
from reencodarr.library.states import State
from reencodarr.work import talk
from reencodarr.work.talk import Capabilities, Moment

_workers = table(tables.Worker)
_jobs = table(tables.Job)
_OPEN = ("staging", "ready", "running")


class Condition(StrEnum):
    """How a machine is."""

    WORKING = "working"
    IDLE = "idle"
    DRAINING = "draining"
    """It ends what it does and takes nothing new."""
    OFFLINE = "offline"
    """It was not heard of for a while."""
    QUARANTINED = "quarantined"
    """It failed alike at film after film and gets nothing until somebody looked."""
    INVITED = "invited"
    """It has a secret and never came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine that may work for us."""

    name: str
    pool: str
    condition: Condition
    reason: str
    """Why it is in quarantine."""
    local: bool
    slots: int
    busy: int
    """Jobs it does now."""
    build: str
    version: str
    system: str
    fps: float | None
    """1080p frames a second, on its own encodes."""
    beaten_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A job that was given away and did not end."""

    video: int
    name: str
    """Of the film, safe to show."""
    kind: str
    attempt: int
    phase: str
    """`staging`, `ready` or `running`."""
    pool: str
    queue: str
    worker: str
    """Empty while nobody claimed it."""
    moment: Moment | None
    """The worker's last word; None before the first."""
    started_at: datetime
    beaten_at: datetime | None
    hold: str = ""
    """`paused` or `cancelled` where a person said so; that the worker heeds it already, `moment` tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Videos that wait for a machine."""

    searches: int
    encodes: int
    unconfirmed: int = 0
    """Of both: those in libraries whose films nobody said may be replaced; no machine gets them."""
    resting: int = 0
    """Of both: those that a person paused or cancelled."""


def machines(session: Session, *, moment: datetime | None = None) -> tuple[Machine, ...]:
    """All machines that were not revoked, by name. Reads only."""
    at = moment or tables.now()
    running = select(_jobs.c.worker, func.count()).where(_jobs.c.phase == "running", _jobs.c.outcome == "")
    busy = dict(session.execute(running.group_by(_jobs.c.worker)).tuples().all())
    query = select(_workers).where(_workers.c.revoked_at.is_(None)).order_by(_workers.c.name)
    return tuple(_machine(row, busy.get(row["name"], 0), at) for row in session.execute(query).mappings())


def given(session: Session) -> tuple[Given, ...]:
    """Every job that was given away and did not end, the oldest first. Reads only."""
    query = (
        select(_jobs, videos.c.path, holds.c.kind.label("hold"))
        .join(videos, videos.c.id == _jobs.c.video_id)
        .outerjoin(holds, holds.c.video_id == _jobs.c.video_id)
        .where(_jobs.c.phase.in_(_OPEN), _jobs.c.outcome == "")
        .order_by(_jobs.c.id)
    )
    return tuple(
        Given(
            video=row["video_id"],
            name=shown(row["path"].name),
            kind=row["kind"],
            attempt=row["attempt"],
            phase=row["phase"],
            pool=row["pool"],
            queue=row["queue"],
            worker=row["worker"],
            moment=_moment(row["progress"]),
            started_at=row["started_at"],
            beaten_at=row["beaten_at"],
            hold=row["hold"] or "",
        )
        for row in session.execute(query).mappings()
    )


def backlog(session: Session) -> Backlog:
    """How many videos wait for somebody who does their search or encode. Reads only."""
    waiting = (State.ANALYZED.value, State.CRF_SEARCHED.value)
    query = select(states.c.state, func.count()).where(states.c.state.in_(waiting)).group_by(states.c.state)
    found = dict(session.execute(query).tuples().all())
    held = (
        select(func.count())
        .select_from(states)
        .join(videos, videos.c.id == states.c.video_id)
        .join(libraries, libraries.c.id == videos.c.library_id)
        .where(states.c.state.in_(waiting), libraries.c.confirmed_at.is_(None))
    )
    resting = (
        select(func.count())
        .select_from(states)
        .join(holds, holds.c.video_id == states.c.video_id)
        .where(states.c.state.in_(waiting))
    )
    return Backlog(
        searches=found.get(waiting[0], 0),
        encodes=found.get(waiting[1], 0),
        unconfirmed=session.execute(held).scalar_one(),
        resting=session.execute(resting).scalar_one(),
    )


def _machine(row: RowMapping, busy: int, at: datetime) -> Machine:
    said = _said(row["capabilities"])
    return Machine(
        name=row["name"],
        pool=row["pool"],
        condition=_condition(row, busy, at),
        reason=row["quarantine_reason"],
        local=row["local"],
        slots=row["slots"],
        busy=busy,
        build=row["build"],
        version=row["version"],
        system=said.system if said is not None else "",
        fps=said.fps if said is not None else None,
        beaten_at=row["beaten_at"],
    )


def _condition(row: RowMapping, busy: int, at: datetime) -> Condition:
    if row["quarantined_at"] is not None:
        return Condition.QUARANTINED
    if row["joined_at"] is None:
        return Condition.INVITED
    if row["beaten_at"] is None or at - row["beaten_at"] > timedelta(seconds=talk.OFFLINE_AFTER):
        return Condition.OFFLINE
    if row["draining"]:
        return Condition.DRAINING
    return Condition.WORKING if busy else Condition.IDLE


def _said(text: str) -> Capabilities | None:
    """What a machine said of itself; None where it never did, or in the words of another version."""
    try:
        return talk.from_json(Capabilities, text) if text else None
    except OrderUnreadable:
        return None


def _moment(text: str) -> Moment | None:
    try:
        return talk.from_json(Moment, text) if text else None
    except OrderUnreadable:
        return None
