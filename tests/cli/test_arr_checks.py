"""What `doctor` says of Sonarr and Radarr."""

import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from reencodarr.cli import arr_checks, doctor
from reencodarr.cli.console import out
from reencodarr.settings import ArrSettings, Settings
from reencodarr.tools.checks import Check, State
from reencodarr.units import Seconds
from tests.arr.fake import KEY, Fake, serving
from tests.servers import ports


@pytest.fixture
def fake() -> Iterator[Fake]:
    with serving(Fake("sonarr")) as running:
        yield running


def of(url: str, *, key: str = KEY) -> ArrSettings:
    return ArrSettings(url=url, api_key=SecretStr(key))


def found(loaded: Settings, *, patience: float = 10.0) -> dict[str, tuple[Check, ...]]:
    return dict(arr_checks.found(loaded, patience=Seconds(patience)))


def states(checks: tuple[Check, ...]) -> dict[str, State]:
    return {check.name: check.state for check in checks}


def test_one_that_works_is_reached_with_our_key_and_tells_its_version(fake: Fake) -> None:
    [(about, checks)] = found(Settings(sonarr={"main": of(fake.url)})).items()

    assert about == "Sonarr main"
    assert states(checks) == {"reachable": State.OK, "key": State.OK, "version": State.OK}
    assert fake.asked == ["GET /system/status"]


def test_a_wrong_key_is_a_warning_that_shows_no_key(fake: Fake) -> None:
    checks = found(Settings(sonarr={"main": of(fake.url, key="wrong0123456789")}))["Sonarr main"]

    assert states(checks) == {"reachable": State.OK, "key": State.WARNING}
    assert checks[-1].advice
    assert "wrong0123456789" not in str(checks)


def test_one_that_nobody_can_reach_is_a_warning_beside_one_that_works(fake: Fake) -> None:
    nobody = f"http://127.0.0.1:{ports.free()}"

    both = found(Settings(sonarr={"main": of(fake.url)}, radarr={"films": of(nobody)}))

    assert states(both["Radarr films"]) == {"reachable": State.WARNING}
    assert states(both["Sonarr main"])["version"] is State.OK


def test_one_that_does_not_answer_costs_no_more_than_our_patience(fake: Fake) -> None:
    fake.knobs.delay = 3.0
    began = time.monotonic()

    slow = found(Settings(sonarr={"a": of(fake.url), "b": of(fake.url)}), patience=0.3)

    assert time.monotonic() - began < 2.5
    assert [states(checks) for checks in slow.values()] == [{"answer": State.WARNING}] * 2


def test_settings_by_which_no_policy_can_be_chosen_keep_films_from_being_encoded(fake: Fake) -> None:
    [checks] = found(Settings(sonarr={"main": of(fake.url)}, radarr={"main": of(fake.url)})).values()

    assert states(checks) == {"settings": State.FAILED}
    assert fake.asked == []


def test_people_read_a_table_of_each(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    [(about, checks)] = found(Settings(sonarr={"main": of(fake.url, key="wrong")})).items()

    out.print(doctor.table(doctor.Section(about=about, checks=checks)))

    text = " ".join(capsys.readouterr().out.split())
    assert text.startswith("Sonarr main ok reachable")
    assert "warning key" in text
    assert "`reencodarr arr test main`" in text
