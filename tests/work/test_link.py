"""The way to the server survives its absence and names its refusals."""

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from reencodarr.errors import JobLost, JobRefused, ServerRefused, ServerUnreachable, SettingsError, WorkStopped
from reencodarr.units import Seconds
from reencodarr.work import link
from reencodarr.work.link import Link
from reencodarr.work.talk import Claim, GoOn, JobBeat, Moment, Refusal, WorkerBeat
from reencodarr.work.token import Token
from tests.servers import ports
from tests.work import server
from tests.work.server import Desk

SIGN = WorkerBeat(draining=False)
CLAIM = Claim(attempt=1, flow_run="run")
QUICK = Seconds(0.1)


def test_a_beat_is_answered() -> None:
    desk = Desk(go_on=GoOn(go_on=False, words="quarantined"))

    with server.running(desk) as url, Link(desk.token, server=url) as way:
        answer = way.beat(SIGN)

    assert answer == GoOn(go_on=False, words="quarantined")


def test_a_server_in_trouble_is_asked_again() -> None:
    desk = Desk(trouble=[503, 502, 429, 500])

    with server.running(desk) as url, Link(desk.token, server=url, first_pause=QUICK) as way:
        answer = way.beat(SIGN, patience=Seconds(10))

    assert answer.go_on


def test_an_outage_of_seconds_does_not_hurt() -> None:
    desk, port = Desk(), ports.free()
    answers: list[GoOn] = []

    with Link(desk.token, server=f"http://127.0.0.1:{port}", first_pause=QUICK, patience=Seconds(60)) as way:
        asking = threading.Thread(target=lambda: answers.append(way.beat(SIGN, patience=Seconds(60))))
        asking.start()
        time.sleep(1.5)
        with server.running(desk, port):
            asking.join(60)

    assert answers == [GoOn(go_on=True)]


def test_patience_ends() -> None:
    gone = Token(name="attic", secret="s", pool="linux", server=f"http://127.0.0.1:{ports.free()}")

    with Link(gone, first_pause=QUICK) as way, pytest.raises(ServerUnreachable, match=r"127\.0\.0\.1"):
        way.beat(SIGN, patience=Seconds(0.5))


def test_a_stop_is_heard_while_it_waits() -> None:
    stop = threading.Event()
    gone = Token(name="attic", secret="s", pool="linux", server=f"http://127.0.0.1:{ports.free()}")
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()

    with Link(gone, stop=stop.is_set, first_pause=Seconds(30)) as way, pytest.raises(WorkStopped):
        way.beat(SIGN, patience=Seconds(60))

    assert time.monotonic() - began < 20


def test_another_secret_is_refused_and_not_said() -> None:
    desk = Desk()
    other = Token(name="attic", secret="wrong-one", pool="linux")

    with server.running(desk) as url, Link(other, server=url) as way, pytest.raises(ServerRefused) as refused:
        way.beat(SIGN, patience=Seconds(10))

    assert "wrong-one" not in str(refused.value)
    assert "workers add" in str(refused.value)


@pytest.mark.parametrize(
    ("code", "error"),
    [("lost", JobLost), ("taken", JobLost), ("other_build", JobRefused), ("revoked", ServerRefused)],
)
def test_a_refusal_is_named(code: str, error: type[Exception]) -> None:
    desk = Desk(refusal=(409, Refusal(code=code, words="it was said so")))

    with server.running(desk) as url, Link(desk.token, server=url) as way, pytest.raises(error, match="it was said so"):
        way.claim("0" * 32, CLAIM)


def test_a_server_that_is_none_of_ours_is_named() -> None:
    desk = Desk()

    with server.running(desk) as url, Link(desk.token, server=url) as way, pytest.raises(ServerRefused, match="404"):
        way.claim("0" * 32, CLAIM)


def test_an_answer_of_another_version_is_named() -> None:
    desk = Desk(go_on=Moment(stage="x"))  # type: ignore[arg-type]

    with server.running(desk) as url, Link(desk.token, server=url) as way, pytest.raises(Exception, match="version"):
        way.job_beat("0" * 32, JobBeat(attempt=1, moment=Moment(stage="x")))


@pytest.mark.parametrize(("days", "said"), [(0, ""), (0.01, "behind")])
def test_clocks_are_compared(days: float, said: str) -> None:
    desk = Desk(date=format_datetime(datetime.now(UTC) + timedelta(days=days), usegmt=True))

    with server.running(desk) as url, Link(desk.token, server=url) as way:
        way.beat(SIGN)

    assert (said in link.judged_skew(way.skew)) if said else link.judged_skew(way.skew) == ""


def test_a_clock_that_is_days_wrong_is_refused() -> None:
    with pytest.raises(ServerRefused, match="Set the clock"):
        link.judged_skew(Seconds(3 * 86400.0))


@pytest.mark.parametrize("address", ["", "media:4200", "ftp://media"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="--server"):
        link.address(Token(name="a", secret="s", pool="linux"), address)


def test_prefects_own_address_is_taken_as_well() -> None:
    assert link.address(Token(name="a", secret="s", pool="linux"), "https://media:4200/api/") == "https://media:4200"
