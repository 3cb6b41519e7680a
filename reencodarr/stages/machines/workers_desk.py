"""What the server says to machines that want to work: who may join, which queues they ask, whether they shall go on."""

import logging
import re
import secrets

from reencodarr import __version__
from reencodarr.errors import ServerRefused, SettingsError
from reencodarr.library import database, transitions, workers
from reencodarr.library.tables import Worker
from reencodarr.stages import step
from reencodarr.stages.machines import queues
from reencodarr.stages.workplace import Workplace
from reencodarr.work import talk
from reencodarr.work.talk import Capabilities, GoOn, Welcome, WorkerBeat

log = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_SECRET_BYTES = 32


def add(workplace: Workplace, name: str, pool: str, *, local: bool = False) -> str:
    """Let a machine join `pool`; its secret, which is told this once and never again.

    A local worker may be added again, when its secret was lost; any other name must be free or revoked.

    Raises SettingsError.
    """
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"{name!r} cannot be a worker's name.", advice="Use up to 40 letters, digits, dots, dashes, underscores."
        )
    if pool not in queues.POOLS:
        raise SettingsError(f"There is no pool {pool!r}.", advice=f"Pools are {', '.join(queues.POOLS)}.")
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    with database.session(workplace.database) as session:
        row = workers.found(session, name)
        if row is not None and row.revoked_at is None and not (local and row.local):
            raise SettingsError(f"There is a worker {name} already.", advice="Revoke it first, or take another name.")
        workers.add(session, name, pool=pool, secret=secret, local=local)
    log.info("worker %s may join pool %s", name, pool)
    return secret


def revoke(workplace: Workplace, name: str) -> bool:
    """Take a worker's secret away; what it does is lost with its lease. False when it had none."""
    with database.session(workplace.database) as session:
        return workers.revoke(session, name)


def release(workplace: Workplace, name: str) -> bool:
    """End a worker's quarantine; False when there was none."""
    with database.session(workplace.database) as session:
        return workers.release(session, name)


def hear_again(workplace: Workplace) -> int:
    """Let the leases of all that other machines work on begin anew; how many.

    For a server that starts: while it was away it could hear nobody, so silence until now means nothing.
    """
    with database.session(workplace.database) as session:
        renewed = transitions.renew_given(session, lease=step.LEASE)
    if renewed:
        log.info("%d jobs that were given away are waited for anew", renewed)
    return renewed


def known(workplace: Workplace, name: str, secret: str) -> Worker | None:
    """The worker that speaks; None when name and secret do not belong together or were revoked."""
    with database.session(workplace.database, reads_only=True) as session:
        return workers.known(session, name, secret)


def listed(workplace: Workplace) -> tuple[Worker, ...]:
    """All workers but revoked ones, by name."""
    with database.session(workplace.database, reads_only=True) as session:
        return tuple(workers.every(session))


def hello(workplace: Workplace, name: str, capabilities: Capabilities) -> Welcome:
    """Take down what a machine is; where it finds its work.

    Raises ServerRefused.
    """
    with database.session(workplace.database) as session:
        row = workers.found(session, name)
        if row is None or row.revoked_at is not None:
            raise ServerRefused(f"There is no worker {name}.", advice="Add it on the server.")
        _require_alike(row, capabilities)
        workers.joined(
            session,
            name,
            slots=max(1, capabilities.slots),
            build=capabilities.build,
            version=capabilities.version,
            capabilities=talk.to_json(capabilities),
        )
    log.info("worker %s joined: %s, %s, %d slots", name, capabilities.system, capabilities.build, capabilities.slots)
    asked = queues.asked_by(name, capabilities.build, local=row.local)
    return Welcome(name=name, pool=row.pool, queues=asked, local=row.local)


def beat(workplace: Workplace, name: str, sign: WorkerBeat) -> GoOn:
    """Take a sign of life; whether the worker shall take more work."""
    with database.session(workplace.database) as session:
        row = workers.found(session, name)
        if row is None or row.revoked_at is not None:
            return GoOn(go_on=False, words=f"The server does not know {name} any more.")
        workers.heard(session, name, draining=sign.draining)
    if row.quarantined_at is not None:
        return GoOn(go_on=False, words=row.quarantine_reason)
    return GoOn(go_on=True)


def owner(workplace: Workplace, flow_run: str) -> str:
    """The worker that a flow run belongs to; empty while it is nobody's."""
    with database.session(workplace.database, reads_only=True) as session:
        return workers.owner(session, flow_run)


def own(workplace: Workplace, flow_run: str, name: str) -> bool:
    """Make a flow run this worker's unless it is another's already; whether it is this worker's now."""
    with database.session(workplace.database) as session:
        return workers.own(session, flow_run, name)


def _require_alike(row: Worker, capabilities: Capabilities) -> None:
    if capabilities.platform.value != row.pool:
        raise ServerRefused(
            f"{row.name} was added for pool {row.pool}, but it is a {capabilities.platform} machine.",
            advice="Add it anew for the right pool.",
        )
    if capabilities.version != __version__:
        raise ServerRefused(
            f"{row.name} has Reencodarr {capabilities.version}, the server {__version__}.",
            advice="Install the server's version on it.",
        )
