"""The parts of a server: what each one is started with. `up` runs all of them, `serve` one; both ask here.

A part gets everything by its environment, so that it can be restarted alone, and run by a service manager.
"""

import logging
import os
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from reencodarr import settings as all_settings
from reencodarr.api import certificate
from reencodarr.cli import bucket_keys, pools, served
from reencodarr.errors import BucketUnreachable, SettingsError
from reencodarr.library import database
from reencodarr.settings import Settings
from reencodarr.storage import embedded
from reencodarr.tools import platforms, programs, variables
from reencodarr.tools.supervisor import Part
from reencodarr.units import Seconds

NAMES = ("bucket", "api", "work", "dispatch", "worker", "dashboard")
"""In the order in which they are started."""
ABOUT = {
    "bucket": "an S3 server on this machine, unless one is configured",
    "api": "Prefect's API and UI, and the API of the workers",
    "work": "runs scans, analysis, staging, proofs, swaps and housekeeping",
    "dispatch": "gives work to workers, every half minute",
    "worker": "searches and encodes on this machine",
    "dashboard": "films and savings in a browser",
}
log = logging.getLogger(__name__)

_PROGRAM = (sys.executable, "-m", "reencodarr.cli")
_SERVER_WORK = (sys.executable, "-m", "reencodarr.cli.server_worker")
_WORK_AT_ONCE = 3
_SYNC = "sync/server"
_DISPATCH = "dispatch"
"""A queue that nothing else may hold up."""
_DRAIN = Seconds(60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A server's settings, completed by what it makes for itself, and what its parts are told of them."""

    settings: Settings
    environment: Mapping[str, str]
    """Of every part that works for the server."""
    embedded_keys: tuple[str, str] | None
    """Access and secret key of its own bucket; None where the owner configured one."""

    @property
    def logs(self) -> Path:
        return self.settings.data_dir / "logs"


def site(loaded: Settings, *, own_bucket: bool = True) -> Site:
    """Complete the settings; makes keys, secrets and the certificate that are not there yet.

    Without a bucket of the owner's and `own_bucket` there is none: only the worker of this machine gets work.

    Raises SettingsError.
    """
    if loaded.bucket.endpoint is not None or not own_bucket:
        return Site(settings=loaded, environment=served.client_environment(loaded), embedded_keys=None)
    access, secret = bucket_keys.made(loaded)
    said = {
        "ENDPOINT": loaded.own_bucket_url,
        "PUBLIC_ENDPOINT": _public_bucket(loaded),
        "ACCESS_KEY": access,
        "SECRET_KEY": secret,
    }
    if loaded.server.tls:
        said["CERTIFICATE"] = str(certificate.ensured(loaded).authority)
    environment = {f"{variables.PREFIX}BUCKET__{name}": value for name, value in said.items()}
    fields = {name.lower(): value for name, value in said.items()}
    bucket = all_settings.BucketSettings.model_validate({**loaded.bucket.model_dump(), **fields})
    return Site(
        settings=loaded.model_copy(update={"bucket": bucket}),
        environment={**served.client_environment(loaded), **environment},
        embedded_keys=(access, secret),
    )


def part(name: str, place: Site) -> Part:
    """One part, ready to be started.

    Raises SettingsError, ProgramMissing.
    """
    return _MAKERS[name](place)


def is_healthy(place: Site) -> bool:
    """Whether the API answers."""
    client = place.environment
    verify = client.get("PREFECT_API_SSL_CERT_FILE")
    try:
        answer = httpx.get(f"{client['PREFECT_API_URL']}/health", verify=_trust(verify), timeout=5)
    except httpx.HTTPError:
        return False
    return answer.is_success


def start_run(place: Site, deployment: str) -> None:
    """Start a run of a deployment on the API, with its own parameters.

    Raises httpx.HTTPError.
    """
    client = place.environment
    name, _, secret = client.get(served.CLIENT_AUTH, "").partition(":")
    with httpx.Client(
        base_url=client["PREFECT_API_URL"],
        verify=_trust(client.get("PREFECT_API_SSL_CERT_FILE")),
        auth=(name, secret) if secret else None,
        timeout=30,
    ) as way:
        found = way.get(f"/deployments/name/{deployment}").raise_for_status().json()
        way.post(f"/deployments/{found['id']}/create_flow_run", json={}).raise_for_status()


def deploy(place: Site) -> bool:
    """Bring bucket, pools, queues, deployments and automations up to date, and start a sync. May be repeated safely.

    Raises ProgramError, BucketRefused.
    """
    bucket = served.bucket(place.settings)
    if bucket is not None:
        try:
            bucket.ensure()
        except BucketUnreachable as error:
            log.warning("%s Nothing is staged until it answers.", error.message)
    programs.run([*_PROGRAM, "pools", "--deploy"], environment=dict(place.environment))
    if place.settings.sonarr or place.settings.radarr:
        try:
            start_run(place, _SYNC)  # It registers our webhooks: they may have changed while the server was down.
        except httpx.HTTPError as error:
            log.warning("%s was not started, its schedule will (%r)", _SYNC, error)
    return True


def _bucket(place: Site) -> Part:
    if place.embedded_keys is None:
        raise SettingsError(
            f"The bucket is at {place.settings.bucket.endpoint}; there is none to start here.",
            advice="Unset REENCODARR_BUCKET__ENDPOINT to have one started.",
        )
    access, secret = place.embedded_keys
    server, folder = place.settings.server, place.settings.own_bucket
    (folder / place.settings.bucket.name).mkdir(parents=True, exist_ok=True)
    files = certificate.ensured(place.settings) if server.tls else None
    start = embedded.start(
        folder,
        address=f"{server.host}:{server.bucket_port}",
        access_key=access,
        secret_key=secret,
        certificate=files.certificate if files else None,
        private_key=files.key if files else None,
    )
    return Part(
        name="bucket",
        command=tuple(str(argument) for argument in start.arguments),
        environment=start.environment,
        log_path=place.logs / "bucket.log",
        ready=lambda: _answers(place),
    )


def _api(place: Site) -> Part:
    command, environment = served.arguments(place.settings)
    return Part(
        name="api",
        command=tuple(command),
        environment={**place.environment, **environment},
        log_path=place.logs / "api.log",
        ready=lambda: is_healthy(place),
        grace=Seconds(20.0),
    )


def _work(place: Site) -> Part:
    return _server_worker(place, "work", [name for name in pools.SERVER_QUEUES if name != _DISPATCH], _WORK_AT_ONCE)


def _dispatch(place: Site) -> Part:
    return _server_worker(place, "dispatch", [_DISPATCH], 1)


def _server_worker(place: Site, name: str, queues: list[str], limit: int) -> Part:
    return Part(
        name=name,
        command=(*_SERVER_WORK, name, ",".join(queues), str(limit)),
        environment=dict(place.environment),
        log_path=place.logs / f"{name}.log",
        grace=_DRAIN,
    )


def _worker(place: Site) -> Part:
    """The worker of this machine: it gets a secret of its own, and none of the server's settings."""
    from reencodarr.cli import local_worker
    from reencodarr.stages.workplace import open_workplace
    from reencodarr.work.settings import WorkerSettings

    settings = place.settings
    authority = place.environment.get("PREFECT_API_SSL_CERT_FILE")
    file = local_worker.token_file(
        open_workplace(settings),
        pool=platforms.here().name,
        server=place.environment["PREFECT_API_URL"].removesuffix("/api"),
        certificate=Path(authority).read_text(encoding="ascii") if authority else "",
    )
    theirs = variables.names(WorkerSettings)
    kept = {name: value for name, value in os.environ.items() if _is_neutral(name) or name.upper() in theirs}
    own = {"TOKEN_FILE": str(file), "DATA_DIR": str(file.parent), "SCRATCH_DIR": str(settings.scratch)}
    return Part(
        name="worker",
        command=(*_PROGRAM, "worker"),
        environment={**kept, **{f"{variables.PREFIX}{name}": value for name, value in own.items()}},
        inherits=False,
        log_path=place.logs / "worker.log",
        grace=_DRAIN,
    )


def _dashboard(place: Site) -> Part:
    from dashboards import launch

    command, environment = launch.command(port=place.settings.server.dashboard_port)
    return Part(
        name="dashboard",
        command=tuple(command),
        environment={**place.environment, **environment},
        log_path=place.logs / "dashboard.log",
    )


_MAKERS = {
    "bucket": _bucket,
    "api": _api,
    "work": _work,
    "dispatch": _dispatch,
    "worker": _worker,
    "dashboard": _dashboard,
}


def prepare(place: Site) -> None:
    """Make or upgrade the database, and clear what a killed bucket server left. Only while no part runs.

    Raises DatabaseError.
    """
    database.upgrade(place.settings.database)
    if place.embedded_keys is not None:
        embedded.discard_torn(place.settings.own_bucket)


def _answers(place: Site) -> bool:
    """Whether the bucket's server says anything at all; without a signature that is a refusal."""
    trust = _trust(str(place.settings.bucket.certificate) if place.settings.bucket.certificate else None)
    try:
        httpx.get(str(place.settings.bucket.endpoint), verify=trust, timeout=5)
    except httpx.HTTPError:
        return False
    return True


def _trust(authority: str | None) -> ssl.SSLContext | bool:
    if authority is None:
        return True
    return ssl.create_default_context(cafile=authority)


def _public_bucket(loaded: Settings) -> str:
    if loaded.bucket.public_endpoint is not None:
        return loaded.bucket.public_endpoint
    url = httpx.URL(served.url(loaded))
    return str(url.copy_with(scheme="https" if loaded.server.tls else "http", port=loaded.server.bucket_port))


def _is_neutral(name: str) -> bool:
    """Whether a variable says nothing about the server."""
    return not name.upper().startswith((variables.PREFIX, "PREFECT_", "AWS_"))
