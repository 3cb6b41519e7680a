"""Webhooks of a real server, with Prefect's own app behind them: a season must not start a season of runs."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest
from sqlmodel import select

from reencodarr.api import alarm, webhooks
from reencodarr.arr import secrets
from reencodarr.arr.registration import SECRET_HEADER
from reencodarr.library import database
from reencodarr.library.tables import ArrWish
from reencodarr.units import MIB
from tests.api import kit
from tests.api.kit import Server
from tests.flows.conftest import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

PATH = "/webhooks/sonarr/main"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REENCODARR_SONARR__MAIN__URL", "http://127.0.0.1:9")
        patch.setenv("REENCODARR_SONARR__MAIN__API_KEY", "0123456789")
        with kit.running(tmp_path_factory.mktemp("server")) as running:
            yield running


@pytest.fixture(scope="module")
def deployment(server: Server) -> str:
    """The id of the deployment that is woken; nobody works in its pool."""
    flow, name = webhooks.LOOK_AGAIN.split("/")
    with server.owner as client:
        made = client.post("/flows/", json={"name": flow}).json()
        said = {"name": name, "flow_id": made["id"], "work_pool_name": "server", "pull_steps": []}
        return str(client.post("/deployments/", json=said).raise_for_status().json()["id"])


def runs(server: Server, deployment: str) -> list[str]:
    with server.owner as client:
        asked = {"deployments": {"id": {"any_": [deployment]}}}
        return [str(one["id"]) for one in client.post("/flow_runs/filter", json=asked).json()]


def settled(server: Server, deployment: str, *, least: int = 0) -> list[str]:
    """The runs, some time after the last event and after there were so many."""
    eventually(lambda: len(runs(server, deployment)) >= least)
    time.sleep(alarm.QUIET + 3)
    return runs(server, deployment)


def send(server: Server, events: int, *, titles: int = 1, at_once: int = 16) -> set[int]:
    """The statuses of so many events."""
    statuses: set[int] = set()
    secret = secrets.webhook(server.settings).get_secret_value()

    async def some(client: httpx.AsyncClient, numbers: range) -> None:
        for number in numbers:
            body = {"eventType": "Download", "series": {"id": 1 + number % titles}, "episodes": [{"id": number}] * 50}
            statuses.add((await client.post(PATH, json=body)).status_code)

    async def all_() -> None:
        limits = httpx.Limits(max_connections=at_once)
        headers = {SECRET_HEADER: secret}
        async with httpx.AsyncClient(base_url=server.url, headers=headers, limits=limits, timeout=120) as client:
            await asyncio.gather(*(some(client, range(first, events, at_once)) for first in range(at_once)))

    asyncio.run(all_())
    return statuses


def test_two_hundred_events_start_one_run_and_the_next_burst_one_more(server: Server, deployment: str) -> None:
    assert send(server, 200) == {204}
    first = settled(server, deployment, least=1)

    assert send(server, 200) == {204}
    waiting = settled(server, deployment)
    with server.owner as client:
        over = {"state": {"type": "COMPLETED"}, "force": True}
        client.post(f"/flow_runs/{first[0]}/set_state", json=over).raise_for_status()
    assert send(server, 200) == {204}
    second = settled(server, deployment, least=2)

    assert (len(first), len(waiting), len(second)) == (1, 1, 2)
    with database.session(server.workplace.database, reads_only=True) as session:
        found = session.exec(select(ArrWish)).all()
    assert [(one.instance, one.title_id, one.events) for one in found] == [("main", 1, 600)]


def test_ten_thousand_events_leave_the_memory_as_it_was(server: Server, deployment: str) -> None:
    (process,) = [one for one in psutil.Process().children(recursive=True) if "uvicorn" in one.cmdline()]
    send(server, 2_000, titles=100)
    before, known = process.memory_info().rss, len(runs(server, deployment))

    statuses = send(server, 10_000, titles=100)

    grown = process.memory_info().rss - before
    assert statuses == {204}
    assert grown < 20 * MIB, f"{grown / MIB:.1f} MiB"
    assert len(settled(server, deployment)) <= known + 1


def test_a_flood_without_the_secret_does_not_keep_the_server_from_its_work(server: Server) -> None:
    wrong = {SECRET_HEADER: "wrong"}

    with httpx.Client(base_url=server.url, headers=wrong, timeout=120) as stranger:
        statuses = {stranger.post(PATH, content=b"x" * 60_000).status_code for _ in range(500)}
        refused = stranger.post(PATH, content=(b"x" * 65_536 for _ in range(200)))

    assert statuses == {401}
    assert refused.status_code == 401
    assert send(server, 1) == {204}
