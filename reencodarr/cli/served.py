"""The server's web app: Prefect's own app behind our filter, with the worker API beside it, and how it is started.

    uvicorn --factory reencodarr.cli.served:build

Prefect's services (scheduler, automations, vacuum) run inside it, so there is exactly one such process.
"""

import json
import os
import sys
from typing import TYPE_CHECKING

from reencodarr import settings as all_settings
from reencodarr.api import certificate, secrets
from reencodarr.cli import prefect_api
from reencodarr.errors import SettingsError
from reencodarr.settings import Settings
from reencodarr.stages import address

if TYPE_CHECKING:
    from reencodarr.api.filter import Filter
    from reencodarr.storage.bucket import Bucket

AUTH = "PREFECT_SERVER_API_AUTH_STRING"
CLIENT_AUTH = "PREFECT_API_AUTH_STRING"
_KEPT_DAYS = 7
_KEPT_EVENTS = {"prefect.artifact.updated": 3600, "prefect.flow-run.heartbeat": 24 * 3600}

PREFECT = {
    # A dispatch every half minute makes 2880 runs a day.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(_KEPT_DAYS * 24 * 3600),
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"P{_KEPT_DAYS}D",
    # A job shows its progress every 5 s, and each time is an event of 5 kB (measured): 86 MB a day and slot.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_EVENT_RETENTION_OVERRIDES": json.dumps(_KEPT_EVENTS),
    # Slots that are held while the server restarts would never come free from its memory.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    # A dispatch that was stranded before it began holds up the next ones for so long.
    "PREFECT_SERVER_CONCURRENCY_INITIAL_DEPLOYMENT_LEASE_DURATION": "60",
}
"""Settings of Prefect's server; what the owner has set in the environment goes before them."""


def build() -> "Filter":
    """The app, for uvicorn in a process that was started with `arguments`.

    Raises SettingsError, PolicyError, ProgramMissing, DatabaseError.
    """
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings

    from reencodarr.api import desk, webhooks
    from reencodarr.api.filter import Filter
    from reencodarr.api.gate import Gate
    from reencodarr.api.inner import Inner
    from reencodarr.api.register import WorkplaceRegister
    from reencodarr.cli import prefect_sqlite
    from reencodarr.stages.machines import workers_desk
    from reencodarr.stages.workplace import open_workplace

    settings = all_settings.load()
    auth = get_current_settings().server.api.auth_string
    owner = None if auth is None else auth.get_secret_value()
    # A secret that was made since `up` began must not keep a part from being restarted: the others do not know it yet.
    if owner is None and is_reachable(settings):
        raise SettingsError(f"The server may not start without {AUTH}.", advice="Start it with `reencodarr up`.")
    workplace = open_workplace(settings)
    workers_desk.hear_again(workplace)
    prefect_sqlite.install()
    prefect = create_app()
    within = Inner(prefect, owner)
    return Filter(
        prefect=prefect,
        desk=desk.app(workplace, bucket(settings), within.make_queues),
        hooks=webhooks.guarded(workplace, within.wake),
        gate=Gate(WorkplaceRegister(workplace=workplace), owner),
        within=within,
    )


def arguments(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """Command line and environment of the server; makes the owner's secret and the certificate where they are wanted.

    Raises SettingsError.
    """
    command = [sys.executable, "-m", "uvicorn", "--factory", "reencodarr.cli.served:build"]
    command += ["--host", settings.server.host, "--port", str(settings.server.port)]
    command += ["--log-level", "warning", "--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "10"]
    if settings.server.tls:
        files = certificate.ensured(settings)
        command += ["--ssl-certfile", str(files.certificate), "--ssl-keyfile", str(files.key)]
    wanted = {
        **prefect_api.QUIET,
        **PREFECT,
        "PREFECT_HOME": str(prefect_api.home(settings)),
        "PREFECT_UI_API_URL": f"{url(settings)}/api",
    }
    if is_guarded(settings):
        wanted[AUTH] = secrets.owner(settings)
    return command, {name: os.environ.get(name, value) for name, value in wanted.items()}


def client_environment(settings: Settings) -> dict[str, str]:
    """What Prefect's client on this machine needs to reach the server as its owner.

    Raises SettingsError.
    """
    host = settings.server.host
    near = "127.0.0.1" if host in {"0.0.0.0", "::"} else host
    scheme = "https" if settings.server.tls else "http"
    found = {"PREFECT_API_URL": f"{scheme}://{address.bracketed(near)}:{settings.server.port}/api"}
    if settings.server.tls:
        found["PREFECT_API_SSL_CERT_FILE"] = str(certificate.ensured(settings).authority)
    if is_guarded(settings):
        found[CLIENT_AUTH] = os.environ.get(AUTH) or secrets.owner(settings)
    return found


def is_guarded(settings: Settings) -> bool:
    """Whether Prefect's API wants a secret: always, but where nobody else can reach it and no secret was ever made."""
    return bool(is_reachable(settings) or os.environ.get(AUTH) or secrets.path(settings).exists())


def is_reachable(settings: Settings) -> bool:
    """Whether others than those on this machine may reach the server."""
    return bool(settings.server.public_url or not address.is_loopback(settings.server.host))


def url(settings: Settings) -> str:
    """The URL by which workers and browsers reach the server, without a path."""
    return address.url(settings.server)


def bucket(settings: Settings) -> "Bucket | None":
    """The bucket, where one is set."""
    from reencodarr.storage.bucket import open_bucket

    said = settings.bucket
    if said.endpoint is None or said.access_key is None or said.secret_key is None:
        return None
    return open_bucket(
        endpoint=said.endpoint,
        name=said.name,
        region=said.region,
        access_key=said.access_key.get_secret_value(),
        secret_key=said.secret_key.get_secret_value(),
        public_endpoint=said.public_endpoint,
        certificate=said.certificate,
    )
