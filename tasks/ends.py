"""How the end of a job on a worker shows in Prefect. The server does not ask it: the result is what counts."""

from typing import TYPE_CHECKING, Any

from prefect import State
from prefect.states import Cancelled, Completed, Failed

if TYPE_CHECKING:
    from reencodarr.work.shift import Ended


def of(ended: "Ended") -> State[Any]:
    """Cancelled where a job was left without an end: handed back, cancelled, or given to somebody else."""
    if ended.stopped:
        return Cancelled(message=ended.words)
    return Failed(message=ended.words) if ended.failed else Completed(message=ended.words)
