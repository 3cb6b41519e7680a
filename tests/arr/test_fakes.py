"""The pretended applications cannot lie: what a real one would not take or give is noticed."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
from openapi_core import OpenAPI

from tests.arr.conftest import connected
from tests.arr.fake import KEY, Fake, contract, resources, serving, webhooks
from tests.arr.fake.contract import Call
from tests.arr.receiver import receiving

KINDS = pytest.mark.parametrize("kind", ["sonarr", "radarr"])


def published(kind: str) -> None:
    if contract.published(kind) is None:
        pytest.skip(f"the published specification is not in {contract.OPENAPI}; set REENCODARR_TEST_OPENAPI")


def call(method: str, path: str, **more: Any) -> Call:
    body, answer = more.pop("body", None), more.pop("answer", None)
    return Call(
        method=method,
        path=f"/api/v3{path}",
        query=more.pop("query", []),
        key=KEY,
        body=json.dumps(body).encode() if body is not None else b"",
        status=more.pop("status", 200),
        answer=json.dumps(answer).encode(),
    )


STATUS = {"appName": "Sonarr", "version": "4.0.0"}
COMMAND = resources.command(1, "RescanSeries", "queued", "unknown")
EPISODE_FILE = {"id": 1, "seriesId": 1, "path": "/a", "size": 1}
WRONG = {
    "unknown path": call("GET", "/nonsense", answer=[]),
    "wrong method": call("POST", "/system/status", answer=STATUS),
    "answer of a wrong type": call("GET", "/system/status", answer=[]),
    "field of a wrong type": call("GET", "/system/status", answer={**STATUS, "version": 4}),
    "file without a size in bytes": call("GET", "/episodefile/1", answer={**EPISODE_FILE, "size": "1 GB"}),
    "null id": call("GET", "/episodefile/1", answer={**EPISODE_FILE, "id": None}),
    "state that no command has": call("GET", "/command/1", answer={**COMMAND, "status": "running"}),
}
OURS_ONLY = {
    "no query where one is needed": call("GET", "/episodefile", answer=[]),
    "unknown query": call("GET", "/system/status", query=[("x", "1")], answer=STATUS),
    "command without its series": call("POST", "/command", body={"name": "RescanSeries"}, answer=COMMAND),
    "command that does not exist": call("POST", "/command", body={"name": "Rescan", "seriesId": 1}, answer=COMMAND),
    "no body": call("POST", "/command", answer=COMMAND),
}
PUBLISHED_ONLY = {
    "query of a wrong type": call("GET", "/episodefile", query=[("seriesId", "one")], answer=[]),
    "unknown field in an answer": call("GET", "/system/status", answer={**STATUS, "appname": "x"}),
    "unknown field in a body": call(
        "PUT", "/episode/monitor", body={"episodeIds": [1], "monitored": True, "x": 1}, status=202, answer=[]
    ),
}
RIGHT = {
    "status": call("GET", "/system/status", answer=STATUS),
    "files": call("GET", "/episodefile", query=[("seriesId", "1")], answer=[EPISODE_FILE]),
    "command with its own fields, and 201": call(
        "POST", "/command", body={"name": "RescanSeries", "seriesId": 1}, status=201, answer=COMMAND
    ),
    "put, and 202": call("PUT", "/episode/monitor", body={"episodeIds": [1], "monitored": True}, status=202, answer=[]),
}


@pytest.mark.parametrize("one", [*WRONG, *OURS_ONLY])
def test_our_own_description_refuses(one: str) -> None:
    found = [words for words in contract.violations("sonarr", (WRONG | OURS_ONLY)[one]) if words.startswith("ours")]

    assert found


@pytest.mark.parametrize("one", [*WRONG, *PUBLISHED_ONLY])
def test_the_published_specification_refuses(one: str) -> None:
    published("sonarr")

    found = list(contract.violations("sonarr", (WRONG | PUBLISHED_ONLY)[one]))

    assert [words for words in found if words.startswith("published")]


@pytest.mark.parametrize("one", [*RIGHT])
def test_both_take_what_is_right(one: str) -> None:
    assert list(contract.violations("sonarr", RIGHT[one])) == []


@KINDS
def test_the_mended_specification_is_one(kind: str) -> None:
    published(kind)
    raw = json.loads((contract.OPENAPI / f"{kind}.json").read_text("utf-8"))

    OpenAPI.from_dict(contract.mended(raw)).check_spec()


def test_what_breaks_the_contract_fails_the_test() -> None:
    with (
        pytest.raises(AssertionError, match="ours: GET /api/v3/health: no call that we make"),
        serving(Fake("sonarr")) as one,
    ):
        httpx.get(f"{one.url}/api/v3/health", headers={"X-Api-Key": KEY})


@KINDS
def test_every_webhook_has_the_shape_of_a_real_one(kind: str) -> None:
    file = contract.OPENAPI / f"webhook-{kind}.json"
    if not file.is_file():
        pytest.skip(f"the shapes of webhooks are not in {contract.OPENAPI}; set REENCODARR_TEST_OPENAPI")
    shapes = json.loads(file.read_text("utf-8"))
    sent = all_webhooks(kind)

    assert {one["eventType"] for one in sent.values()} == set(shapes["eventTypes"])
    fields: dict[str, set[str]] = {shape: set() for shape in shapes["$defs"] if shape.endswith("Payload")}
    for name, payload in sent.items():
        fitting = [shape for shape in fields if fits(payload, shape, shapes)]
        assert fitting, name
        for shape in fitting:
            fields[shape].update(payload)
    assert fields == {shape: set(shapes["$defs"][shape]["properties"]) for shape in fields} | {"WebhookPayload": set()}
    reasons = {one["deleteReason"] for one in sent.values() if "deleteReason" in one}
    assert reasons == set(next(reasons_of(shapes)))


def reasons_of(shapes: dict[str, Any]) -> Iterator[list[str]]:
    """The reasons for which a file goes, as each shape that has one lists them."""
    for shape in shapes["$defs"].values():
        if "deleteReason" in shape.get("properties", {}):
            yield shape["properties"]["deleteReason"]["enum"]


def all_webhooks(kind: str) -> dict[str, dict[str, Any]]:
    library = Fake(kind).library
    title = library.add_title("Show", folder="/tv/Show", tags=("anime",))
    files = [library.add_file(title, "a.mkv"), library.add_file(title, "b.mkv")]
    return webhooks.every(library, title, files)


def fits(payload: dict[str, Any], shape: str, shapes: dict[str, Any]) -> bool:
    """Whether a payload has only fields of that shape, at every depth, and of the right types."""
    closed = json.loads(json.dumps(shapes["$defs"]))
    for one in closed.values():
        if one.get("type") == "object":
            one["additionalProperties"] = False
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{shape}", "$defs": closed}).is_valid(payload)


def test_what_happens_there_is_told_to_whoever_asked(fake: Fake) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    bad, kept = fake.library.add_file(title, "bad.mkv"), fake.library.add_file(title, "kept.mkv")
    with receiving() as (url, received), connected(fake) as app:
        hook = app.notification_schema()[0]
        for one in hook["fields"]:
            one["value"] = url if one["name"] == "url" else one["value"]
        names = {"onRename": True, "onEpisodeFileDelete": True, "onMovieFileDelete": True, "onUpgrade": True}
        wanted = {name: value for name, value in names.items() if name in hook}
        hook.pop("id")
        app.save_notification({**hook, "name": "hook", **wanted})

        app.delete_file(bad.id)
        fake.library.renames = {kept.id: "New.mkv"}
        app.wait(app.rename(title.id, [kept.id]))
        old, new = fake.library.upgrade(kept.id, size=1)
        fake.tell(webhooks.download(fake.library, title, new, replaced=[old]))
        fake.tell(webhooks.download(fake.library, title, new))
        fake.tell(webhooks.health(fake.kind))

        events = [body["eventType"] for body, _ in received]
        assert events[0] == "Test"
        assert events[1] in {"EpisodeFileDelete", "MovieFileDelete"}
        assert events[2:] == ["Rename", "Download"]
        assert received[-1][0]["isUpgrade"]
        assert fake.undelivered == []
