"""`reencodarr up` with a pretended Sonarr: it registers itself, syncs, and looks again when told to."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, select

from reencodarr.library import database
from reencodarr.library.tables import ArrFile, ArrInstance, ArrWish
from tests.arr.fake import KEY, Fake, FolderDisk, serving
from tests.arr.fake import webhooks as payloads
from tests.cli.conftest import Program
from tests.cli.conftest import reencodarr as reencodarr  # noqa: PLC0414
from tests.flows.conftest import eventually
from tests.servers import ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Fake]:
    (tmp_path / "tv" / "Show").mkdir(parents=True)
    with serving(Fake("sonarr", disk=FolderDisk("/tv", tmp_path / "tv", tmp_path / "bin"))) as running:
        yield running


def test_a_server_registers_itself_syncs_and_looks_again(reencodarr: Program, fake: Fake, tmp_path: Path) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    port, dashboard = ports.free(), ports.free()
    server = reencodarr.start(
        *("up", "--no-worker", "--no-dashboard", "--no-bucket"),
        REENCODARR_SERVER__PORT=str(port),
        REENCODARR_STABLE_SECONDS="0",
        REENCODARR_SERVER__DASHBOARD_PORT=str(dashboard),
        REENCODARR_SONARR__MAIN__URL=fake.url,
        REENCODARR_SONARR__MAIN__API_KEY=KEY,
        REENCODARR_SONARR__MAIN__MAPPINGS=f"/tv={tmp_path / 'tv'}",
    )
    try:
        eventually(lambda: fake.answers.notifications)
        engine = database.engine(f"sqlite:///{reencodarr.data / 'reencodarr.db'}")

        def read(of: type[ArrInstance] | type[ArrFile] | type[ArrWish]) -> list[ArrInstance | ArrFile | ArrWish]:
            with Session(engine) as session:
                return list(session.exec(select(of)).all())

        eventually(lambda: [one for one in read(ArrInstance) if one.synced_at])
        assert read(ArrFile) == []

        (tmp_path / "tv" / "Show" / "new.mkv").write_bytes(b"x" * 1000)
        file = fake.library.add_file(title, "new.mkv", size=1000)
        for _ in range(20):
            fake.tell(payloads.download(fake.library, title, file))

        assert len(read(ArrWish)) == 1
        (found,) = eventually(lambda: read(ArrFile))
        assert found.slug == "show"
        eventually(lambda: not read(ArrWish))
        assert fake.undelivered == []
        engine.dispose()
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=240)
