"""Every trouble has its name, says what to do, and never shows the key."""

import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from reencodarr.arr import application
from reencodarr.arr.application import Application
from reencodarr.errors import (
    ArrBusy,
    ArrError,
    ArrFailed,
    ArrIsNot,
    ArrRefused,
    ArrUnreachable,
    ArrVersion,
    WorkStopped,
)
from reencodarr.units import Seconds
from tests.arr.conftest import QUICK, connected, instance_of
from tests.arr.fake import KEY, Failure, Fake
from tests.storage import certificates


@contextlib.contextmanager
def answering(raw: bytes, context: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[int]]]:
    """A server that says this to everybody and hangs up; its URL, and a list that grows with each connection."""
    asked: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    asked.append(1)
                    with contextlib.suppress(OSError), client:
                        talk = context.wrap_socket(client, server_side=True) if context else client
                        talk.recv(65536)
                        talk.sendall(raw)
                        talk.close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http{'s' if context else ''}://127.0.0.1:{listener.getsockname()[1]}", asked
        listener.shutdown(socket.SHUT_RDWR)


def test_a_wrong_key_is_refused_at_once(fake: Fake) -> None:
    with connected(fake, key="wrong-key") as app, pytest.raises(ArrRefused) as caught:
        app.status()

    assert "_MAIN__API_KEY" in caught.value.advice
    assert "wrong-key" not in str(caught.value)


def test_nobody_there_is_unreachable(fake: Fake) -> None:
    with (
        connected(fake, url="http://127.0.0.1:9") as app,
        pytest.raises(ArrUnreachable, match="does not answer") as caught,
    ):
        app.status()

    assert caught.value.transient


def test_a_name_that_does_not_resolve_is_unreachable(fake: Fake) -> None:
    with connected(fake, url="http://sonarr.invalid") as app, pytest.raises(ArrUnreachable):
        app.status()


