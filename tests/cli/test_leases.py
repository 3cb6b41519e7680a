"""Slots of Prefect's global concurrency limits over a restart of its server."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from reencodarr.library import database
from reencodarr.settings import Settings
from tests.faults.parts import Api
from tests.servers import patient, ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LIMIT = "one-at-a-time"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    port = ports.free()
    settings = Settings(data_dir=tmp_path / "data", server={"host": "127.0.0.1", "port": port})
    database.upgrade(settings.database)
    environment = {"REENCODARR_DATA_DIR": str(settings.data_dir), "REENCODARR_SERVER__PORT": str(port)}
    running = Api(settings=settings, environment=environment, log=tmp_path / "api.log")
    running.start()
    yield running
    running.stop()


def taken(client: httpx.Client) -> httpx.Response:
    """What the server says to one who wants the only slot, for an hour."""
    said = {"slots": 1, "names": [LIMIT], "lease_duration": 3600}
    return client.post("/v2/concurrency_limits/increment-with-lease", json=said)


def test_a_slot_that_is_held_while_the_server_is_killed_is_still_its_holders_afterwards(api: Api) -> None:
    with patient.client(f"http://127.0.0.1:{api.settings.server.port}/api") as client:
        client.post("/v2/concurrency_limits/", json={"name": LIMIT, "limit": 1}).raise_for_status()
        lease = taken(client).raise_for_status().json()["lease_id"]

    api.kill()
    api.start()

    with patient.client(f"http://127.0.0.1:{api.settings.server.port}/api") as client:
        refused = taken(client)
        renewed = client.post(f"/v2/concurrency_limits/leases/{lease}/renew", json={"lease_duration": 3600})
        given_back = client.post("/v2/concurrency_limits/decrement-with-lease", json={"lease_id": lease})
        again = taken(client)
    assert refused.status_code == httpx.codes.LOCKED
    assert renewed.is_success, "the server has forgotten whose slot it is"
    assert given_back.is_success
    assert again.is_success, "the slot never comes free"
