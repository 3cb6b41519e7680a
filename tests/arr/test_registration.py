"""Our webhook is created where it is missing and mended where it is wrong, and nothing else is touched."""

import copy
from typing import Any

import pytest
from pydantic import SecretStr

from reencodarr.arr import registration
from reencodarr.arr.application import Application
from reencodarr.arr.instance import Kind
from reencodarr.arr.registration import NAME, SECRET_HEADER, Action, Registration
from reencodarr.errors import ArrFailed, ArrVersion
from tests.arr.fake import Fake
from tests.arr.fake.resources import webhook_schema
from tests.arr.receiver import receiving

SECRET = SecretStr("open-sesame")
URL = "http://reencodarr:4200/webhooks/sonarr/main"


def judged(kind: str, there: list[dict[str, Any]], *, url: str = URL) -> Registration:
    schema = [{"implementation": "Email", "fields": []}, webhook_schema(kind)]
    return registration.judge(Kind(kind), url, SECRET, notifications=there, schema=schema)


def registered(kind: str, **changes: Any) -> dict[str, Any]:
    """Our notification as it is saved, with changes."""
    payload = judged(kind, []).payload
    assert payload is not None
    return {**copy.deepcopy(payload), "id": 7, **changes}


def set_field(notification: dict[str, Any], name: str, value: object) -> dict[str, Any]:
    changed = copy.deepcopy(notification)
    for one in changed["fields"]:
        if one["name"] == name:
            one["value"] = value
    return changed


def field(notification: dict[str, Any] | None, name: str) -> Any:
    assert notification is not None
    return next(one["value"] for one in notification["fields"] if one["name"] == name)


@pytest.mark.parametrize("kind", ["sonarr", "radarr"])
def test_where_none_is_one_is_created(kind: str) -> None:
    found = judged(kind, [])

    assert found.action is Action.CREATE
    assert found.payload is not None
    assert "id" not in found.payload
    assert (found.payload["name"], field(found.payload, "url"), field(found.payload, "method")) == (NAME, URL, 1)
    assert field(found.payload, "headers") == [{"key": SECRET_HEADER, "value": "open-sesame"}]


_BOTH = "onDownload onUpgrade onRename "
_OWN = {
    "sonarr": "onImportComplete onSeriesDelete onEpisodeFileDelete onEpisodeFileDeleteForUpgrade",
    "radarr": "onMovieDelete onMovieFileDelete onMovieFileDeleteForUpgrade",
}


@pytest.mark.parametrize(("kind", "wanted"), [(kind, _BOTH + own) for kind, own in _OWN.items()])
def test_only_what_changes_the_disk_is_asked_for(kind: str, wanted: str) -> None:
    payload = judged(kind, []).payload or {}

    asked = {name for name, value in payload.items() if name.startswith(("on", "include")) and value}

    assert asked == set(wanted.split())


@pytest.mark.parametrize("kind", ["sonarr", "radarr"])
def test_one_that_is_right_is_left_alone(kind: str) -> None:
    found = judged(kind, [registered(kind)])

    assert (found.action, found.differences) == (Action.NOTHING, ())


@pytest.mark.parametrize(
    ("there", "difference"),
    [
        (registered("sonarr", onUpgrade=False), "onUpgrade is off"),
        (registered("sonarr", onGrab=True), "onGrab is on"),
        (registered("sonarr", includeHealthWarnings=True), "includeHealthWarnings is on"),
        (set_field(registered("sonarr"), "url", "http://old/hook"), "it calls http://old/hook"),
        (set_field(registered("sonarr"), "method", 2), "it does not POST"),
        (set_field(registered("sonarr"), "headers", None), "it does not carry our secret"),
        (
            set_field(registered("sonarr"), "headers", [{"key": SECRET_HEADER, "value": "x"}]),
            "it carries another secret",
        ),
    ],
)
def test_one_that_is_wrong_is_repaired(there: dict[str, Any], difference: str) -> None:
    found = judged("sonarr", [there])

    assert (found.action, found.differences) == (Action.REPAIR, (difference,))
    assert found.payload == registered("sonarr")


