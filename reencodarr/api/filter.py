"""The outermost app: who speaks, what a worker may ask of Prefect's API, and our own API and webhooks beside it.

An owner's requests go through to Prefect, which checks the owner's secret itself. A worker's requests are judged by
`rules`, `bodies` and by whose run it is; what passes goes on with the owner's secret in place of the worker's. All
else is refused here, and would be refused once more by Prefect, which knows no worker's secret.
"""

import json
import logging
from typing import Any

from reencodarr.api import bodies, inner, near, rules
from reencodarr.api.gate import Gate, Owner, TooManyGuesses
from reencodarr.api.inner import App, Inner, Message
from reencodarr.api.rules import Caller, Kind, Right
from reencodarr.api.sockets import Sockets
from reencodarr.errors import ReencodarrError
from reencodarr.stages.address import WEBHOOKS
from reencodarr.units import Bytes
from reencodarr.work import talk

log = logging.getLogger(__name__)

OURS = ("/health", "/metrics")
_OPEN = ("/api/health", "/api/ready")
_REWRITTEN = {b"authorization", b"content-length", b"content-type", b"content-encoding", b"transfer-encoding"}


class Filter:
    """The app that is served. Without an owner's secret Prefect's API is open to this machine, ours is not."""

    def __init__(self, *, prefect: App, desk: App, hooks: App, gate: Gate, within: Inner) -> None:
        self._prefect = prefect
        self._desk = desk
        self._hooks = hooks
        self._gate = gate
        self._within = within
        self._sockets = Sockets(prefect, gate)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._sockets(scope, receive, send)
        elif scope["type"] != "http":
            await self._prefect(scope, receive, send)
        elif scope["path"].startswith(f"{WEBHOOKS}/"):
            await self._hooks(scope, receive, send)  # These have a secret of their own, and no business with the gate.
        elif scope["path"] in OURS or scope["path"].startswith(f"{talk.PREFIX}/"):
            await self._to_desk(scope, receive, send)
        elif not scope["path"].startswith("/api") or scope["path"] in _OPEN:
            await self._prefect(scope, receive, send)
        elif self._gate.owner is None:
            await self._openly(scope, receive, send)
        else:
            await self._to_prefect(scope, receive, send)

    async def _to_desk(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            who = await self._gate.who(_header(scope, b"authorization"))
        except TooManyGuesses:
            await _answer(send, 429, "Too many wrong secrets.")
            return
        state = {**scope.get("state", {}), "who": who}
        await self._desk({**scope, "state": state}, receive, send)
        if scope["path"] == talk.HELLO:  # It may poll other queues from now on, and will at once.
            self._gate.forget(_header(scope, b"authorization"))

    async def _openly(self, scope: Any, receive: Any, send: Any) -> None:
        if near.is_near(scope):
            await self._prefect(scope, receive, send)
        else:
            await _answer(send, 403, "Without a secret this server answers its own machine only. Set its public URL.")

    async def _to_prefect(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            who = await self._gate.who(_header(scope, b"authorization"))
        except TooManyGuesses:
            await _answer(send, 429, "Too many wrong secrets.")
            return
        if who is None:
            await _answer(send, 401, "Unauthorized")
        elif isinstance(who, Owner):
            await self._prefect(scope, receive, send)
        else:
            await self._as_worker(who, scope, receive, send)

    async def _as_worker(self, caller: Caller, scope: Any, receive: Any, send: Any) -> None:
        right = rules.right(scope["method"], scope["path"])
        try:
            if right is None or not rules.in_own_pool(right, caller):
                raise bodies.Refused("A worker's secret does not open this.")
            text = await _body(receive, rules.largest_body(right.kind))
            body = bodies.checked(right, bodies.parsed(text), caller) if text else bodies.checked(right, {}, caller)
            body = await self._owned(right, body, caller)
        except _Taken:
            await _send(send, 200, _ABORTED)
            return
        except bodies.Refused as refused:
            log.warning("refused %s %s to worker %s: %s", scope["method"], scope["path"], caller.name, refused)
            await _answer(send, 403, str(refused))
            return
        except ReencodarrError as error:
            log.warning("cannot judge %s %s: %s", scope["method"], scope["path"], error)
            await _answer(send, 503, "Service Unavailable")
            return
        await self._forward(right, body, scope, receive, send)

    async def _owned(self, right: Right, body: Any, caller: Caller) -> Any:
        """The body as it is passed on, now that all it names is the caller's.

        Raises Refused, _Taken, ReencodarrError.
        """
        if right.kind is Kind.OF_POOL:
            await self._require_pool(right, caller)
        if right.kind is Kind.ARTIFACT_BODY:
            place = await self._within.place(f"/artifacts/{right.subject}")
            if place is None or not await self._gate.is_owner(place.run, caller):
                raise bodies.Refused("That artifact is of no run of this worker.")
        if bodies.takes(right, body):
            await self._take(right.subject, caller)
        named = bodies.runs(right, body)
        own = await self._gate.own_of(named, caller)
        if right.kind in {Kind.LOGS, Kind.RUNS}:
            return bodies.kept(right, body, own)
        if own != named:
            raise bodies.Refused("That run is not this worker's.")
        return body

    async def _require_pool(self, right: Right, caller: Caller) -> None:
        for folder in ("deployments", "work_queues"):
            place = await self._within.place(f"/{folder}/{right.subject}")
            if place is not None and place.pool == caller.pool:
                return
        raise bodies.Refused("That is of another pool.")

    async def _take(self, run: str, caller: Caller) -> None:
        """Bind a run to the first worker of its pool and queues that says Pending.

        Raises Refused, _Taken, ReencodarrError.
        """
        owner = await self._gate.owner_of(run)
        if owner == caller.name:
            return
        if not owner:
            place = await self._within.place(f"/flow_runs/{run}")
            if place is None or place.pool != caller.pool or place.queue not in caller.queues:
                raise bodies.Refused("That run is not for this worker.")
            if await self._gate.take(run, caller):
                return
        raise _Taken

    async def _forward(self, right: Right, body: Any, scope: Any, receive: Any, send: Any) -> None:
        if right.kind is Kind.LOGS and not body:
            await _send(send, 201, None)
            return
        text = b"" if body is None else json.dumps(body).encode()
        headers = [(key, value) for key, value in scope["headers"] if key.lower() not in _REWRITTEN]
        headers.append((b"authorization", inner.basic(self._gate.owner or "")))
        if text:
            headers += [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
        query = scope["query_string"] if right.kind is Kind.OPEN else b""
        await self._prefect({**scope, "headers": headers, "query_string": query}, _Once(text, receive), send)


class _Taken(Exception):
    """Raised when another worker was faster: no fault, Prefect's worker goes on to the next run."""


_ABORTED = {
    "state": None,
    "status": "ABORT",
    "details": {"type": "abort_details", "reason": "Another worker has taken this run."},
}
"""What Prefect answers to a worker that comes too late."""


class _Once:
    """Gives a body that was read already, then whatever the client sends (that it is gone)."""

    def __init__(self, text: bytes, receive: Any) -> None:
        self._text: bytes | None = text
        self._receive = receive

    async def __call__(self) -> Message:
        if self._text is not None:
            text, self._text = self._text, None
            return {"type": "http.request", "body": text, "more_body": False}
        message: Message = await self._receive()
        return message


async def _body(receive: Any, largest: Bytes) -> bytes:
    """The whole body.

    Raises Refused.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise bodies.Refused("The request broke off.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > largest:
            raise bodies.Refused(f"A body of this kind has {largest} bytes at most.")
        if not message.get("more_body", False):
            return b"".join(parts)


def _header(scope: Any, name: bytes) -> bytes:
    found = [value for key, value in scope["headers"] if key.lower() == name]
    return found[0] if len(found) == 1 else b""


async def _answer(send: Any, status: int, words: str) -> None:
    await _send(send, status, {"exception_message": words})


async def _send(send: Any, status: int, body: Any) -> None:
    text = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
