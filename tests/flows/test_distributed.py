"""One film's whole way over two machines: searched and encoded by a worker that has nothing but a token and scratch.

On SQLite and on PostgreSQL.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from reencodarr.library import database
from reencodarr.library.states import State
from reencodarr.library.tables import Job
from reencodarr.media import mediainfo
from reencodarr.work import orders
from reencodarr.work.orders import Encoded, Result, Searched
from tests.api import kit
from tests.flows import site as sites
from tests.flows.conftest import eventually
from tests.flows.site import Site
from tests.servers import databases
from tests.servers.postgres import Postgres
from tests.storage import servers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path: Path, fast_policy: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """A server with a bucket; its own database and Prefect's are of the same kind."""
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres_server")
        for name, value in databases.fresh(postgres).items():
            monkeypatch.setenv(name, value)
    with servers.serving("rclone", tmp_path / "rclone", tls=False) as rclone:
        for name, value in {
            "ENDPOINT": rclone.endpoint,
            "NAME": "films",
            "ACCESS_KEY": rclone.access_key,
            "SECRET_KEY": rclone.secret_key,
        }.items():
            monkeypatch.setenv(f"REENCODARR_BUCKET__{name}", value)
        bucket = rclone.bucket()
        bucket.ensure()
        with kit.running(tmp_path) as server:
            yield sites.made(server, tmp_path, fast_policy, bucket=bucket)


def results(site: Site) -> list[Result]:
    with database.session(site.workplace.database, reads_only=True) as session:
        rows = session.exec(select(Job).order_by(Job.id)).all()  # type: ignore[arg-type]
        return [orders.result_from_json(row.result) for row in rows if row.result]


def test_a_film_is_searched_and_encoded_elsewhere_and_replaced_here(site: Site, small_film: Path) -> None:
    film = site.place.add(small_film, "Small.mkv")
    before = hashlib.sha256(film.read_bytes()).hexdigest()
    site.place.analyse()

    def step() -> bool:
        site.dispatch()
        site.do_own_part()
        return site.place.state(film) is State.REPLACED

    with site.worker("attic") as worker:
        eventually(lambda: worker.says("Pool linux"))
        eventually(step, every=2)

    after = mediainfo.read(film).facts
    assert after.video is not None
    assert after.video.codec == "av1"
    kept = list(site.place.films.glob(".reencodarr/trash/*.orig"))
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in kept] == [before]
    searched, encoded = results(site)
    assert isinstance(searched.outcome, Searched)
    assert isinstance(encoded.outcome, Encoded)
    assert (searched.worker, encoded.worker) == ("attic", "attic")
    assert encoded.bytes_down >= small_film.stat().st_size
    assert encoded.bytes_up == encoded.outcome.delivery.size
    assert site.engine.by_state() == ["COMPLETED", "COMPLETED"]
    assert site.place.failures() == []
    assert not list((site.folder / "attic" / "tmp").glob("runner_storage/*"))
    assert "Invalid token" not in site.server.log.read_text()
    scratch = site.folder / "attic" / "scratch"
    assert [path for path in scratch.rglob("*") if path.is_file() and path.name != ".making"] == []