def test_what_its_owner_set_beyond_that_stays() -> None:
    own = registered("radarr", name="To the encoder", tags=[3], onHealthIssue=True)
    own = set_field(own, "headers", [{"key": "X-Other", "value": "1"}, {"key": SECRET_HEADER.lower(), "value": "old"}])
    own = set_field(own, "username", "me")

    payload = judged("radarr", [own]).payload

    assert payload is not None
    assert (payload["id"], payload["name"], payload["tags"]) == (7, "To the encoder", [3])
    assert field(payload, "username") == "me"
    assert field(payload, "headers") == [
        {"key": "X-Other", "value": "1"},
        {"key": SECRET_HEADER, "value": "open-sesame"},
    ]


def test_others_are_not_touched() -> None:
    others = [
        registered("sonarr", id=1, name=NAME, implementation="Email"),
        set_field(registered("sonarr", id=2, name="Other"), "url", "http://other/webhooks/sonarr/main"),
    ]

    assert judged("sonarr", others).action is Action.CREATE


def test_two_of_ours_are_one_too_many() -> None:
    found = judged("sonarr", [registered("sonarr", id=4), registered("sonarr", id=5)])

    assert (found.action, found.surplus) == (Action.NOTHING, (5,))


def test_a_value_that_it_keeps_to_itself_counts_as_right() -> None:
    there = set_field(registered("sonarr"), "headers", [{"key": SECRET_HEADER, "value": "********"}])

    assert judged("sonarr", [there]).action is Action.NOTHING


def test_an_event_that_it_does_not_know_is_not_asked_for() -> None:
    schema = webhook_schema("sonarr")
    del schema["onImportComplete"]
    schema["supportsOnRename"] = False

    found = registration.judge(Kind.SONARR, URL, SECRET, notifications=[], schema=[schema])
    again = registration.judge(Kind.SONARR, URL, SECRET, notifications=[{**(found.payload or {}), "id": 1}], schema=[])

    assert found.payload is not None
    assert "onImportComplete" not in found.payload
    assert found.payload["onRename"] is False
    assert again.action is Action.NOTHING


def test_webhooks_that_carry_no_header_are_too_old() -> None:
    schema = webhook_schema("sonarr")
    schema["fields"] = [one for one in schema["fields"] if one["name"] != "headers"]

    with pytest.raises(ArrVersion, match="no headers"):
        registration.judge(Kind.SONARR, URL, SECRET, notifications=[], schema=[schema])
    with pytest.raises(ArrVersion, match="no webhooks"):
        registration.judge(Kind.SONARR, URL, SECRET, notifications=[], schema=[])


def test_the_secret_does_not_show() -> None:
    wrong = set_field(registered("sonarr"), "headers", [{"key": SECRET_HEADER, "value": "other-secret"}])

    found = judged("sonarr", [wrong])

    assert "sesame" not in repr(found)
    assert "other-secret" not in repr(found)


def test_it_is_created_repaired_and_tried_in_a_running_instance(app: Application, fake: Fake) -> None:
    with receiving() as (url, received):

        def judge() -> Registration:
            there, schema = app.notifications(), app.notification_schema()
            return registration.judge(Kind(fake.kind), url, SECRET, notifications=there, schema=schema)

        created = app.save_notification(judge().payload or {})
        fake.answers.notifications[created["id"]]["onUpgrade"] = False
        repaired = app.save_notification(judge().payload or {})
        after = judge()
        app.test_notification(after.payload or {})

        assert (repaired["id"], repaired["onUpgrade"], after.action) == (created["id"], True, Action.NOTHING)
        assert [body["eventType"] for body, _ in received] == ["Test"] * 3
        assert {headers[SECRET_HEADER.lower()] for _, headers in received} == {"open-sesame"}
        app.delete_notification(created["id"])
        app.delete_notification(created["id"])
        assert app.notifications() == []


def test_a_webhook_that_cannot_arrive_is_not_saved(app: Application, fake: Fake) -> None:
    payload = judged(fake.kind, [], url="http://127.0.0.1:9/hook").payload

    with pytest.raises(ArrFailed, match="Unable to send test message"):
        app.save_notification(payload or {})
    assert app.notifications() == []
