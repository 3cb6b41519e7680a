"""The filter around a small app that stands for Prefect's, with the register in memory."""

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from reencodarr.api import gate as gates
from reencodarr.api.filter import Filter
from reencodarr.api.gate import Gate
from reencodarr.api.inner import Inner
from reencodarr.api.rules import Caller

OWNER = "owner:0123456789"
RUN = "0f2b7c3e-1111-4222-8333-944445555666"
OTHERS_POOL = "1f2b7c3e-1111-4222-8333-944445555666"
OTHERS_QUEUE = "2f2b7c3e-1111-4222-8333-944445555666"
PENDING = {"state": {"type": "PENDING"}}
PLACES = {
    f"/api/flow_runs/{RUN}": {"work_pool_name": "linux", "work_queue_name": "crf-search"},
    f"/api/flow_runs/{OTHERS_POOL}": {"work_pool_name": "windows", "work_queue_name": "crf-search"},
    f"/api/flow_runs/{OTHERS_QUEUE}": {"work_pool_name": "linux", "work_queue_name": "local"},
    f"/api/artifacts/{RUN}": {"flow_run_id": RUN},
    f"/api/deployments/{RUN}": {"work_pool_name": "linux"},
    f"/api/deployments/{OTHERS_POOL}": {"work_pool_name": "windows"},
}


@dataclass
class Register:
    """Workers and owners in memory."""

    secrets: dict[str, str] = field(default_factory=lambda: {"alpha": "a", "beta": "b"})
    owners: dict[str, str] = field(default_factory=dict)
    queues: set[str] = field(default_factory=lambda: {"crf-search"})

    def caller(self, name: str, secret: str) -> Caller | None:
        known = self.secrets.get(name) == secret
        return Caller(name=name, pool="linux", queues=frozenset(self.queues)) if known else None

    def owner(self, flow_run: str) -> str:
        return self.owners.get(flow_run, "")

    def own(self, flow_run: str, name: str) -> bool:
        return self.owners.setdefault(flow_run, name) == name


@dataclass
class Prefect:
    """Accepts the owner's secret alone, and notes what comes through."""

    seen: list[tuple[str, str, bytes]] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            while (message := await receive())["type"] == "websocket.receive":
                self.frames.append(message["text"])
            return
        body = (await receive()).get("body", b"")
        header = dict(scope["headers"]).get(b"authorization")
        right = header == b"Basic " + base64.b64encode(OWNER.encode())
        self.seen.append((scope["method"], scope["path"], body))
        status = 200 if right else 401
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(PLACES.get(scope["path"], {})).encode()})


