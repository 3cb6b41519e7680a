"""Webhooks make wishes, whatever they say and however they come; who has not the secret is nobody."""

import asyncio
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reencodarr.api import webhooks
from reencodarr.arr.instance import Kind
from reencodarr.arr.registration import SECRET_HEADER
from reencodarr.library import wishes
from tests.api import hooked
from tests.api.hooked import PATHS, Hooked
from tests.arr.fake import Fake
from tests.arr.fake import webhooks as payloads
from tests.library.conftest import sqlite_template  # noqa: F401

KINDS = pytest.mark.parametrize("kind", list(Kind))
SONARR = PATHS[Kind.SONARR]
IMPORT = {"eventType": "Download", "series": {"id": 7, "title": "Show"}}


@pytest.fixture
def hooks(tmp_path: Path, sqlite_template: Path) -> Iterator[Hooked]:  # noqa: F811
    with hooked.hooked(tmp_path, sqlite_template) as made:
        yield made


@KINDS
def test_every_event_in_every_shape_becomes_a_wish_for_its_title(hooks: Hooked, kind: Kind) -> None:
    title, sent = hooked.every(kind)
    about_nothing = {"Test", "Health", "HealthRestored", "ApplicationUpdate"}

    answers = hooks.send(PATHS[kind], *sent.values())

    instance = PATHS[kind].rpartition("/")[2]
    assert set(answers) == {204}
    assert hooks.wishes() == [(instance, title, len(sent) - len(about_nothing))]
    assert hooks.called() == {instance}
    assert hooks.woken == 1


@pytest.mark.parametrize("event", ["Test", "Health", "HealthRestored", "ApplicationUpdate"])
def test_an_event_of_no_title_is_answered_and_marked_and_nothing_else(hooks: Hooked, event: str) -> None:
    assert hooks.send(SONARR, {"eventType": event, "series": {"id": 1}}) == [204]

    assert (hooks.wishes(), hooks.called(), hooks.woken) == ([], {"main"}, 0)


NO_IDS: list[Any] = [None, 0, -1, 2**31, 2**70, 1.5, "7", True, [7], {"id": 7}]


@pytest.mark.parametrize("series", [*({"id": one} for one in NO_IDS), {}, None, 7, "Show", [{"id": 7}]], ids=str)
def test_an_event_that_does_not_say_which_title_stands_for_all(hooks: Hooked, series: Any) -> None:
    assert hooks.send(SONARR, {"eventType": "Download", "series": series}) == [204]

    assert hooks.wishes() == [("main", wishes.ALL, 1)]


def test_an_event_of_the_other_application_stands_for_all(hooks: Hooked) -> None:
    hooks.send(SONARR, {"eventType": "Download", "movie": {"id": 7}})
    hooks.send(SONARR, {"eventType": "SomethingNew", "series": {"id": 8}})

    assert hooks.wishes() == [("main", wishes.ALL, 1), ("main", 8, 1)]


MALFORMED = {
    "nothing": b"",
    "no JSON": b"hello",
    "cut off": json.dumps(IMPORT).encode()[:-5],
    "a list": b"[]",
    "no event": b'{"series": {"id": 7}}',
    "an empty event": b'{"eventType": ""}',
    "a number": b'{"eventType": 7}',
    "a long event": json.dumps({"eventType": "x" * 65}).encode(),
    "a zero byte": b'{"eventType": "a\\u0000"}',
    "half a surrogate": b'{"eventType": "\\ud800"}',
    "not UTF-8": b'{"eventType": "Download", "series": {"id": 7, "title": "\xff"}}',
    "very deep": b"[" * 100_000,
    "deep inside": b'{"eventType": "Download", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_is_refused_and_leaves_nothing(hooks: Hooked, body: bytes) -> None:
    assert hooks.send(SONARR, body) == [400]

    assert (hooks.wishes(), hooks.called()) == ([], set())


def test_a_renamed_series_of_a_thousand_episodes_fits(hooks: Hooked) -> None:
    library = Fake("sonarr").library
    title = library.add_title("Long", folder="/tv/Long")
    files = [library.add_file(title, f"Season 01/Long - S01E{number:04} - Episode.mkv") for number in range(1100)]

    body = json.dumps(payloads.renamed(library, title, [(one, one.path) for one in files])).encode()

    assert 2**19 < len(body) < webhooks.LARGEST / 4
    assert hooks.send(SONARR, body) == [204]
    assert hooks.wishes() == [("main", title.id, 1)]


def test_a_message_that_is_too_long_has_the_whole_instance_looked_at(hooks: Hooked) -> None:
    async def endless(client: httpx.AsyncClient) -> int:
        async def body() -> Any:
            for _ in range(2 * webhooks.LARGEST // 2**16):
                yield b" " * 2**16

        return (await client.post(SONARR, content=body())).status_code

    assert hooks.run(endless) == 413
    assert hooks.wishes() == [("main", wishes.ALL, 1)]


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        (SONARR, ""),
        (SONARR, "wrong"),
        (SONARR, f"{hooked.SECRET} "),
        ("/webhooks/sonarr/nobody", hooked.SECRET),
        ("/webhooks/radarr/main", hooked.SECRET),
        ("/webhooks/sonarr/main/", hooked.SECRET),
        ("/webhooks/sonarr/MAIN", hooked.SECRET),
        ("/webhooks/", hooked.SECRET),
        ("/webhooks/sonarr/nobody", ""),
    ],
)
def test_a_wrong_secret_and_an_unknown_instance_look_alike(hooks: Hooked, path: str, secret: str) -> None:
    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(path, json=IMPORT, headers={SECRET_HEADER: secret})

    answer = hooks.run(talk)

    assert (answer.status_code, answer.json()) == (401, {"detail": "Unauthorized"})
    assert (hooks.wishes(), hooks.called()) == ([], set())


