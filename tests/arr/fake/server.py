"""A pretended Sonarr or Radarr on a real socket. Every call it gets and every answer it gives is held to the contract:
what a real one would not take or give fails the test that made it happen."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.arr.fake import webhooks
from tests.arr.fake.answers import Answers, Asked, Reply
from tests.arr.fake.contract import API, Call, violations
from tests.arr.fake.knobs import Knobs
from tests.arr.fake.library import Disk, Library

KEY = "0123456789abcdef0123456789abcdef"
PAGE = "<!doctype html><html><head><title>Sign in</title></head><body>hunter2</body></html>"
_SAMPLED = 500
"""Of a long list, one element in so many is held to the contract."""


class Fake:
    """One instance: its books, its knobs, and what was asked of it."""

    def __init__(self, kind: str, *, disk: Disk | None = None) -> None:
        self.kind = kind
        self.library = Library(kind, disk)
        self.knobs = Knobs()
        self.judges = True
        """Off for measurements: holding an answer to the contract takes longer than making it."""
        self.url = ""
        """With its URL base, once it is served."""
        self.violations: list[str] = []
        self.asked: list[str] = []
        """«METHOD /path» below `/api/v3`, in order."""
        self.now = self.most = 0
        """Calls that it is at, and the most that there were at once."""
        self.undelivered: list[str] = []
        """Webhooks that did not arrive, and why."""
        self.answers = Answers(self.library, self.knobs, tell=self.tell, try_=self._try)
        self._lock = threading.RLock()
        self._origin = ""

    def tell(self, payload: dict[str, Any]) -> None:
        """Send a webhook to every notification that asks for this event. As with real ones, a failure is forgotten."""
        if not self.knobs.sends_webhooks:
            return
        for one in self.answers.notifications.values():
            if one.get(webhooks.flag(payload)) and (trouble := _send(one, payload)):
                self.undelivered.append(trouble)

    def _try(self, notification: dict[str, Any]) -> str:
        return _send(notification, webhooks.test(self.kind))

    def set_url_base(self, base: str) -> None:
        """Move it to a URL base such as `/sonarr`."""
        self.knobs.url_base, self.url = base, self._origin + base

    def served_at(self, origin: str) -> None:
        self._origin = origin
        self.set_url_base(self.knobs.url_base)

    def respond(self, request: Request, body: bytes) -> Response:
        path = request.url.path
        if self.knobs.redirect:
            return RedirectResponse(self.knobs.redirect, 302)
        if self.knobs.page:
            return Response(PAGE, media_type="text/html")
        if not path.startswith(f"{self.knobs.url_base}/"):
            return RedirectResponse(f"{self.knobs.url_base}{path}", 307)
        path = path.removeprefix(self.knobs.url_base)
        if not path.startswith(f"{API}/"):
            return Response(PAGE, media_type="text/html")
        if request.headers.get("X-Api-Key") != KEY:
            return Response(status_code=401)
        with self._lock:
            return self._answer(request, path, body)

    def _answer(self, request: Request, path: str, body: bytes) -> Response:
        below = path.removeprefix(API)
        self.asked.append(f"{request.method} {below}")
        failure = next((one for one in self.knobs.failures if one.hits(request.method, below)), None)
        if failure is not None:
            failure.times -= 1
            if failure.afterwards:
                self._answered(request, path, body)
            return Response(failure.body, failure.status, failure.headers, "application/json")
        reply = self._answered(request, path, body)
        shown = self.knobs.mangle(below, _plain(reply.body)) if self.knobs.mangle else reply.body
        if isinstance(shown, Iterator):
            return StreamingResponse(_list(shown), reply.status, media_type="application/json")
        return Response(json.dumps(shown), reply.status, media_type="application/json")

    def _answered(self, request: Request, path: str, body: bytes) -> Reply:
        query = request.query_params.multi_items()
        try:
            read = json.loads(body) if body else None
        except ValueError:
            return Reply(400, {"message": "The input does not contain any JSON tokens"})
        asked = Asked(method=request.method, path=path.removeprefix(API), query=query, body=read)
        reply = self.answers.answer(asked)
        if not self.judges:
            return reply

        def judge(answer: Any) -> None:
            found = Call(
                method=request.method,
                path=path,
                query=query,
                key=KEY,
                body=body,
                status=reply.status,
                answer=json.dumps(answer).encode(),
            )
            self.violations += violations(self.kind, found)

        if not isinstance(reply.body, Iterator):
            judge(reply.body)
            return reply
        return Reply(reply.status, _judged(reply.body, judge))


class _Host:
    """A server on a socket, which serves one fake after the other: to start and stop one for each test takes long."""

    def __init__(self) -> None:
        self.fake: Fake | None = None
        methods = ["GET", "POST", "PUT", "DELETE", "HEAD"]
        application = Starlette(routes=[Route("/{path:path}", self._serve, methods=methods)])
        self._server = uvicorn.Server(
            uvicorn.Config(application, host="127.0.0.1", port=0, log_config=None, lifespan="off")
        )
        thread = threading.Thread(target=self._server.run, name="pretended", daemon=True)
        thread.start()
        while not self._server.started:
            assert thread.is_alive(), "the fake did not start"
            time.sleep(0.005)
        self.origin = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    async def _serve(self, request: Request) -> Response:
        if (fake := self.fake) is None:
            return Response(status_code=503)
        body = await request.body()
        fake.now += 1
        fake.most = max(fake.most, fake.now)
        try:
            await anyio.sleep(fake.knobs.delay)
            return await run_in_threadpool(fake.respond, request, body)
        finally:
            fake.now -= 1


_idle: list[_Host] = []


@contextlib.contextmanager
def serving(fake: Fake) -> Iterator[Fake]:
    """Serve it on a port of its own. Ends with an AssertionError that names what broke the contract, if anything did.

    Afterwards it answers 503.
    """
    host = _idle.pop() if _idle else _Host()
    host.fake = fake
    fake.served_at(host.origin)
    try:
        yield fake
    finally:
        host.fake = None
        _idle.append(host)
    assert not fake.violations, "\n".join(fake.violations)


def _judged(entries: Iterator[Any], judge: Any) -> Iterator[Any]:
    for place, entry in enumerate(entries):
        if place % _SAMPLED == 0 or place < 10:
            judge([entry])
        yield entry
    judge([])


def _list(entries: Iterator[Any]) -> Iterator[str]:
    yield "["
    for place, entry in enumerate(entries):
        yield f"{',' if place else ''}{json.dumps(entry)}"
    yield "]"


def _plain(body: Any) -> Any:
    return list(body) if isinstance(body, Iterator) else body


def _send(notification: dict[str, Any], payload: dict[str, Any]) -> str:
    """Send a webhook as the notification says; what went wrong, or nothing."""
    fields = {one["name"]: one.get("value") for one in notification["fields"]}
    headers = {one["key"]: one["value"] for one in fields.get("headers") or []}
    method = "PUT" if fields.get("method") == 2 else "POST"
    try:
        answer = httpx.request(method, fields["url"], json=payload, headers=headers, timeout=10)
    except httpx.HTTPError as error:
        return f"{type(error).__name__}: {error}"
    return "" if answer.is_success else f"{answer.status_code}"
