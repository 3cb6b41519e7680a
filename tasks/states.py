"""How an outcome shows in Prefect: a failed film is a failed run, with the reason as its message."""

from typing import Any
from uuid import uuid4

from prefect import State
from prefect.states import Completed, Failed

from reencodarr.stages.step import Outcome


def of(outcome: Outcome) -> State[Any]:
    """The final state of a flow run about one video."""
    return Failed(message=outcome.words) if outcome.failed else Completed(message=outcome.words)


def batch(flow_run_id: str | None) -> str:
    """The name under which `undo --batch` finds the swaps of a flow run."""
    return (flow_run_id or str(uuid4())).replace("-", "")
