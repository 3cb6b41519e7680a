"""`reencodarr arr` as people and scripts call it, with a pretended Sonarr and our own webhooks on a socket."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.api import listening
from tests.api.listening import Site
from tests.arr.fake import KEY, Fake, serving
from tests.cli.conftest import Program


@pytest.fixture
def fake() -> Iterator[Fake]:
    with serving(Fake("sonarr")) as running:
        yield running


@pytest.fixture
def site(reencodarr: Program, fake: Fake) -> Iterator[Site]:
    with listening.site(reencodarr.data, fake) as made:
        yield made


@pytest.fixture
def program(reencodarr: Program, site: Site) -> Program:
    """It has the Sonarr in its settings."""
    said = {
        "REENCODARR_SONARR__MAIN__URL": site.fake.url,
        "REENCODARR_SONARR__MAIN__API_KEY": KEY,
        "REENCODARR_SERVER__PORT": str(site.workplace.settings.server.port),
    }
    return replace(reencodarr, environment={**reencodarr.environment, **said})


@pytest.mark.slow
def test_a_webhook_is_registered_and_everything_that_works_is_shown(program: Program, site: Site, fake: Fake) -> None:
    with site.listening():
        registered = program("arr", "register", "main")
        tried = program("arr", "test")
    listed = program("arr", "list", "--json")

    assert (registered.returncode, registered.stdout) == (0, "Sonarr main: created\n")
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert [line.split()[:2] for line in tried.stdout.splitlines()[1:]] == [
        ["ok", what] for what in ("reachable", "key", "version", "paths", "webhook", "event")
    ]
    (found,) = json.loads(listed.stdout)
    assert (found["name"], found["webhook"], found["webhook_at"] is not None) == ("main", "registered", True)
    for shown in (registered, tried, listed):
        assert KEY not in shown.stdout + shown.stderr


@pytest.mark.slow
def test_what_does_not_work_is_in_the_exit_code(program: Program, site: Site) -> None:
    tried = program("arr", "test", "--json", REENCODARR_SONARR__MAIN__API_KEY="wrong")
    registered = program("arr", "register")
    unknown = program("arr", "test", "other")

    assert tried.returncode == 1
    assert [(one["what"], one["good"]) for one in json.loads(tried.stdout)] == [("reachable", True), ("key", False)]
    assert registered.returncode == 1
    assert "Unable to send test message" in registered.stdout
    assert unknown.returncode == 2
    assert "There are: main." in unknown.stderr


@pytest.mark.slow
def test_without_any_instance_it_is_said_what_to_set(reencodarr: Program, site: Site) -> None:
    listed, tried = reencodarr("arr", "list"), reencodarr("arr", "test")

    assert (listed.returncode, tried.returncode) == (0, 2)
    assert "REENCODARR_SONARR__MAIN__URL" in listed.stdout
    assert "REENCODARR_SONARR__MAIN__URL" in tried.stderr
