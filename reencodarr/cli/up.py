"""`reencodarr up`: everything a server needs, in one command, kept running."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from cyclopts import Parameter

from reencodarr import __version__, settings
from reencodarr.cli import exits, parts, prefect_database, served, stopping
from reencodarr.cli.console import err, out, safe
from reencodarr.cli.parts import Site
from reencodarr.errors import SettingsError
from reencodarr.library import database
from reencodarr.settings import Settings
from reencodarr.tools import platforms
from reencodarr.tools.supervisor import Part, Supervisor


def up(
    *,
    worker: Annotated[bool, Parameter(negative="--no-worker")] = True,
    dashboard: Annotated[bool, Parameter(negative="--no-dashboard")] = True,
    bucket: Annotated[bool, Parameter(negative="--no-bucket")] = True,
) -> int:
    """Start everything the server needs and keep it running: API, work, dispatch, a worker, bucket, dashboard.

    The first Ctrl-C or SIGTERM lets this machine's worker finish its job, the second hands it back and stops at once.

    Parameters
    ----------
    worker
        Also search and encode on this machine.
    dashboard
        Also start the dashboard, on loopback.
    bucket
        Also start an S3 server for workers on other machines, unless one is configured.
    """
    loaded = settings.load()
    with _alone(loaded):
        err.print(f"[bold]Reencodarr {__version__}[/] starts; the first start takes half a minute.")
        place = parts.site(loaded, own_bucket=bucket)
        parts.prepare(place)
        if words := prefect_database.overload(prefect_database.slots(database.engine(loaded.database))):
            err.print(f"[yellow]{safe(words)}[/]")
        left_out = {name for name, wanted in (("worker", worker), ("dashboard", dashboard)) if not wanted}
        if place.embedded_keys is None:
            left_out.add("bucket")
        return _supervise(place, [name for name in parts.NAMES if name not in left_out])


def _supervise(place: Site, names: list[str]) -> int:
    asked = stopping.Asked()
    made = [_deploying(part, place) if part.name == "api" else part for part in (parts.part(n, place) for n in names)]
    supervisor = Supervisor(made, tell=lambda words: err.print(safe(words)))
    with asked.by_signals():
        try:
            supervisor.start(stop=asked.once)
            if not asked.once():
                _tell(place, names)
            supervisor.watch(stop=asked.once)
            if "worker" in names:
                _drain(supervisor, asked)
        finally:
            err.print("Stopping.")
            supervisor.stop()
    return exits.DONE


def _deploying(api: Part, place: Site) -> Part:
    """The API, which counts as ready when the deployments are there as well."""

    def ready() -> bool:
        return parts.is_healthy(place) and parts.deploy(place)

    return Part(
        name=api.name,
        command=api.command,
        environment=api.environment,
        log_path=api.log_path,
        ready=ready,
        grace=api.grace,
    )


def _drain(supervisor: Supervisor, asked: stopping.Asked) -> None:
    """Let the worker of this machine finish; hand its job back when asked a second time."""
    err.print("No new work. The worker of this machine finishes its job; once more, and it hands it back at once.")
    supervisor.ask("worker", signal.SIGTERM)
    if not supervisor.wait_for("worker", stop=asked.twice):
        supervisor.ask("worker", signal.SIGTERM)


def _tell(place: Site, names: list[str]) -> None:
    """Where everything is."""
    server = place.settings.server
    url = served.url(place.settings)
    out.print(f"Prefect UI     [bold]{safe(place.environment['PREFECT_API_URL'].removesuffix('/api'))}[/]")
    if "dashboard" in names:
        out.print(f"Dashboard      [bold]http://127.0.0.1:{server.dashboard_port}[/]")
    out.print(f"Workers join   {safe(url)}  (reencodarr workers add NAME)")
    if place.settings.bucket.endpoint is not None and (place.embedded_keys is None or "bucket" in names):
        out.print(
            f"Bucket         {safe(str(place.settings.bucket.public_endpoint or place.settings.bucket.endpoint))}"
        )
    out.print(f"Logs           {safe(str(place.logs))}")
    if served.is_guarded(place.settings):
        out.print(f"Owner's secret {safe(str(place.settings.data_dir / 'secrets' / 'owner'))}  (the UI asks for it)")
    out.print("Ready. Ctrl-C stops.")


@contextmanager
def _alone(loaded: Settings) -> Iterator[None]:
    """Be the only one that runs the server of this data folder. The system ends the lock with the process.

    Raises SettingsError.
    """
    folder = loaded.data_dir / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(folder / "up.lock", os.O_CREAT | os.O_RDWR, 0o644)
    try:
        if not platforms.here().try_lock(file):
            raise SettingsError(
                f"A server runs on {loaded.data_dir} already.",
                path=loaded.data_dir,
                advice="Stop it, or set REENCODARR_DATA_DIR to another folder.",
            )
        yield
    finally:
        os.close(file)
