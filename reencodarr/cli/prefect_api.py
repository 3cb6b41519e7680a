"""Prefect's API for one command: the owner's server if one is configured, else a private one beside the command.

A private server needs about ten seconds to start, so it is started first and waited for last. It takes its port itself:
one that was chosen for it could be somebody else's by the time it listens. It keeps its database in our data folder:
what ran is still there for `prefect server start` with the same PREFECT_HOME.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from reencodarr.settings import Settings
from reencodarr.tools import servers

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # The domain's records belong into the run's log; the console shows our own words only.
    "PREFECT_LOGGING_EXTRA_LOGGERS": "reencodarr",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    # An API that is away for a while must not end a run that takes hours.
    "PREFECT_CLIENT_MAX_RETRIES": "10",
}
"""For every process of Prefect's that we start."""

SERVER = {
    "PREFECT_UI_ENABLED": "false",
    # Known to its settings as the server of one process: services that only schedules need stay off.
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
}


DRAIN_SECONDS = 20.0


def home(settings: Settings) -> Path:
    """PREFECT_HOME of everything we start."""
    return Path(os.environ.get("PREFECT_HOME", settings.data_dir / "prefect"))


@contextmanager
def starting(settings: Settings) -> Iterator[Callable[[], None]]:
    """Start an API if none is configured; call the yielded function before the first use of Prefect.

    Raises ProgramFailed, ProgramStalled from that function when the private server does not come up.
    """
    os.environ.update({name: os.environ.get(name, value) for name, value in QUIET.items()})
    os.environ["PREFECT_HOME"] = str(home(settings))
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    if "PREFECT_API_URL" in os.environ:
        yield lambda: None
        return
    log_path = home(settings) / "server.log"
    arguments = [sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
    arguments += ["--host", "127.0.0.1", "--port", "0", "--log-level", "warning"]
    with servers.running(arguments, environment=SERVER, log_path=log_path) as process:

        def ready() -> None:
            port = servers.listening_port(process, log_path=log_path)
            os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"

        try:
            yield ready
        finally:
            drain()


def drain() -> None:
    """Let Prefect send what it still holds while its API is there; at exit it would wait for it for ever."""
    if "prefect" not in sys.modules:
        return
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for sender in (APILogWorker, EventsWorker):
        sender.drain_all(timeout=DRAIN_SECONDS, at_exit=False)
