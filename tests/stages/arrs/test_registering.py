"""Our webhook in a pretended Sonarr or Radarr, which sends what it sends to our own server."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from reencodarr.arr import secrets
from reencodarr.arr.instance import Kind
from reencodarr.arr.registration import SECRET_HEADER
from reencodarr.errors import SettingsError
from reencodarr.library import database
from reencodarr.library.tables import ArrWish, Library
from reencodarr.settings import ServerSettings
from reencodarr.stages import address
from reencodarr.stages.arrs import checkup, registering
from tests.api import listening
from tests.api.listening import Site
from tests.arr.conftest import QUICK
from tests.arr.conftest import fake as fake  # noqa: PLC0414
from tests.arr.fake import Fake
from tests.arr.fake import webhooks as payloads


@pytest.fixture
def site(tmp_path: Path, fake: Fake) -> Iterator[Site]:
    with listening.site(tmp_path, fake) as made:
        yield made


def ensure(site: Site, *, anew: bool = False) -> registering.Registered:
    return registering.ensure(site.workplace, site.instance, anew=anew, times=QUICK)


def only(fake: Fake) -> dict[str, Any]:
    """The one notification that it has."""
    (found,) = fake.answers.notifications.values()
    return found


def field(notification: dict[str, Any], name: str) -> Any:
    return next(one["value"] for one in notification["fields"] if one["name"] == name)


def lines(site: Site) -> dict[str, tuple[bool, str]]:
    return {one.what: (one.good, one.words) for one in checkup.lines(site.workplace, site.instance, times=QUICK)}


def test_it_registers_itself_and_what_happens_there_arrives(site: Site, fake: Fake) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    files = [fake.library.add_file(title, name) for name in ("a.mkv", "b.mkv")]

    with site.listening():
        done = ensure(site)
        for payload in payloads.every(fake.library, title, files).values():
            if payload["eventType"] != "Test":
                fake.tell(payload)

    assert (done.good, done.words, fake.undelivered) == (True, "created", [])
    assert (field(only(fake), "url"), site.row().webhook) == (site.url, "registered")
    assert site.row().webhook_at is not None
    with database.session(site.workplace.database, reads_only=True) as session:
        found = session.exec(select(ArrWish).order_by(col(ArrWish.title_id))).all()
    assert [(one.title_id, one.events) for one in found] == [(title.id, 11 if fake.kind == "sonarr" else 10)]


def test_what_is_right_is_left_alone_and_what_is_wrong_is_mended(site: Site, fake: Fake) -> None:
    with site.listening():
        ensure(site)
        asked = len(fake.asked)
        same = ensure(site)
        saved = [one for one in fake.asked[asked:] if not one.startswith("GET")]
        only(fake)["onUpgrade"] = False
        mended = ensure(site)
        surplus = {**only(fake), "id": 99}
        fake.answers.notifications[99] = surplus
        single = ensure(site)

    assert (same.words, saved) == ("registered", [])
    assert mended.words == "mended (onUpgrade is off)"
    assert only(fake)["onUpgrade"]
    assert single.words == "registered; 1 more of the same removed"


def test_the_other_application_gets_no_webhook(site: Site, fake: Fake) -> None:
    fake.knobs.says_it_is = "Radarr" if fake.kind == "sonarr" else "Sonarr"

    with site.listening():
        done = ensure(site)

    assert f"it is a {fake.knobs.says_it_is}" in done.words
    assert (done.good, fake.answers.notifications) == (False, {})


def test_another_secret_is_told(site: Site, fake: Fake) -> None:
    with site.listening():
        ensure(site)
    secrets.path(site.workplace.settings).unlink()

    with site.listening():
        done = ensure(site)

    assert done.words == "mended (it carries another secret)"
    expected = secrets.webhook(site.workplace.settings).get_secret_value()
    assert field(only(fake), "headers") == [{"key": SECRET_HEADER, "value": expected}]
    assert expected not in repr(done)


def test_a_server_that_is_not_reached_is_told_and_nothing_is_raised(site: Site, fake: Fake) -> None:
    done = ensure(site)

    assert not done.good
    assert "Unable to send test message" in done.words
    assert f"must reach it at {site.url}" in done.words
    assert (fake.answers.notifications, site.row().webhook) == ({}, "missing")


def test_an_instance_that_is_away_is_told_and_nothing_is_raised(site: Site, fake: Fake) -> None:
    fake.knobs.page = True

    assert not ensure(site).good


def test_everything_that_works_is_said(site: Site, fake: Fake, tmp_path: Path) -> None:
    root = tmp_path / "tv"
    root.mkdir()
    fake.library.add_title("Show", folder=str(root / "Show"))
    with database.session(site.workplace.database) as session:
        session.add(Library(path=root))

    with site.listening():
        ensure(site)
        found = lines(site)

    assert list(found) == ["reachable", "key", "version", "paths", "webhook", "event"]
    assert all(good for good, _ in found.values()), found


def test_what_does_not_work_is_said_with_what_to_do(site: Site, fake: Fake) -> None:
    fake.library.add_title("Show", folder="/elsewhere/Show")

    found = lines(site)

    assert [what for what, (good, _) in found.items() if not good] == ["paths", "webhook", "event"]
    assert "/elsewhere (1 of 1 titles)" in found["paths"][1]
    assert "MAIN__MAPPINGS" in found["paths"][1]
    assert "arr register main" in found["webhook"][1]
    assert "Unable to send test message" in found["event"][1]


def test_an_event_that_another_server_takes_does_not_count_as_arrived(site: Site, tmp_path: Path) -> None:
    with listening.site(tmp_path / "other", site.fake) as other:
        secrets.path(other.workplace.settings).parent.mkdir(parents=True)
        secrets.path(other.workplace.settings).write_text(
            secrets.webhook(site.workplace.settings).get_secret_value(), encoding="ascii"
        )
        moved = site.workplace.settings.server
        settings = other.workplace.settings.model_copy(update={"server": moved})
        with replace_workplace(other, settings).listening():
            ensure(site)
            found = lines(site)

    assert found["webhook"][0]
    assert not found["event"][0]


def replace_workplace(site: Site, settings: Any) -> Site:
    return Site(workplace=replace(site.workplace, settings=settings), fake=site.fake)


@pytest.mark.parametrize(
    ("knob", "value", "what"),
    [("page", True, "application"), ("version", "2.0.0.1", "version"), ("says_it_is", "Lidarr", "application")],
)
def test_what_answers_there_is_said(site: Site, fake: Fake, knob: str, value: Any, what: str) -> None:
    setattr(fake.knobs, knob, value)

    found = lines(site)

    assert {name: good for name, (good, _) in found.items()} == {"reachable": True, what: False}


def test_a_wrong_key_is_said(site: Site) -> None:
    kind = site.fake.kind
    said = {kind: {"main": {"url": site.fake.url, "api_key": "wrong"}}}
    settings = type(site.workplace.settings).model_validate({"data_dir": site.workplace.settings.data_dir, **said})

    found = lines(replace_workplace(site, settings))

    assert {name: good for name, (good, _) in found.items()} == {"reachable": True, "key": False}


@pytest.mark.parametrize(
    ("server", "theirs", "expected"),
    [
        ({}, "http://127.0.0.1:8989", "http://127.0.0.1:4200"),
        ({}, "http://localhost:8989/sonarr", "http://127.0.0.1:4200"),
        ({"tls": True, "host": "10.0.0.5"}, "http://nas:8989", "https://10.0.0.5:4200"),
        ({"host": "::1"}, "http://[::1]:8989", "http://[::1]:4200"),
        ({"public_url": "https://encode.lan/ui/"}, "http://nas:8989", "https://encode.lan"),
    ],
)
def test_webhooks_go_where_workers_go(server: dict[str, Any], theirs: str, expected: str, site: Site) -> None:
    instance = replace(site.instance, url=theirs, kind=Kind.SONARR)

    assert address.webhook(ServerSettings(**server), instance) == f"{expected}/webhooks/sonarr/main"


@pytest.mark.parametrize("server", [{}, {"host": "::1"}, {"public_url": "http://localhost:4200"}])
def test_a_server_on_loopback_is_out_of_reach_for_other_machines(server: dict[str, Any], site: Site) -> None:
    instance = replace(site.instance, url="http://nas:8989")

    with pytest.raises(SettingsError, match="its own machine") as raised:
        address.webhook(ServerSettings(**server), instance)

    assert "REENCODARR_SERVER__PUBLIC_URL" in raised.value.advice
