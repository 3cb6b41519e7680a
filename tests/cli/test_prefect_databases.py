"""The server as `up` starts it, on SQLite and on PostgreSQL: it deploys, its schedules fire, runs complete, and what is
old really goes. Its own database and Prefect's are on the same kind."""

import json
import os
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reencodarr.cli import parts
from reencodarr.cli.parts import Site
from reencodarr.tools import servers
from tests.api import kit
from tests.api.kit import Server
from tests.flows.conftest import eventually
from tests.servers import ports
from tests.servers.postgres import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

KINDS = ("sqlite", "postgresql")
FASTER = {
    "PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS": "15",
    "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
}
"""How often is looked; how long things are kept is as it comes."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A server and the database of its Prefect."""

    server: Server
    site: Site
    file: Path
    postgres: Postgres | None
    name: str

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """Ask Prefect's database itself."""
        if self.postgres is not None:
            with self.postgres.connected(self.name) as connection:
                done = connection.execute(statement.encode())
                return done.fetchall() if done.description else []
        with closing(sqlite3.connect(self.file, timeout=240, isolation_level=None)) as opened:
            return opened.execute(statement).fetchall()

    def ago(self, age: timedelta) -> str:
        """A time as this database writes it."""
        zone = "+00:00" if self.postgres is not None else ""
        return (_now() - age).strftime("%Y-%m-%d %H:%M:%S.%f") + zone

    def count(self, table: str, where: str) -> int:
        found = self.sql(f"SELECT count(*) FROM {table} WHERE {where}")[0][0]
        assert isinstance(found, int)
        return found


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    home = folder / "prefect"
    environment = {**FASTER, "PREFECT_HOME": str(home)}
    running: Postgres | None = None
    if request.param == "postgresql":
        running = request.getfixturevalue("postgres_server")
        ours, theirs = running.fresh(), running.fresh()
        environment["REENCODARR_DATABASE_URL"] = running.url(ours)
        environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = running.url(theirs, driver="asyncpg")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with kit.running(folder, bucket_port=ports.free()) as server:
            yield Place(
                server=server,
                site=parts.site(server.settings),
                file=home / "prefect.db",
                postgres=running,
                name=theirs if running else "",
            )


def test_it_deploys_its_schedules_fire_and_dispatch_completes(place: Place) -> None:
    bucket, dispatch = parts.part("bucket", place.site), parts.part("dispatch", place.site)
    environment = {**dispatch.environment, "REENCODARR_DATA_DIR": str(place.server.settings.data_dir)}

    deployed = subprocess.run(
        [sys.executable, "-m", "reencodarr.cli", "pools", "--deploy"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    started = [
        servers.running(bucket.command, environment=bucket.environment, log_path=bucket.log_path),
        servers.running(dispatch.command, environment=environment, log_path=dispatch.log_path),
    ]
    with started[0], started[1]:
        made = eventually(lambda: _finished(place.server))

    assert made["state_type"] == "COMPLETED", f"{made['state']['message']}\n{_logs(place.server)}"
    assert "auto-scheduled" in made["tags"]
    if place.postgres is not None:
        assert not place.file.exists()


def test_what_is_old_goes_and_what_is_not_stays(place: Place) -> None:
    old, new = _ended_run(place.server, "COMPLETED"), _ended_run(place.server, "COMPLETED")
    never_begun = _ended_run(place.server, "CANCELLED")
    assert place.count("flow_run", f"id IN ({_ids(old, never_begun)}) AND end_time IS NOT NULL") == 2
    assert place.count("log", f"flow_run_id IN ({_ids(old)})") == 1

    then = place.ago(timedelta(days=8))
    place.sql(f"UPDATE flow_run SET end_time = '{then}' WHERE id IN ({_ids(old, never_begun)})")

    eventually(lambda: place.count("flow_run", f"id IN ({_ids(old, never_begun)})") == 0)
    for table in ("log", "artifact"):
        assert eventually(lambda: place.count(table, f"flow_run_id IN ({_ids(old)})") == 0)  # noqa: B023
        assert place.count(table, f"flow_run_id IN ({_ids(new)})") == 1
    assert place.count("flow_run", f"id IN ({_ids(new)})") == 1


def test_events_go_after_a_week_and_those_of_progress_after_an_hour(place: Place) -> None:
    ages = {
        "test.old": timedelta(days=8),
        "test.young": timedelta(days=6),
        "prefect.artifact.updated": timedelta(hours=2),
        "prefect.flow-run.heartbeat": timedelta(hours=2),
    }
    about = f"test.{uuid.uuid4()}"
    for name in ages:
        _emit(place.server, name, about)
    assert eventually(lambda: _events(place, about) == set(ages))

    inner = f"SELECT event_id FROM event_resources WHERE resource_id = '{about}'"
    for name, age in ages.items():
        then = place.ago(age)
        place.sql(f"UPDATE events SET occurred = '{then}' WHERE event = '{name}' AND id IN ({inner})")
        of_it = f"event_id IN (SELECT id FROM events WHERE event = '{name}')"
        place.sql(f"UPDATE event_resources SET occurred = '{then}' WHERE resource_id = '{about}' AND {of_it}")

    assert eventually(lambda: _events(place, about) == {"test.young", "prefect.flow-run.heartbeat"})
    assert eventually(lambda: place.count("event_resources", f"resource_id = '{about}'") == 2)


def _events(place: Place, about: str) -> set[object]:
    inner = f"SELECT event_id FROM event_resources WHERE resource_id = '{about}'"
    return {row[0] for row in place.sql(f"SELECT event FROM events WHERE id IN ({inner})")}


def _finished(server: Server) -> dict[str, Any] | None:
    """A run of dispatch that its schedule made and that has ended, not only been collapsed."""
    with server.owner as client:
        asked = {"flows": {"name": {"any_": ["dispatch"]}}, "limit": 200}
        found = client.post("/flow_runs/filter", json=asked).json()
    ended = [one for one in found if one["state_type"] in {"COMPLETED", "FAILED", "CRASHED"}]
    return ended[0] if ended else None


def _logs(server: Server) -> str:
    with server.owner as client:
        return "\n".join(line["message"] for line in client.post("/logs/filter", json={"limit": 50}).json())


def _ended_run(server: Server, state: str) -> str:
    """A run that has ended, with a log line and an artifact; its id."""
    with server.owner as client:
        flow = client.post("/flows/", json={"name": "some"}).json()
        run = str(client.post("/flow_runs/", json={"flow_id": flow["id"]}).raise_for_status().json()["id"])
        client.post(f"/flow_runs/{run}/set_state", json={"state": {"type": state}}).raise_for_status()
        line = {"name": "x", "level": 20, "message": "x", "timestamp": _now().isoformat(), "flow_run_id": run}
        client.post("/logs/", json=[line]).raise_for_status()
        said = {"key": f"k{run[:8]}", "type": "progress", "data": 1.0, "flow_run_id": run}
        client.post("/artifacts/", json=said).raise_for_status()
    return run


def _emit(server: Server, name: str, about: str) -> None:
    event = {"id": str(uuid.uuid4()), "occurred": _now().isoformat(), "event": name}
    with server.owner as client:
        said = [{**event, "resource": {"prefect.resource.id": about}}]
        client.post("/events", content=json.dumps(said)).raise_for_status()


def _ids(*runs: str) -> str:
    return ", ".join(f"'{run}'" for run in runs)


def _now() -> datetime:
    return datetime.now(UTC)
