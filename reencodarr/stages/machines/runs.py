"""What dispatch asks of the engine that runs things, so that it needs not know Prefect."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class RunState(StrEnum):
    """Where a run is, as far as dispatch cares."""

    SCHEDULED = "scheduled"
    """It waits for a worker."""
    PENDING = "pending"
    """A worker took it and starts it."""
    RUNNING = "running"
    CANCELLED = "cancelled"
    """Somebody ended it, or is about to."""
    ENDED = "ended"
    """It says so itself, or crashed; neither proves that its work stopped."""


ALIVE = frozenset({RunState.SCHEDULED, RunState.PENDING, RunState.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that was started."""

    id: str
    state: RunState
    since: datetime
    """When it came into this state."""

    @property
    def alive(self) -> bool:
        return self.state in ALIVE


class Runs(Protocol):
    """The engine."""

    def create(self, deployment: str, parameters: Mapping[str, str | int], *, key: str, queue: str = "") -> Run:
        """Start a run of `flow/deployment`; asked again with the same key, it is the same run, also an ended one.

        `queue` is made in the deployment's pool if it is not there. Raises ServerUnreachable, ServerRefused.
        """
        ...

    def states(self, ids: Collection[str]) -> Mapping[str, Run]:
        """Those of the runs that the engine knows. Raises ServerUnreachable."""
        ...

    def cancel(self, run: str) -> None:
        """Ask a run to end; one that is not known or ended already is no error. Raises ServerUnreachable."""
        ...
