"""The machines that may work for us: who they are, what they said of themselves, and which Prefect run is whose."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from reencodarr.library.tables import RunOwner, Worker, now


def digest(secret: str) -> str:
    """What the database keeps of a secret. Secrets are random and long, so that no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def found(session: Session, name: str) -> Worker | None:
    """The worker of that name, also a revoked one."""
    return session.get(Worker, name)


def known(session: Session, name: str, secret: str) -> Worker | None:
    """The worker of that name if the secret is its own and was not revoked; takes equally long for every wrong one."""
    row = session.get(Worker, name)
    expected = row.secret_hash if row is not None else digest("")
    right = hmac.compare_digest(expected, digest(secret))
    return row if row is not None and right and row.revoked_at is None else None


def every(session: Session) -> Sequence[Worker]:
    """All workers but revoked ones, by name."""
    return session.exec(select(Worker).where(col(Worker.revoked_at).is_(None)).order_by(col(Worker.name))).all()


def add(session: Session, name: str, *, pool: str, secret: str, local: bool) -> None:
    """Let a machine join; one that was there before begins anew with another secret."""
    row = session.get(Worker, name) or Worker(name=name, pool=pool, secret_hash="")
    row.pool, row.local, row.secret_hash = pool, local, digest(secret)
    row.revoked_at = row.quarantined_at = row.beaten_at = row.joined_at = None
    row.quarantine_reason, row.draining, row.added_at = "", False, now()
    session.add(row)


def joined(session: Session, name: str, *, slots: int, build: str, version: str, capabilities: str) -> None:
    """Keep what a machine says of itself."""
    moment = now()
    _set(session, name, slots=slots, build=build, version=version, capabilities=capabilities)
    _set(session, name, draining=False, joined_at=moment, beaten_at=moment)


def heard(session: Session, name: str, *, draining: bool | None = None) -> None:
    """Note a sign of life."""
    _set(session, name, beaten_at=now(), **({} if draining is None else {"draining": draining}))


def revoke(session: Session, name: str) -> bool:
    """Take a worker's secret away; False when there was none."""
    active = (col(Worker.name) == name) & col(Worker.revoked_at).is_(None)
    return session.exec(update(Worker).where(active).values(revoked_at=now())).rowcount == 1


def quarantine(session: Session, name: str, reason: str) -> bool:
    """Give a worker no more work until somebody looked; False when it gets none already."""
    free = (col(Worker.name) == name) & col(Worker.quarantined_at).is_(None)
    values = {"quarantined_at": now(), "quarantine_reason": reason}
    return session.exec(update(Worker).where(free).values(values)).rowcount == 1


def release(session: Session, name: str) -> bool:
    """End a quarantine; False when there was none."""
    held = (col(Worker.name) == name) & col(Worker.quarantined_at).is_not(None)
    values = {"quarantined_at": None, "quarantine_reason": ""}
    return session.exec(update(Worker).where(held).values(values)).rowcount == 1


def own(session: Session, flow_run: str, name: str) -> bool:
    """Make a flow run this worker's unless it is another's already; whether it is this worker's now."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {"flow_run": flow_run, "worker": name, "at": now()}
    session.execute(insert(RunOwner).values(row).on_conflict_do_nothing())
    return owner(session, flow_run) == name


def owner(session: Session, flow_run: str) -> str:
    """The worker that a flow run belongs to; empty while it is nobody's."""
    return session.exec(select(RunOwner.worker).where(RunOwner.flow_run == flow_run)).first() or ""


def online(worker: Worker, *, silent_for: timedelta) -> bool:
    """Whether a worker was heard of lately."""
    return worker.beaten_at is not None and now() - worker.beaten_at <= silent_for


def _set(session: Session, name: str, **values: Any) -> None:
    session.exec(update(Worker).where(col(Worker.name) == name).values(values))
