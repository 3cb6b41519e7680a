"""Real S3 servers, once per test session, and a bucket of its own for each test.

By default rclone alone, with and without TLS; `-m slow` runs the same tests against the others.
"""

import dataclasses
import secrets
import ssl
from collections.abc import Iterator

import httpx
import pytest

from reencodarr.storage.bucket import Bucket
from tests.storage import servers

EVERY_SERVER = [
    pytest.param((name, tls), id=f"{name}{'-tls' if tls else ''}", marks=[] if name == "rclone" else [pytest.mark.slow])
    for name in servers.NAMES
    for tls in (False, True)
]


@pytest.fixture(scope="session", params=EVERY_SERVER)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    name, tls = request.param
    with servers.serving(name, tmp_path_factory.mktemp(name), tls=tls) as running:
        yield running


@pytest.fixture
def bucket(server: servers.Server) -> Bucket:
    # The same clients for all: to make one takes longer than most tests.
    made = dataclasses.replace(server.opened, name=f"films-{secrets.token_hex(4)}")
    made.ensure()
    return made


@pytest.fixture
def worker(server: servers.Server) -> Iterator[httpx.Client]:
    """Somebody who has URLs and no key."""
    with as_worker(server) as client:
        yield client


def as_worker(server: servers.Server) -> httpx.Client:
    trust = ssl.create_default_context(cafile=str(server.verify)) if server.verify else True
    return httpx.Client(verify=trust, timeout=60)
