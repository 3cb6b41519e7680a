"""Prefect's websockets behind the filter: a worker may send events of its own runs, and hears nothing.

Prefect's sockets are told the secret in their first message. The socket on which all events come out would show a
worker every run; its client asks by HTTP instead when it is refused. The same holds for the channel of a pool's
workers: all that it brings comes by HTTP as well.
"""

import json
import logging
from typing import Any

from reencodarr.api import bodies, events, near
from reencodarr.api.gate import Gate, Owner, TooManyGuesses
from reencodarr.api.inner import App, Message
from reencodarr.api.rules import Caller
from reencodarr.units import KIB

log = logging.getLogger(__name__)

EVENTS_IN = "/api/events/in"
_LARGEST_FRAME = 256 * KIB
_REFUSED = json.dumps({"type": "auth", "token": "refused"})
_GONE: Message = {"type": "websocket.disconnect", "code": 1008, "reason": "revoked"}
_CHANNEL = "/workers/connect"
_NOT_NEAR: Message = {"type": "websocket.close", "code": 1008, "reason": "Not from this machine."}
"""Before it was accepted; the client sees 403."""


class Sockets:
    """Serves websockets of Prefect's app."""

    def __init__(self, app: App, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._gate.owner is None and not near.is_near(scope):
            await send(_NOT_NEAR)
            return
        socket = _Socket(self._gate, scope["path"], receive, send)
        await self._app(scope, socket.receive, send)


class _Socket:
    def __init__(self, gate: Gate, path: str, receive: Any, send: Any) -> None:
        self._gate = gate
        self._path = path
        self._receive = receive
        self._send = send
        self._credentials: str | None = None
        self._is_owner = gate.owner is None

    async def receive(self) -> Message:
        """The next message that Prefect may see."""
        while True:
            message: Message = await self._receive()
            if message["type"] != "websocket.receive" or self._is_owner:
                return message
            if self._credentials is None:
                return await self._introduced(message.get("text") or "")
            who = await self._who()
            if not isinstance(who, Caller):
                return _GONE
            event = _parsed(message.get("text") or "")
            if await self._passes(event, who):
                return {"type": "websocket.receive", "text": json.dumps(event)}

    async def _introduced(self, text: str) -> Message:
        """The first message as Prefect shall see it: with the owner's secret, or with a wrong one.

        A worker that asks for what it must not hear is sent away here: Prefect would warn of each.
        """
        said = _parsed(text)
        token = said.get("token") if isinstance(said, dict) and said.get("type") == "auth" else None
        self._credentials = token if isinstance(token, str) else ""
        who = await self._who()
        if isinstance(who, Owner):
            self._is_owner = True
            return _heard(text)
        if who is None:
            return _heard(_REFUSED)
        if self._path != EVENTS_IN:
            # In Prefect's own words, by which its clients know that there is no use in asking again.
            reason = "authentication_failed" if self._path.endswith(_CHANNEL) else "Invalid token"
            await self._send({"type": "websocket.close", "code": 1008, "reason": reason})
            return _GONE
        return _heard(json.dumps({"type": "auth", "token": self._gate.owner}))

    async def _who(self) -> Owner | Caller | None:
        try:
            return await self._gate.known(self._credentials or "")
        except TooManyGuesses:
            return None

    async def _passes(self, event: Any, caller: Caller) -> bool:
        named = events.runs(event)
        if named and await self._gate.own_of(named, caller) == named:
            return True
        log.debug("dropped an event of worker %s", caller.name)
        return False


def _heard(text: str) -> Message:
    return {"type": "websocket.receive", "text": text}


def _parsed(text: str) -> Any:
    if len(text) > _LARGEST_FRAME:
        return None
    try:
        return bodies.parsed(text.encode(errors="replace"))
    except bodies.Refused:
        return None
