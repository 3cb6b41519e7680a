"""Prefect's app behind the filter, asked from inside with the owner's secret: no network, no Prefect client."""

import asyncio
import base64
import logging
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx

from reencodarr.errors import ServerUnreachable
from reencodarr.stages.machines import queues
from reencodarr.units import Seconds

log = logging.getLogger(__name__)

_OK = 200
_CREATED = 201
_MISSING = 404
_CONFLICT = 409
_ONCE_MORE = 503
_TRIES = 5
_PAUSE = Seconds(0.3)
_BAND = 1000
"""Prefect gives every queue of a pool its own priority and shifts those in its way; in bands they keep their order."""

Message = MutableMapping[str, Any]


class App(Protocol):
    """An ASGI app."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


def basic(credentials: str) -> bytes:
    """The value of an `Authorization` header."""
    return b"Basic " + base64.b64encode(credentials.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run, a deployment or an artifact belongs; empty where it belongs to none."""

    pool: str
    queue: str
    run: str


class Inner:
    """Asks Prefect's own API."""

    def __init__(self, app: App, owner: str | None) -> None:
        headers = {} if owner is None else {"authorization": basic(owner).decode()}
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://prefect/api", headers=headers)
        self._made: set[tuple[str, str]] = set()

    async def place(self, path: str) -> Place | None:
        """Where a thing belongs that Prefect knows under `path`; None where there is no such thing.

        Raises ServerUnreachable.
        """
        answer = await self._ask("GET", path)
        if answer.status_code == _MISSING:
            return None
        if answer.status_code != _OK:
            raise ServerUnreachable(f"Prefect's API answers {answer.status_code} to {path}.")
        said = answer.json()
        return Place(
            pool=said.get("work_pool_name") or "",
            queue=said.get("work_queue_name") or "",
            run=said.get("flow_run_id") or "",
        )

    async def make_queues(self, pool: str, names: tuple[str, ...]) -> None:
        """Make the queues of a pool that are not there yet. May be repeated safely.

        Raises ServerUnreachable.
        """
        for queue in queues.ranked(tuple(name for name in names if (pool, name) not in self._made)):
            said = {"name": queue.name, "priority": queue.priority * _BAND}
            answer = await self._ask("POST", f"/work_pools/{pool}/queues", json=said)
            if answer.status_code not in {_CREATED, _CONFLICT}:
                raise ServerUnreachable(
                    f"Queue {queue.name} of pool {pool} cannot be made: Prefect's API answers {answer.status_code}.",
                    advice="Make the work pools first: reencodarr pools.",
                )
            if answer.status_code == _CREATED:
                log.info("made queue %s of pool %s", queue.name, pool)
            self._made.add((pool, queue.name))

    async def wake(self, deployment: str) -> None:
        """Start a run of a deployment, unless one waits for its turn already. Not deployed: nothing is done.

        Raises ServerUnreachable.
        """
        found = await self._ask("GET", f"/deployments/name/{deployment}")
        if found.status_code == _MISSING:
            log.info("%s is not deployed; nothing is woken", deployment)
            return
        known = _said(found, deployment)["id"]
        waiting = {
            "deployment_id": {"any_": [known]},
            "state": {"type": {"any_": ["SCHEDULED", "PENDING"]}},
            "expected_start_time": {"before_": datetime.now(UTC).isoformat()},
        }
        if _said(await self._ask("POST", "/flow_runs/count", json={"flow_runs": waiting}), deployment):
            return
        _said(await self._ask("POST", f"/deployments/{known}/create_flow_run", json={}), deployment)
        log.info("%s is woken", deployment)

    async def _ask(self, method: str, path: str, **body: Any) -> httpx.Response:
        """The answer. Prefect says 503 where its SQLite file is locked, and means: once more."""
        for _ in range(_TRIES):
            answer = await self._client.request(method, path, **body)
            if answer.status_code != _ONCE_MORE:
                break
            await asyncio.sleep(_PAUSE)
        return answer


def _said(answer: httpx.Response, what: str) -> Any:
    """What an answer holds. Raises ServerUnreachable for a refusal."""
    if not answer.is_success:
        raise ServerUnreachable(f"Prefect's API answers {answer.status_code} about {what}.")
    return answer.json()
