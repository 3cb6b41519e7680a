"""A small real server for tests of the worker's side: it speaks `talk` over HTTP, and can be away or refuse."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from reencodarr.work import orders, talk
from reencodarr.work.orders import Order
from reencodarr.work.talk import GoOn, JobBeat, Refusal, Urls, Welcome, WorkerBeat
from reencodarr.work.token import Token

Answer = tuple[int, str]


@dataclass
class Desk:
    """What the server knows and is told. Tests set and read it."""

    order: Order | None = None
    refusal: tuple[int, Refusal] | None = None
    """Said to every message about a job."""
    go_on: GoOn = field(default_factory=lambda: GoOn(go_on=True))
    trouble: list[int] = field(default_factory=list)
    """Statuses that the next requests get instead of an answer."""
    date: str = ""
    """In place of the server's own clock."""
    urls: Callable[[], Urls] = Urls
    heard: list[tuple[str, Any]] = field(default_factory=list)
    """Path and JSON of every message that was answered."""
    puts: dict[str, bytes] = field(default_factory=dict)
    """What was PUT, by path: a bucket that takes everything."""
    token: Token = field(default_factory=lambda: Token(name="attic", secret="s3cret", pool="linux"))

    def beats(self) -> list[JobBeat]:
        return [
            talk.from_json(JobBeat, json.dumps(body))
            for path, body in self.heard
            if path.startswith(JOBS) and BEAT in path
        ]

    def answer(self, path: str, body: Any) -> Answer:
        """What a message gets."""
        if path == talk.HELLO:
            return 200, talk.to_json(
                Welcome(name=self.token.name, pool=self.token.pool, queues=("crf-search", "encode-1"))
            )
        if path == talk.BEAT:
            talk.from_json(WorkerBeat, json.dumps(body))
            return 200, talk.to_json(self.go_on)
        if self.refusal is not None:
            return self.refusal[0], talk.to_json(self.refusal[1])
        verb = path.rpartition("/")[2]
        if verb == "claim" and self.order is not None:
            return 200, orders.order_json(self.order)
        if verb == "beat":
            return 200, talk.to_json(self.go_on)
        if verb == "urls":
            return 200, talk.to_json(self.urls())
        return 404, "{}"


JOBS = f"{talk.PREFIX}/jobs/"
BEAT = "/beat"


@contextmanager
def running(desk: Desk, port: int = 0) -> Iterator[str]:
    """The desk behind a port; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(length)
            if desk.trouble:
                self._send(desk.trouble.pop(0), "busy")
                return
            known = base64.b64encode(desk.token.auth_string.encode()).decode()
            if self.headers.get("Authorization") != f"Basic {known}":
                self._send(401, "{}")
                return
            desk.heard.append((self.path, json.loads(body)))
            self._send(*desk.answer(self.path, json.loads(body)))

        def do_PUT(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(length)
            if desk.trouble:
                self._send(desk.trouble.pop(0), "busy")
                return
            desk.puts[self.path] = body
            self._send(200, "")

        def _send(self, status: int, text: str) -> None:
            self.send_response_only(status)
            self.send_header("Date", desk.date or self.date_time_string())
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
