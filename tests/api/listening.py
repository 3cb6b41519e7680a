"""Our webhooks on a real socket, with a pretended Sonarr or Radarr in the settings, and nothing else of the server."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from reencodarr.api import webhooks
from reencodarr.arr import instance as instances
from reencodarr.arr.application import Application
from reencodarr.arr.instance import Instance
from reencodarr.library import database
from reencodarr.library.tables import ArrInstance
from reencodarr.settings import Settings
from reencodarr.stages.workplace import Workplace, open_workplace
from tests.arr.conftest import QUICK
from tests.arr.fake import KEY, Fake
from tests.servers import ports


@dataclass(frozen=True, kw_only=True)
class Site:
    """A server that knows one instance, which it calls `main`."""

    workplace: Workplace
    fake: Fake

    @property
    def instance(self) -> Instance:
        return instances.configured(self.workplace.settings)[0]

    @property
    def url(self) -> str:
        """Of its webhook."""
        return f"http://127.0.0.1:{self.workplace.settings.server.port}/webhooks/{self.fake.kind}/main"

    def connected(self) -> Application:
        from reencodarr.arr import application

        return application.connect(self.instance, times=QUICK)

    def row(self) -> ArrInstance:
        with database.session(self.workplace.database, reads_only=True) as session:
            return session.get_one(ArrInstance, "main")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take webhooks meanwhile."""

        async def wake(deployment: str) -> None:
            """There is nobody to wake."""

        app: Any = webhooks.guarded(self.workplace, wake)
        port = self.workplace.settings.server.port
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, name="webhooks", daemon=True)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the webhooks did not start"
                time.sleep(0.005)
            yield
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def site(folder: Path, fake: Fake, **said: Any) -> Iterator[Site]:
    """`said` are more settings of the instance."""
    settings = Settings.model_validate(
        {
            "data_dir": folder,
            "server": {"port": ports.free()},
            fake.kind: {"main": {"url": fake.url, "api_key": KEY, **said}},
        }
    )
    database.upgrade(settings.database)
    workplace = open_workplace(settings)
    yield Site(workplace=workplace, fake=fake)
    workplace.database.dispose()
