"""A server that is busy for a while is asked again, and nothing else is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.servers import patient


@contextmanager
def answering(*answers: tuple[int, dict[str, str]]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives these answers in turn, the last for ever; its URL, and the bodies that it was sent."""
    heard: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers = answers[min(len(heard), len(answers)) - 1]
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_busy_server_is_asked_again_with_the_same_body() -> None:
    with answering((503, {}), (503, {"Retry-After": "0"}), (201, {})) as (url, heard), patient.client(url) as client:
        answer = client.post("/runs", json={"a": 1})

    assert answer.status_code == 201
    assert heard == [b'{"a":1}'] * 3


def test_a_server_that_stays_busy_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient, "PATIENCE", 0.2)

    with answering((503, {"Retry-After": "1"})) as (url, heard), patient.client(url) as client:
        answer = client.post("/runs", json={})

    assert answer.status_code == 503
    assert len(heard) == 2


@pytest.mark.parametrize("status", [200, 403, 409, 500])
def test_every_other_answer_stands(status: int) -> None:
    with answering((status, {})) as (url, heard), patient.client(url) as client:
        answer = client.post("/runs", json={})

    assert (answer.status_code, len(heard)) == (status, 1)
