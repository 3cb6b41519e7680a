"""Who is known: workers and their secrets, and which flow run is whose, out of the database through `stages`."""

from dataclasses import dataclass
from typing import Protocol

from reencodarr.api.rules import Caller
from reencodarr.stages.machines import queues, workers_desk
from reencodarr.stages.workplace import Workplace


class Register(Protocol):
    """What callers are looked up in. Every method may block."""

    def caller(self, name: str, secret: str) -> Caller | None:
        """The worker of that name, if the secret is its own and was not revoked."""
        ...

    def owner(self, flow_run: str) -> str:
        """The worker that a flow run belongs to; empty while it is nobody's."""
        ...

    def own(self, flow_run: str, name: str) -> bool:
        """Make a flow run this worker's unless it is another's; whether it is this worker's now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkplaceRegister:
    """The register of a server."""

    workplace: Workplace

    def caller(self, name: str, secret: str) -> Caller | None:
        worker = workers_desk.known(self.workplace, name, secret)
        if worker is None:
            return None
        asked = queues.asked_by(worker.name, worker.build, local=worker.local)
        return Caller(name=worker.name, pool=worker.pool, queues=frozenset(asked))

    def owner(self, flow_run: str) -> str:
        return workers_desk.owner(self.workplace, flow_run)

    def own(self, flow_run: str, name: str) -> bool:
        return workers_desk.own(self.workplace, flow_run, name)
