"""The worker API over HTTP, with a real database; who speaks is put in by hand, as the filter does."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reencodarr import __version__
from reencodarr.api import desk
from reencodarr.api.gate import Owner
from reencodarr.api.rules import Caller
from reencodarr.library import database
from reencodarr.settings import Settings
from reencodarr.stages.machines import workers_desk
from reencodarr.stages.workplace import Workplace, open_workplace
from reencodarr.units import Bytes
from reencodarr.work import talk
from reencodarr.work.talk import Capabilities, Platform, WorkerBeat

ALPHA = Caller(name="alpha", pool="linux", queues=frozenset())
KEY = "0" * 32
MACHINE = Capabilities(
    platform=Platform.LINUX,
    machine="x86_64",
    system="Debian 12",
    cores=8,
    memory=Bytes(2**34),
    scratch_free=Bytes(2**36),
    version=__version__,
    build="some build",
    libvmaf="3.0.0",
    engines=("native",),
    slots=2,
)
LIFE = WorkerBeat(draining=False)


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    settings = Settings(data_dir=tmp_path)
    database.upgrade(settings.database)
    opened = open_workplace(settings)
    workers_desk.add(opened, "alpha", "linux")
    yield opened
    opened.database.dispose()


class Rig:
    """The desk's app, and the queues that it had made."""

    def __init__(self, workplace: Workplace) -> None:
        self.made: list[tuple[str, tuple[str, ...]]] = []
        self.app = desk.app(workplace, None, self._make_queues)

    async def _make_queues(self, pool: str, names: tuple[str, ...]) -> None:
        self.made.append((pool, names))

    def ask(self, who: object, method: str, path: str, body: Any = "", *, host: str = "10.0.0.9") -> httpx.Response:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await self.app({**scope, "state": {"who": who}}, receive, send)

        async def talk_to_it() -> httpx.Response:
            transport = httpx.ASGITransport(app=app, client=(host, 1), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://s") as client:
                return await client.request(method, path, content=body)

        return asyncio.run(talk_to_it())


@pytest.fixture
def rig(workplace: Workplace) -> Rig:
    return Rig(workplace)


def test_a_machine_is_welcomed_and_its_queues_are_made(rig: Rig) -> None:
    answer = rig.ask(ALPHA, "POST", talk.HELLO, talk.to_json(MACHINE))

    welcome = talk.from_json(talk.Welcome, answer.content)
    assert (welcome.name, welcome.pool) == ("alpha", "linux")
    assert rig.made == [("linux", welcome.queues)]


def test_a_machine_of_another_kind_is_refused_in_words(rig: Rig) -> None:
    body = json.loads(talk.to_json(MACHINE)) | {"platform": "windows"}

    answer = rig.ask(ALPHA, "POST", talk.HELLO, json.dumps(body))

    assert answer.status_code == 403
    assert "windows" in talk.from_json(talk.Refusal, answer.content).words


def test_a_sign_of_life_is_answered(rig: Rig) -> None:
    answer = rig.ask(ALPHA, "POST", talk.BEAT, talk.to_json(LIFE))

    assert talk.from_json(talk.GoOn, answer.content).go_on


@pytest.mark.parametrize("verb", ["claim", "beat", "urls", "upload", "parts"])
@pytest.mark.parametrize(("who", "status"), [(None, 401), (Owner(), 403)])
def test_only_workers_speak_about_jobs(rig: Rig, verb: str, who: object, status: int) -> None:
    assert rig.ask(who, "POST", talk.job_path(KEY, verb), "{}").status_code == status
    assert rig.ask(who, "POST", talk.HELLO, "{}").status_code == status


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("claim", '{"attempt": 1, "flow_run": "x"}'),
        ("urls", '{"attempt": 1}'),
        ("upload", '{"attempt": 1, "size": 10, "suffix": ".mkv"}'),
        ("parts", '{"attempt": 1, "upload_id": "u", "numbers": [1]}'),
    ],
)
def test_a_job_that_is_not_its_own_is_lost_or_refused(rig: Rig, verb: str, body: str) -> None:
    answer = rig.ask(ALPHA, "POST", talk.job_path(KEY, verb), body)

    assert answer.status_code == 409
    assert talk.from_json(talk.Refusal, answer.content).code in {"lost", "no_bucket"}


@pytest.mark.parametrize("body", ["", "{", "[]", '{"attempt": "x"}', '{"attempt": 1}'])
def test_a_message_that_cannot_be_read_is_refused(rig: Rig, body: str) -> None:
    answer = rig.ask(ALPHA, "POST", talk.job_path(KEY, "claim"), body)

    assert answer.status_code == 400
    assert talk.from_json(talk.Refusal, answer.content).code == "order_unreadable"


def test_a_message_too_long_is_refused(rig: Rig) -> None:
    assert rig.ask(ALPHA, "POST", talk.BEAT, b" " * (5 * 2**20)).status_code == 413


def test_a_broken_database_is_no_traceback_and_no_path(rig: Rig, workplace: Workplace) -> None:
    workplace.database.dispose()
    file = Path(str(workplace.database.url.database))
    for one in file.parent.glob(f"{file.name}*"):
        one.unlink()
    file.mkdir()

    answer = rig.ask(ALPHA, "POST", talk.BEAT, talk.to_json(LIFE))

    assert answer.status_code == 503
    assert str(file.parent) not in answer.text
    assert rig.ask(None, "GET", "/health").status_code == 503


def test_health_says_little_to_strangers_and_all_to_the_owner(rig: Rig) -> None:
    assert rig.ask(None, "GET", "/health").json() == {"ok": True}
    assert rig.ask(ALPHA, "GET", "/health").json() == {"ok": True}
    assert rig.ask(Owner(), "GET", "/health").json()["versions"]["reencodarr"] == __version__


def test_metrics_are_for_the_owner_and_for_this_machine(rig: Rig) -> None:
    rig.ask(ALPHA, "POST", talk.HELLO, talk.to_json(MACHINE))

    assert rig.ask(None, "GET", "/metrics").status_code == 401
    assert rig.ask(ALPHA, "GET", "/metrics").status_code == 401
    assert rig.ask(None, "GET", "/metrics", host="127.0.0.1").status_code == 200
    told = rig.ask(Owner(), "GET", "/metrics").text
    assert 'reencodarr_workers{status="online"} 1.0' in told
    assert 'reencodarr_videos{state="encoded"} 0.0' in told
    assert "reencodarr_staged_bytes 0.0" in told
