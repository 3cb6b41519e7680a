"""Prefect as the engine that `stages.machines` asks for: runs by deployment and key, their states, their end."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Cancelling

from reencodarr.errors import ServerRefused, ServerUnreachable
from reencodarr.stages.machines.runs import Run, RunState

_AT_ONCE = 100
"""Runs that are asked for in one request; the API allows 200."""
_STATES = {
    StateType.SCHEDULED: RunState.SCHEDULED,
    StateType.PENDING: RunState.PENDING,
    StateType.RUNNING: RunState.RUNNING,
    StateType.PAUSED: RunState.RUNNING,
    StateType.CANCELLING: RunState.CANCELLED,
    StateType.CANCELLED: RunState.CANCELLED,
}
_IN_TROUBLE = 500


class PrefectRuns:
    """Prefect's API, over one connection."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self._client = client
        self._deployments: dict[str, UUID] = {}

    def create(self, deployment: str, parameters: Mapping[str, str | int], *, key: str, queue: str = "") -> Run:
        """Start a run, or find the one that was started with this key.

        Raises ServerUnreachable, ServerRefused.
        """
        with _named(deployment):
            if deployment not in self._deployments:
                self._deployments[deployment] = self._client.read_deployment_by_name(deployment).id
            made = self._client.create_flow_run_from_deployment(
                self._deployments[deployment],
                parameters=dict(parameters),
                idempotency_key=key,
                work_queue_name=queue or None,
            )
        return _run(made)

    def states(self, ids: Collection[str]) -> Mapping[str, Run]:
        """The runs that Prefect knows.

        Raises ServerUnreachable.
        """
        asked = sorted(ids)
        found: dict[str, Run] = {}
        for first in range(0, len(asked), _AT_ONCE):
            some = [UUID(run) for run in asked[first : first + _AT_ONCE]]
            with _named("its runs"):
                rows = self._client.read_flow_runs(
                    flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=some)), limit=_AT_ONCE
                )
            found |= {str(row.id): _run(row) for row in rows}
        return found

    def cancel(self, run: str) -> None:
        """Ask a run to end.

        Raises ServerUnreachable.
        """
        try:
            with _named(f"run {run}"):
                self._client.set_flow_run_state(UUID(run), Cancelling())
        except ServerRefused:
            return  # It is gone.


@contextmanager
def connected() -> Iterator[PrefectRuns]:
    """The engine that PREFECT_API_URL names."""
    with get_client(sync_client=True) as client:
        yield PrefectRuns(client)


@contextmanager
def _named(what: str) -> Iterator[None]:
    try:
        yield
    except ObjectNotFound as error:
        raise ServerRefused(
            f"Prefect does not know {what}.", advice="Run `reencodarr pools --deploy` on the server."
        ) from error
    except PrefectHTTPStatusError as error:
        if error.response.status_code < _IN_TROUBLE:
            raise ServerRefused(f"Prefect refuses {what}: {error}") from error
        raise ServerUnreachable(f"Prefect is in trouble over {what}: {error}") from error
    except httpx.HTTPError as error:
        raise ServerUnreachable(f"Prefect's API does not answer about {what}: {error!r}") from error


def _run(row: FlowRun) -> Run:
    state = row.state
    if state is None:  # It was made this moment.
        return Run(id=str(row.id), state=RunState.SCHEDULED, since=datetime.now(UTC))
    return Run(id=str(row.id), state=_STATES.get(state.type, RunState.ENDED), since=state.timestamp)
