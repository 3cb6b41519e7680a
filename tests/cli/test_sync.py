"""`reencodarr sync` as people and scripts call it, against a pretended Radarr."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reencodarr.library import database, roots
from tests.arr.fake import KEY, Fake, FolderDisk, serving
from tests.cli.conftest import Program
from tests.library import films


@pytest.fixture
def radarr(tmp_path: Path) -> Iterator[Fake]:
    with serving(Fake("radarr", disk=FolderDisk("/movies", tmp_path / "films", tmp_path / "bin"))) as fake:
        yield fake


@pytest.fixture
def environment(reencodarr: Program, radarr: Fake, tmp_path: Path) -> dict[str, str]:
    """A library with one film that both know; the settings."""
    reencodarr.data.mkdir()
    url = f"sqlite:///{reencodarr.data / 'reencodarr.db'}"
    database.upgrade(url)
    film = films.write(tmp_path / "films" / "Alien" / "Alien.mkv")
    opened = database.engine(url)
    with database.session(opened) as session:
        roots.ensure(session, tmp_path / "films")
    opened.dispose()
    title = radarr.library.add_title("Alien [1979]", folder="/movies/Alien")
    radarr.library.add_file(title, "Alien.mkv", size=film.stat().st_size)
    return {
        "REENCODARR_RADARR__MAIN__URL": radarr.url,
        "REENCODARR_RADARR__MAIN__API_KEY": KEY,
        "REENCODARR_RADARR__MAIN__MAPPINGS": f"/movies={tmp_path / 'films'}",
    }


@pytest.mark.slow
def test_a_sync_tells_what_changed_to_people_and_to_scripts(reencodarr: Program, environment: dict[str, str]) -> None:
    first = reencodarr("sync", **environment)
    second = reencodarr("sync", "MAIN", "--json", **environment)

    assert first.returncode == 0, first.stdout + first.stderr
    assert "1 title, 1 file: 1 new." in first.stdout
    assert "new       Alien [1979]: /movies/Alien/Alien.mkv" in first.stdout
    [said] = json.loads(second.stdout)["synced"]
    assert (said["files"], said["changes"], said["unmapped"]) == (1, {"same": 1}, [])


def test_a_refused_key_is_told_and_never_shown(reencodarr: Program, environment: dict[str, str]) -> None:
    wrong = {**environment, "REENCODARR_RADARR__MAIN__API_KEY": "wr0ng-key"}

    found = reencodarr("sync", **wrong)

    assert found.returncode == 2
    assert "does not accept our API key" in found.stderr
    assert "wr0ng-key" not in found.stdout + found.stderr


def test_without_an_instance_it_says_what_to_set(reencodarr: Program, environment: dict[str, str]) -> None:
    found = reencodarr("sync")

    assert found.returncode == 2
    assert "REENCODARR_SONARR__MAIN__URL" in found.stderr