def test_nothing_of_a_message_without_the_secret_is_read(hooks: Hooked) -> None:
    async def receive() -> Any:
        raise AssertionError("somebody read it")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": SONARR, "headers": [(b"transfer-encoding", b"chunked")]}
    asyncio.run(hooks.app(scope, receive, send))

    assert sent[0]["status"] == 401
    assert (b"connection", b"close") in sent[0]["headers"]


def test_a_flood_without_the_secret_writes_one_line_and_nothing_else(
    hooks: Hooked, caplog: pytest.LogCaptureFixture
) -> None:
    async def flood(client: httpx.AsyncClient) -> set[int]:
        wrong = {SECRET_HEADER: "wrong"}
        return {(await client.post(SONARR, content=b"x", headers=wrong)).status_code for _ in range(300)}

    assert hooks.run(flood) == {401}

    assert len([one for one in caplog.records if one.name == webhooks.log.name]) == 1
    assert hooked.SECRET not in caplog.text


def test_a_season_that_comes_in_at_once_is_one_wish_and_one_wake(hooks: Hooked) -> None:
    async def season(client: httpx.AsyncClient) -> set[int]:
        answers = await asyncio.gather(*(client.post(SONARR, json=IMPORT) for _ in range(200)))
        return {one.status_code for one in answers}

    assert hooks.run(season) == {204}

    assert hooks.wishes() == [("main", 7, 200)]
    assert hooks.woken == 1


def test_a_sender_that_goes_away_does_not_stop_the_others(hooks: Hooked) -> None:
    async def talk(client: httpx.AsyncClient) -> int:
        leaving = asyncio.create_task(client.post(SONARR, json=IMPORT))
        staying = asyncio.create_task(client.post(SONARR, json=IMPORT))
        await asyncio.sleep(0)
        leaving.cancel()
        return (await staying).status_code

    assert hooks.run(talk) == 204
    assert hooks.wishes()


def test_a_database_that_cannot_be_used_is_a_503_and_no_more(hooks: Hooked, tmp_path: Path) -> None:
    hooks.engine.dispose()
    for one in tmp_path.glob("hooks.db*"):
        one.unlink()
    (tmp_path / "hooks.db").mkdir()

    assert hooks.send(SONARR, IMPORT) == [503]
    assert hooks.woken == 0


def test_what_was_written_down_is_not_kept_in_memory(hooks: Hooked) -> None:
    body = json.dumps({**IMPORT, "episodeFiles": ["x" * 100] * 100}).encode()

    async def flood(client: httpx.AsyncClient) -> int:
        async def some(number: int) -> None:
            for _ in range(number):
                assert (await client.post(SONARR, content=body)).status_code == 204

        await asyncio.gather(*(some(5) for _ in range(20)))
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        await asyncio.gather(*(some(10) for _ in range(20)))
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        return grown

    assert hooks.run(flood) < 200 * len(body) / 4
    assert hooks.wishes() == [("main", 7, 300)]