async def _no_desk(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": type(scope["state"]["who"]).__name__.encode()})


async def _no_hooks(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@dataclass
class Rig:
    prefect: Prefect = field(default_factory=Prefect)
    register: Register = field(default_factory=Register)
    owner: str | None = OWNER

    def __post_init__(self) -> None:
        within = Inner(self.prefect, self.owner)
        self.gate = Gate(self.register, self.owner)
        self.app = Filter(prefect=self.prefect, desk=_no_desk, hooks=_no_hooks, gate=self.gate, within=within)

    def client(self, credentials: str) -> httpx.AsyncClient:
        name, _, secret = credentials.partition(":")
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://s/api", auth=(name, secret))

    def passed(self, method: str, path: str) -> list[bytes]:
        """Bodies of such requests as Prefect saw them; the filter's own look-ups have none."""
        return [body for seen, where, body in self.prefect.seen if (seen, where) == (method, f"/api{path}")]


def conversation(talk: Callable[[Rig], Awaitable[None]], rig: Rig | None = None) -> Rig:
    rig = rig or Rig()
    asyncio.run(talk(rig))  # type: ignore[arg-type]
    return rig


def test_the_owner_reaches_everything() -> None:
    async def talk(rig: Rig) -> None:
        assert (await rig.client(OWNER).post("/deployments/filter", json={"limit": 1})).status_code == 200

    rig = conversation(talk)

    assert rig.passed("POST", "/deployments/filter")


@pytest.mark.parametrize("credentials", ["", "alpha:wrong", "owner:wrong", "gamma:a", ":a", "alpha:"])
def test_nobody_reaches_nothing(credentials: str) -> None:
    async def talk(rig: Rig) -> None:
        assert (await rig.client(credentials).get("/version")).status_code == 401
        assert (await rig.client(credentials).get("/health")).status_code == 401  # of the small app, which asks always

    rig = conversation(talk)

    assert not rig.passed("GET", "/version")


def test_a_wrong_secret_is_answered_slowly_and_too_many_are_not_looked_at() -> None:
    async def talk(rig: Rig) -> None:
        began = time.monotonic()
        guesses = [rig.client(f"alpha:{number}").get("/version") for number in range(gates._MOST_WAITING + 5)]
        statuses = [answer.status_code for answer in await asyncio.gather(*guesses)]
        assert time.monotonic() - began > 0.9
        assert statuses.count(429) == 5
        assert (await rig.client("alpha:a").get("/version")).status_code == 200

    conversation(talk)


def test_a_workers_secret_becomes_the_owners_on_its_way() -> None:
    async def talk(rig: Rig) -> None:
        assert (await rig.client("alpha:a").get("/work_pools/linux")).status_code == 200
        assert (await rig.client("alpha:a").get("/work_pools/windows")).status_code == 403
        assert (await rig.client("alpha:a").post("/deployments/filter", json={})).status_code == 403

    rig = conversation(talk)

    assert [path for _, path, _ in rig.prefect.seen] == ["/api/work_pools/linux"]


def test_outside_of_the_api_a_workers_secret_stays_what_it_is() -> None:
    async def talk(rig: Rig) -> None:
        assert (await rig.client("alpha:a").get("http://s/apifoo")).status_code == 403
        assert (await rig.client("alpha:a").get("http://s/dashboard")).status_code == 401
        assert (await rig.client("alpha:a").get("http://s//api/version")).status_code == 401

    conversation(talk)


def test_a_run_belongs_to_the_first_worker_that_takes_it() -> None:
    async def talk(rig: Rig) -> None:
        alpha, beta = rig.client("alpha:a"), rig.client("beta:b")
        assert (await alpha.get(f"/flow_runs/{RUN}")).status_code == 403
        assert (await alpha.post(f"/flow_runs/{RUN}/set_state", json=PENDING)).status_code == 200
        assert (await alpha.get(f"/flow_runs/{RUN}")).status_code == 200
        late = await beta.post(f"/flow_runs/{RUN}/set_state", json=PENDING)
        assert (late.status_code, late.json()["status"]) == (200, "ABORT")
        for state in ("RUNNING", "COMPLETED", "CRASHED", "CANCELLED"):
            forged = await beta.post(f"/flow_runs/{RUN}/set_state", json={"state": {"type": state}, "force": False})
            assert forged.status_code == 403
        assert (await beta.get(f"/flow_runs/{RUN}")).status_code == 403
        assert (await beta.patch(f"/flow_runs/{RUN}", json={"name": "x"})).status_code == 403
        assert (await beta.patch(f"/artifacts/{RUN}", json={"data": "x"})).status_code == 403
        assert (await beta.post("/artifacts/", json={"flow_run_id": RUN, "data": "x"})).status_code == 403
        assert (await alpha.patch(f"/artifacts/{RUN}", json={"data": "x"})).status_code == 200

    rig = conversation(talk)

    assert rig.register.owners == {RUN: "alpha"}
    assert len(rig.passed("POST", f"/flow_runs/{RUN}/set_state")) == 1


@pytest.mark.parametrize("run", [OTHERS_POOL, OTHERS_QUEUE, RUN.replace("0f", "ff")])
def test_a_run_of_another_pool_or_queue_cannot_be_taken(run: str) -> None:
    async def talk(rig: Rig) -> None:
        answer = await rig.client("alpha:a").post(f"/flow_runs/{run}/set_state", json=PENDING)
        assert answer.status_code == 403

    rig = conversation(talk)

    assert not rig.register.owners
    assert not rig.passed("POST", f"/flow_runs/{run}/set_state")


def test_a_deployment_of_another_pool_cannot_be_read() -> None:
    async def talk(rig: Rig) -> None:
        assert (await rig.client("alpha:a").get(f"/deployments/{RUN}")).status_code == 200
        assert (await rig.client("alpha:a").get(f"/deployments/{OTHERS_POOL}")).status_code == 403

    conversation(talk)


def test_lines_and_questions_about_foreign_runs_do_not_pass() -> None:
    async def talk(rig: Rig) -> None:
        rig.register.owners |= {RUN: "alpha", OTHERS_POOL: "beta"}
        alpha = rig.client("alpha:a")
        lines = [{"flow_run_id": run, "message": run} for run in (RUN, OTHERS_POOL)]
        assert (await alpha.post("/logs/", json=lines)).status_code == 200
        assert (await alpha.post("/logs/", json=lines[1:])).status_code == 201
        await alpha.post("/flow_runs/filter", json={"flow_runs": {"id": {"any_": [RUN, OTHERS_POOL]}}})

    rig = conversation(talk)

    assert [json.loads(body) for body in rig.passed("POST", "/logs/")] == [[{"flow_run_id": RUN, "message": RUN}]]
    assert OTHERS_POOL.encode() not in b"".join(rig.passed("POST", "/flow_runs/filter"))


def test_a_body_too_large_is_refused_before_it_is_read_to_its_end() -> None:
    async def talk(rig: Rig) -> None:
        rig.register.owners[RUN] = "alpha"
        body = json.dumps({"name": "x" * 300_000})
        assert (await rig.client("alpha:a").patch(f"/flow_runs/{RUN}", content=body)).status_code == 403

    rig = conversation(talk)

    assert not rig.prefect.seen


def test_a_revoked_secret_is_refused_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "REMEMBERED", 0.2)

    async def talk(rig: Rig) -> None:
        assert (await rig.client("alpha:a").get("/version")).status_code == 200
        del rig.register.secrets["alpha"]
        assert (await rig.client("alpha:a").get("/version")).status_code == 200
        await asyncio.sleep(0.25)
        assert (await rig.client("alpha:a").get("/version")).status_code == 401

    conversation(talk)


def test_a_worker_that_said_what_it_is_may_poll_its_queues_at_once() -> None:
    async def talk(rig: Rig) -> None:
        poll = {"work_queue_names": ["encode-1"]}
        assert (await rig.client("alpha:a").post("/work_pools/linux/get_scheduled_flow_runs", json=poll)).is_error
        rig.register.queues = {"crf-search", "encode-1"}  # As its hello does.
        await rig.client("alpha:a").post("/reencodarr/hello")
        assert (await rig.client("alpha:a").post("/work_pools/linux/get_scheduled_flow_runs", json=poll)).is_success

    conversation(talk)


def test_without_an_owners_secret_only_our_own_api_asks_who_speaks() -> None:
    async def talk(rig: Rig) -> None:
        await rig.client("").post("/deployments/filter", json={}, headers={"host": "localhost"})
        assert (await rig.client("").post("/reencodarr/beat")).text == "NoneType"
        assert (await rig.client("alpha:a").post("/reencodarr/beat")).text == "Caller"

    rig = conversation(talk, Rig(owner=None))

    assert rig.passed("POST", "/deployments/filter")