def test_one_that_hangs_up_in_the_middle_is_unreachable(fake: Fake) -> None:
    cut = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n[{"id": 1'
    with answering(cut) as (url, asked), connected(fake, url=url) as app:
        with pytest.raises(ArrUnreachable):
            list(app.titles())

        assert len(asked) == QUICK.tries


def test_silence_ends(fake: Fake) -> None:
    times = type(QUICK)(answer=Seconds(0.1), tries=2, first_pause=Seconds(0.01))
    fake.knobs.delay = 1.0

    with connected(fake, times=times) as app, pytest.raises(ArrUnreachable, match="in time"):
        app.status()


def test_a_certificate_that_is_not_trusted_is_said_once(fake: Fake, tmp_path: Path) -> None:
    made = certificates.made(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.private_key)

    with answering(b"", context) as (url, asked), connected(fake, url=url) as app:
        with pytest.raises(ArrUnreachable, match="certificate is not trusted") as caught:
            app.status()

        assert len(asked) == 1
    assert "SSL_CERT_FILE" in caught.value.advice


def test_https_where_there_is_none_is_said(fake: Fake) -> None:
    with (
        answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as (url, _),
        connected(fake, url=url.replace("http:", "https:")) as app,
        pytest.raises(ArrUnreachable, match="no TLS") as caught,
    ):
        app.status()

    assert "http://" in caught.value.advice


def test_a_proxys_page_is_no_answer(app: Application, fake: Fake) -> None:
    fake.knobs.page = True

    for ask in (app.status, lambda: list(app.titles()), lambda: app.delete_file(1), lambda: app.rescan(1)):
        with pytest.raises(ArrIsNot, match="web page") as caught:
            ask()
        assert "hunter2" not in str(caught.value)


def test_a_login_page_is_not_followed(app: Application, fake: Fake) -> None:
    fake.knobs.redirect = "https://login.example/?return=token"

    with pytest.raises(ArrIsNot, match=r"sends us on to https://login\.example/\.") as caught:
        app.status()

    assert "token" not in str(caught.value)


def test_a_url_without_its_base_is_said(fake: Fake) -> None:
    fake.set_url_base("/arr")

    with connected(fake) as app:
        app.status()
    with connected(fake, url=fake.url.removesuffix("/arr")) as app, pytest.raises(ArrIsNot, match="/arr/api/v3"):
        app.status()
    with connected(fake, url=fake.url + "/wrong") as app, pytest.raises(ArrIsNot, match="web page"):
        app.status()


def test_the_other_application_is_said(app: Application, fake: Fake) -> None:
    fake.knobs.says_it_is = "Prowlarr"

    with pytest.raises(ArrIsNot, match="it is a Prowlarr"):
        app.status()


@pytest.mark.parametrize("version", ["3.0.10.1567", "", "unknown"])
def test_an_old_version_is_said(app: Application, fake: Fake, version: str) -> None:
    fake.knobs.mangle = lambda path, answer: {**answer, "version": version}

    with pytest.raises(ArrVersion, match="or newer is needed"):
        app.status()


def test_one_without_that_api_is_none(fake: Fake) -> None:
    missing = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    with answering(missing) as (url, _), connected(fake, url=url) as app, pytest.raises(ArrIsNot, match="no such API"):
        app.status()


@pytest.mark.parametrize(
    "answer", [b"", b"null", b"[]", b"[1]", b'{"a": 1}', b'"text"', b"[{]", b"\xff\xfe", b'[{"id": 1}']
)
def test_json_that_makes_no_sense_is_no_answer(app: Application, fake: Fake, answer: bytes) -> None:
    fake.knobs.failures = [Failure(status=200, times=99, body=answer)]

    with pytest.raises(ArrIsNot):
        app.status()
    with pytest.raises(ArrIsNot):
        app.title(1)
    if answer != b"[]":
        with pytest.raises(ArrIsNot):
            list(app.titles())
        with pytest.raises(ArrIsNot):
            app.notifications()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_what_passes_is_asked_again(app: Application, fake: Fake, status: int) -> None:
    fake.knobs.failures = [Failure(status=status, times=2)]

    app.status()

    assert fake.asked == ["GET /system/status"] * 3


def test_what_does_not_pass_ends_as_busy(app: Application, fake: Fake) -> None:
    fake.knobs.failures = [Failure(status=500, times=99)]

    with pytest.raises(ArrBusy, match=r"answers 500 \(Database is locked\)") as caught:
        app.status()

    assert caught.value.transient
    assert len(fake.asked) == QUICK.tries


@pytest.mark.parametrize("call", ["rescan", "mark_failed"])
def test_what_starts_something_is_sent_once(app: Application, fake: Fake, call: str) -> None:
    fake.knobs.failures = [Failure(status=503, times=99, afterwards=True)]

    with pytest.raises(ArrBusy):
        getattr(app, call)(1)

    assert len(fake.asked) == 1


def test_it_may_say_how_long_to_wait(app: Application, fake: Fake) -> None:
    fake.knobs.failures = [Failure(status=429, headers={"Retry-After": "0"}, times=3)]

    app.status()
    fake.knobs.failures = [Failure(status=429, headers={"Retry-After": "3600"}, times=99)]
    began = time.monotonic()
    with pytest.raises(ArrBusy, match="429"):
        app.status()

    assert time.monotonic() - began < 60
    assert len(fake.asked) == 5


def test_its_own_words_are_passed_on(app: Application, fake: Fake) -> None:
    refusal = b'[{"propertyName": "Url", "errorMessage": "Unable to send test message"}]'
    fake.knobs.failures = [Failure(status=400, body=refusal)]

    with pytest.raises(ArrFailed, match=r"answers 400 \(Unable to send test message\)"):
        app.status()


def test_a_stop_ends_the_waiting(fake: Fake) -> None:
    fake.knobs.failures = [Failure(status=503, times=99)]

    with application.connect(instance_of(fake), stop=lambda: True, times=QUICK) as app, pytest.raises(WorkStopped):
        app.status()


def test_the_key_shows_nowhere(fake: Fake, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fake.knobs.failures = [Failure(status=503, times=2)]
    said = [repr(instance_of(fake))]
    with connected(fake) as app:
        app.status()
        said.append(repr(app) + repr(vars(app)))
        for failure in (Failure(status=400, times=9), Failure(status=500, times=9), Failure(status=403)):
            fake.knobs.failures = [failure]
            with pytest.raises(ArrError) as caught:
                app.status()
            said.append(str(caught.value))
    with connected(fake, url="http://127.0.0.1:9") as app, pytest.raises(ArrUnreachable) as lost:
        app.status()
    said.append(str(lost.value))

    assert any("httpx" in one.name for one in caplog.records)
    assert KEY not in " ".join([*said, caplog.text, *(str(one.args) for one in caplog.records)])


def test_a_key_is_in_no_url(app: Application, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[httpx.Request] = []
    send = httpx.Client.send

    def spy(client: httpx.Client, request: httpx.Request, **how: object) -> httpx.Response:
        seen.append(request)
        return send(client, request, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(httpx.Client, "send", spy)
    app.status()

    assert [KEY in str(one.url) for one in seen] == [False]
    assert seen[0].headers["X-Api-Key"] == KEY
