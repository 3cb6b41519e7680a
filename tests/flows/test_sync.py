"""The flows `sync` and `look-again` on a real server: what its UI shows of them, and one instance's trouble."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.look_again import look_again
from flows.sync import sync
from reencodarr.library import database, roots, wishes
from reencodarr.library.states import State
from tasks import workplace
from tests.arr.fake import KEY, Fake, FolderDisk, serving
from tests.flows.conftest import Prefect
from tests.library import films

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def sonarr(tmp_path: Path) -> Iterator[Fake]:
    with serving(Fake("sonarr", disk=FolderDisk("/tv", tmp_path / "films", tmp_path / "bin"))) as fake:
        yield fake


@pytest.fixture
def server(
    prefect_server: Prefect, sonarr: Fake, tmp_path: Path, fast_policy: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Prefect]:
    """A server with a library, a Sonarr, and a Radarr whose address is the Sonarr's."""
    for name, value in {
        "DATA_DIR": str(tmp_path / "data"),
        "POLICY": str(fast_policy),
        "SONARR__MAIN__URL": sonarr.url,
        "SONARR__MAIN__API_KEY": KEY,
        "SONARR__MAIN__MAPPINGS": f"/tv={tmp_path / 'films'}",
        "RADARR__WRONG__URL": sonarr.url,
        "RADARR__WRONG__API_KEY": KEY,
    }.items():
        monkeypatch.setenv(f"REENCODARR_{name}", value)
    (tmp_path / "films").mkdir()
    (tmp_path / "data").mkdir()
    database.upgrade(f"sqlite:///{tmp_path / 'data' / 'reencodarr.db'}")
    workplace.current.cache_clear()
    with database.session(workplace.current().database) as session:
        roots.ensure(session, tmp_path / "films")
    with temporary_settings({PREFECT_API_URL: prefect_server.url}):
        yield prefect_server
    workplace.current().database.dispose()
    workplace.current.cache_clear()


def tables(server: Prefect, key: str) -> list[dict[str, Any]]:
    found = server.post("/artifacts/latest/filter", {})
    assert isinstance(found, list)
    return [one for one in found if one["key"] == key]


def test_what_changed_is_shown_and_one_instance_in_trouble_keeps_no_other_back(
    server: Prefect, sonarr: Fake, tmp_path: Path
) -> None:
    film = films.write(tmp_path / "films" / "Firefly" / "S01E01.mkv")
    title = sonarr.library.add_title("Firefly", folder="/tv/Firefly")
    sonarr.library.add_file(title, "S01E01.mkv", size=film.stat().st_size)

    state = sync(return_state=True)

    assert state.is_failed()
    assert films.states(workplace.current().database) == {"S01E01.mkv": State.NEEDS_ANALYSIS}
    [table] = tables(server, "sync-main")
    assert "1 title, 1 file: 1 new." in table["description"]
    assert "/tv/Firefly/S01E01.mkv" in table["data"]


def test_wishes_are_fulfilled_by_a_run(server: Prefect, sonarr: Fake, tmp_path: Path) -> None:
    film = films.write(tmp_path / "films" / "Firefly" / "S01E02.mkv")
    title = sonarr.library.add_title("Firefly", folder="/tv/Firefly")
    sonarr.library.add_file(title, "S01E02.mkv", size=film.stat().st_size)
    with database.session(workplace.current().database) as session:
        wishes.wish(session, "main", title.id, "Download")

    words = look_again()

    assert words == "1 title looked at: 1 new."
    assert films.states(workplace.current().database) == {"S01E02.mkv": State.NEEDS_ANALYSIS}
    assert len(tables(server, "look-again")) >= 1
    with get_client(sync_client=True) as client:
        assert client.read_flow_by_name("look-again").name == "look-again"
