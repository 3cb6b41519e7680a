"""Waking a deployment through Prefect's own app, which a small one stands for."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from reencodarr.api.inner import Inner
from reencodarr.errors import ServerUnreachable

ID = "0f2b7c3e-1111-4222-8333-944445555666"


@dataclass
class Prefect:
    """Knows one deployment, of which so many runs wait for their turn."""

    name: str = "look-again/server"
    waiting: int = 0
    status: int = 201
    made: int = 0
    counted: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive()).get("body", b"")
        status, said = self._answer(scope["path"].removeprefix("/api"), body)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(said).encode()})

    def _answer(self, path: str, body: bytes) -> tuple[int, Any]:
        if path == f"/deployments/name/{self.name}":
            return 200, {"id": ID}
        if path == "/flow_runs/count":
            self.counted.append(json.loads(body)["flow_runs"])
            return 200, self.waiting
        if path == f"/deployments/{ID}/create_flow_run":
            self.made += 1
            return self.status, {"id": ID}
        return 404, {}


def wake(prefect: Prefect) -> None:
    asyncio.run(Inner(prefect, "owner:secret").wake("look-again/server"))


def test_a_run_is_started() -> None:
    prefect = Prefect()

    wake(prefect)

    assert prefect.made == 1
    (asked,) = prefect.counted
    assert asked["deployment_id"] == {"any_": [ID]}
    assert "before_" in asked["expected_start_time"]  # what its schedule plans for later does not count


def test_none_is_started_where_one_waits_for_its_turn() -> None:
    prefect = Prefect(waiting=1)

    wake(prefect)

    assert prefect.made == 0


def test_a_deployment_that_is_not_there_is_no_trouble() -> None:
    prefect = Prefect(name="other/server")

    wake(prefect)

    assert prefect.made == 0


def test_a_refusal_is_named() -> None:
    with pytest.raises(ServerUnreachable, match="answers 409 about look-again/server"):
        wake(Prefect(status=409))
