"""The webhooks of two instances with a real database; a wake is noted instead of sent."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlmodel import col, select

from reencodarr.api import webhooks
from reencodarr.api.alarm import Alarm
from reencodarr.api.inbox import Inbox
from reencodarr.api.webhooks import Guard
from reencodarr.arr.instance import Instance, Kind
from reencodarr.arr.registration import SECRET_HEADER
from reencodarr.library import database
from reencodarr.library.tables import ArrInstance, ArrWish
from reencodarr.units import Seconds
from tests.arr.fake import Fake
from tests.arr.fake import webhooks as payloads

T = TypeVar("T")
SECRET = "open-sesame-open-sesame-open-sesame"
INSTANCES = tuple(
    Instance(name=name, kind=kind, url="http://there", api_key=SecretStr("k"))
    for name, kind in (("main", Kind.SONARR), ("films", Kind.RADARR))
)
PATHS = {Kind.SONARR: "/webhooks/sonarr/main", Kind.RADARR: "/webhooks/radarr/films"}
QUIET = Seconds(0.3)
"""Longer than a slow machine takes from one webhook to the next."""


class Bell(Alarm):
    """Knows whether it was rung."""

    rung = False

    def ring(self) -> None:
        self.rung = True
        super().ring()


class Hooked:
    """The guarded app, and what came of what it was told."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.woken = 0
        self.bell = Bell(self._wake, quiet=QUIET)
        self.inner: FastAPI = webhooks.app(Inbox(engine, self.bell))
        self.app = Guard(self.inner, INSTANCES, SECRET)

    async def _wake(self) -> None:
        self.woken += 1

    def client(self, secret: str = SECRET) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://s", headers={SECRET_HEADER: secret})

    def send(self, path: str, *bodies: Any) -> list[int]:
        """The statuses of webhooks that are sent one after the other."""

        async def talk(client: httpx.AsyncClient) -> list[int]:
            texts = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in bodies]
            return [(await client.post(path, content=text)).status_code for text in texts]

        return self.run(talk)

    def run(self, talk: Callable[[httpx.AsyncClient], Awaitable[T]]) -> T:
        """Talk, and wait until whoever was rung for is awake."""

        async def whole() -> T:
            async with self.client() as client:
                said = await talk(client)
            await asyncio.sleep(2 * QUIET if self.bell.rung else 0)
            return said

        return asyncio.run(whole())

    def wishes(self) -> list[tuple[str, int, int]]:
        """Instance, title and number of events."""
        with database.session(self.engine, reads_only=True) as session:
            found = session.exec(select(ArrWish).order_by(col(ArrWish.instance), col(ArrWish.title_id))).all()
        return [(one.instance, one.title_id, one.events) for one in found]

    def called(self) -> set[str]:
        """The instances that called."""
        with database.session(self.engine, reads_only=True) as session:
            return {one.name for one in session.exec(select(ArrInstance)).all() if one.webhook_at is not None}


@contextmanager
def hooked(folder: Path, template: Path) -> Iterator[Hooked]:
    """`template` is an empty database with all tables."""
    shutil.copy(template, folder / "hooks.db")
    engine = database.engine(f"sqlite:///{folder / 'hooks.db'}")
    yield Hooked(engine)
    engine.dispose()


def every(kind: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """A title's id, and each event about it in each of its shapes."""
    library = Fake(kind).library
    title = library.add_title("Show", folder="/tv/Show", tags=("anime",))
    files = [library.add_file(title, "a.mkv"), library.add_file(title, "b.mkv")]
    return title.id, payloads.every(library, title, files)
