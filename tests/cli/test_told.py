"""`reencodarr run` on films that a pretended Radarr knows: it is told at the end, and names the film anew."""

import os
import shutil
import time
from pathlib import Path

import pytest

from tests.arr.fake import KEY, Fake, FolderDisk, serving
from tests.cli.conftest import Program

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_run_tells_radarr_and_follows_the_name_it_gives(
    reencodarr: Program, small_film: Path, tmp_path: Path
) -> None:
    films = tmp_path / "films" / "Film (2008)"
    films.mkdir(parents=True)
    film = Path(shutil.copy(small_film, films / "Film x264.mkv"))
    os.utime(film, (time.time() - 3600,) * 2)
    with serving(Fake("radarr", disk=FolderDisk("/movies", tmp_path / "films", tmp_path / "bin"))) as fake:
        title = fake.library.add_title("Film", folder="/movies/Film (2008)")
        file = fake.library.add_file(title, film.name, size=film.stat().st_size)
        fake.library.renames = {file.id: "Film AV1.mkv"}
        said = {
            "REENCODARR_RADARR__MAIN__URL": fake.url,
            "REENCODARR_RADARR__MAIN__API_KEY": KEY,
            "REENCODARR_RADARR__MAIN__MAPPINGS": f"/movies={tmp_path / 'films'}",
        }

        reencodarr("libraries", "add", tmp_path / "films", "--yes", **said)
        synced = reencodarr("sync", **said)
        done = reencodarr("run", tmp_path / "films", "--yes", **said)
        listed = sorted(one.name for one in films.iterdir())
        back = reencodarr("undo", tmp_path / "films", **said)

        assert synced.returncode == 0, synced.stdout + synced.stderr
        assert done.returncode == 0, done.stdout + done.stderr
        assert listed == ["Film AV1.mkv"], done.stdout + done.stderr
        assert file.path == "/movies/Film (2008)/Film AV1.mkv"
        assert file.size < small_film.stat().st_size
        assert back.returncode == 0, back.stdout + back.stderr
        assert (films / "Film AV1.mkv").read_bytes() == small_film.read_bytes()
