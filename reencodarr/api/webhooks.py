"""Webhooks of Sonarr and Radarr: each says that a series or movie changed, and is believed no more than that.

What is known of a title is asked of its instance afterwards, so that webhooks that come twice, late, in another order
or not at all do no harm. Whoever has not the secret is refused before anything of his message is read.
"""

import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import ClientDisconnect

from reencodarr import __version__
from reencodarr.api.alarm import Alarm
from reencodarr.api.inbox import Call, Inbox
from reencodarr.api.inner import App
from reencodarr.arr import instance as instances
from reencodarr.arr import secrets
from reencodarr.arr.instance import Instance, Kind
from reencodarr.arr.models import Hint
from reencodarr.arr.registration import SECRET_HEADER
from reencodarr.errors import ReencodarrError
from reencodarr.library import wishes
from reencodarr.stages.address import WEBHOOKS
from reencodarr.stages.workplace import Workplace
from reencodarr.units import MIB, Bytes

log = logging.getLogger(__name__)

LOOK_AGAIN = "look-again/server"
"""The deployment that is woken."""
LARGEST = Bytes(8 * MIB)
"""A file in a list takes 1.1 kB, and a series that is renamed lists all of its files: 1.2 MB for 1,100 episodes."""

_OF_NO_TITLE = frozenset({"test", "health", "healthrestored", "applicationupdate"})
_LARGEST_ID = 2**31 - 1
_TOLD_EVERY = 60.0
_HEADER = SECRET_HEADER.lower().encode()
_SECRET = {"type": "apiKey", "in": "header", "name": SECRET_HEADER}
_BODY = {
    "type": "object",
    "required": ["eventType"],
    "properties": {
        "eventType": {"type": "string", "pattern": "^[A-Za-z]{1,64}$"},
        "series": {"description": "Of Sonarr; its `id` is what counts."},
        "movie": {"description": "Of Radarr; its `id` is what counts."},
    },
}
"""What we need of a message. What else is in it is not looked at, and a title that cannot be read stands for all."""
_ANSWERS: dict[int | str, dict[str, Any]] = {
    204: {"description": "It is written down."},
    400: {"description": "It is no webhook."},
    401: {"description": "The secret is wrong, or there is no such instance."},
    413: {"description": "It is too long; the whole instance is looked at again."},
    503: {"description": "It cannot be written down now."},
}


class Title(BaseModel):
    """A series or movie in a webhook."""

    id: Hint[Annotated[int, Field(strict=True, ge=1, le=_LARGEST_ID)]] = None


class Event(BaseModel):
    """A webhook, as far as it matters."""

    model_config = ConfigDict(alias_generator=to_camel)

    event_type: str = Field(pattern="^[A-Za-z]{1,64}$")
    series: Hint[Title] = None
    movie: Hint[Title] = None


class TooLong(Exception):
    """Raised when a message is longer than any real one."""


def guarded(workplace: Workplace, wake: Callable[[str], Awaitable[None]]) -> App:
    """The app of a server's instances. `wake` starts a run of a deployment.

    Raises SettingsError.
    """
    found = instances.configured(workplace.settings)
    inbox = Inbox(workplace.database, Alarm(lambda: wake(LOOK_AGAIN)))
    return Guard(app(inbox), found, secrets.webhook(workplace.settings).get_secret_value())


class Guard:
    """Lets nobody pass without the secret, and to no instance that is not in the settings: both look alike."""

    def __init__(self, inner: App, known: Collection[Instance], secret: str) -> None:
        self._inner = inner
        self._paths = {f"{WEBHOOKS}/{one.kind.value}/{one.name}" for one in known}
        self._secret = secret.encode()
        self._refused = 0
        self._told = -_TOLD_EVERY

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        right = hmac.compare_digest(headers.get(_HEADER, b""), self._secret)
        if right and scope["path"] in self._paths:
            await self._inner(scope, receive, send)
            return
        self._note(scope)
        answer = JSONResponse({"detail": "Unauthorized"}, 401)
        if not _is_short(headers):  # What it still sends would have to be read to its end.
            answer.headers["connection"] = "close"
        await answer(scope, receive, send)

    def _note(self, scope: Any) -> None:
        """Tell the log, but not once for each of a flood."""
        self._refused += 1
        if time.monotonic() - self._told >= _TOLD_EVERY:
            client = scope.get("client") or ("somebody",)
            log.warning("refused %d webhooks without the right secret, last from %s", self._refused, client[0])
            self._refused, self._told = 0, time.monotonic()


def app(inbox: Inbox) -> FastAPI:
    """The app behind the guard."""
    made = FastAPI(title="Webhooks of Reencodarr", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    made.add_exception_handler(ReencodarrError, _not_kept)
    for kind in Kind:
        _add(made, kind, inbox)
    return made


def _add(made: FastAPI, kind: Kind, inbox: Inbox) -> None:
    said = {
        "requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}},
        "security": [{"secret": []}],
    }
    path = f"{WEBHOOKS}/{kind.value}/{{instance}}"

    @made.post(path, status_code=204, responses=_ANSWERS, openapi_extra=said, name=f"{kind.value} calls")
    async def take(request: Request, instance: str) -> Response:
        try:
            event = Event.model_validate_json(await _message(request))
        except TooLong:
            await inbox.put(Call(instance=instance, kind=kind.value, event="too long", title_id=wishes.ALL))
            words = {"detail": f"A webhook has {LARGEST} bytes at most."}
            return JSONResponse(words, 413, {"connection": "close"})
        except (ValidationError, ClientDisconnect):
            log.info("%s %s sent something that is no webhook, or broke off", kind.application, instance)
            return JSONResponse({"detail": "That is no webhook."}, 400)
        title = event.series if kind is Kind.SONARR else event.movie
        await inbox.put(
            Call(instance=instance, kind=kind.value, event=event.event_type, title_id=_wanted(event, title))
        )
        return Response(status_code=204)


def openapi(made: FastAPI) -> dict[str, Any]:
    """The description of the webhooks, with their secret."""
    found = made.openapi()
    found.setdefault("components", {})["securitySchemes"] = {"secret": _SECRET}
    return found


async def _message(request: Request) -> bytes:
    """The body. Raises TooLong."""
    text = bytearray()
    async for part in request.stream():
        text += part
        if len(text) > LARGEST:
            raise TooLong
    return bytes(text)


def _wanted(event: Event, title: Title | None) -> int | None:
    """What is to be looked at again."""
    if event.event_type.lower() in _OF_NO_TITLE:
        return None
    return wishes.ALL if title is None or title.id is None else title.id


def _is_short(headers: dict[bytes, bytes]) -> bool:
    length = headers.get(b"content-length", b"")
    return length.isdigit() and int(length[:9]) <= LARGEST


async def _not_kept(request: Request, error: Exception) -> Response:
    """It cannot be written down. Nobody sends it again; the next sync sees what it was about."""
    log.warning("a webhook to %s was not written down: %s", request.url.path, error)
    return JSONResponse({"detail": "The server cannot do that at this moment."}, 503)
