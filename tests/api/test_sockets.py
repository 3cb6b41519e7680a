"""Websockets through the filter, and what a server that asks for no secret is open to."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from tests.api.test_filter import OTHERS_POOL, OWNER, RUN, Rig, conversation


def _socket(
    rig: Rig,
    path: str,
    *frames: object,
    accepted: bool = True,
    closed: bool = False,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> list[Any]:
    """What Prefect's side of a websocket hears; whether it was accepted, and whether we closed it ourselves."""

    async def talk(rig: Rig) -> None:
        waiting: list[dict[str, Any]] = [{"type": "websocket.receive", "text": json.dumps(frame)} for frame in frames]
        waiting.append({"type": "websocket.disconnect", "code": 1000})

        async def receive() -> dict[str, Any]:
            return waiting.pop(0)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await rig.app({"type": "websocket", "path": f"/api{path}", "headers": headers}, receive, send)

    sent: list[str] = []
    conversation(talk, rig)
    assert sent == ["websocket.accept", "websocket.close"][not accepted : 1 + closed]
    return [json.loads(frame) for frame in rig.prefect.frames]


def _auth(token: str) -> dict[str, str]:
    return {"type": "auth", "token": token}


@pytest.mark.parametrize("path", ["/events/out", "/logs/out", "/work_pools/linux/workers/connect"])
def test_a_worker_hears_nothing_over_websockets(path: str) -> None:
    # Prefect hears nothing either, so that its log is not filled with warnings of what is as it should be.
    assert _socket(Rig(), path, _auth("alpha:a"), closed=True) == []


@pytest.mark.parametrize(
    ("headers", "near"),
    [
        ({"host": "127.0.0.1:4200"}, True),
        ({"host": "[::1]:4200", "origin": "http://localhost:4200"}, True),
        ({"host": "127.0.0.1:4200", "origin": "https://evil.example.org"}, False),
        ({"host": "127.0.0.1:4200", "origin": "null"}, False),
        ({"host": "evil.example.org:4200"}, False),
        ({"host": "127.0.0.1:4200", "x-forwarded-for": "192.168.1.7"}, False),
    ],
)
def test_an_open_server_is_open_to_its_own_machine_only(headers: dict[str, str], near: bool) -> None:
    async def talk(rig: Rig) -> None:
        answer = await rig.client("").post("/deployments/filter", json={}, headers=headers)
        assert (answer.status_code == 403) is not near

    rig = conversation(talk, Rig(owner=None))
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    heard = _socket(Rig(owner=None), "/events/out", {"type": "filter"}, accepted=near, closed=not near, headers=raw)

    assert bool(rig.passed("POST", "/deployments/filter")) is near
    assert bool(heard) is near


def test_an_open_server_that_was_made_to_listen_elsewhere_answers_nobody_there() -> None:
    async def talk(rig: Rig) -> None:
        transport = httpx.ASGITransport(app=rig.app, client=("192.168.1.7", 999))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api") as client:
            assert (await client.post("/deployments/filter", json={})).status_code == 403

    assert not conversation(talk, Rig(owner=None)).prefect.seen


def test_the_owner_hears_everything_over_websockets() -> None:
    frames = [_auth(OWNER), {"type": "filter", "filter": {}}]

    assert _socket(Rig(), "/events/out", *frames) == frames


def test_a_worker_sends_signs_of_life_of_its_own_runs_alone() -> None:
    rig = Rig()
    rig.register.owners |= {RUN: "alpha", OTHERS_POOL: "beta"}
    own, foreign = (
        {"event": "prefect.flow-run.heartbeat", "resource": {"prefect.resource.id": f"prefect.flow-run.{run}"}}
        for run in (RUN, OTHERS_POOL)
    )
    forged = {**own, "event": "prefect.flow-run.Completed"}

    heard = _socket(rig, "/events/in", _auth("alpha:a"), foreign, own, forged)

    assert heard == [_auth(OWNER), own]


def test_a_guess_over_a_websocket_is_passed_on_as_wrong() -> None:
    assert _socket(Rig(), "/events/in", _auth("alpha:wrong"), {"event": "x"}) == [_auth("refused")]
