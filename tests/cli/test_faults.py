"""What people see when a disk fails them: `reencodarr` itself on read-only and on full disks."""

import hashlib
import shutil
import time
from pathlib import Path

import psutil
import pytest

from reencodarr.cli import exits
from reencodarr.media import mediainfo
from tests import mounts
from tests.cli.conftest import Program
from tests.stages.conftest import aged


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def film(tmp_path: Path, small_film: Path) -> Path:
    (tmp_path / "films").mkdir()
    return aged(Path(shutil.copy(small_film, tmp_path / "films" / "Good.mkv")))


def test_a_read_only_library_can_be_planned(reencodarr: Program, film: Path) -> None:
    before = digest(film)
    with mounts.mounted("--bind", film.parent, at=film.parent):
        mounts.make_read_only(film.parent, read_only=True)

        plan = reencodarr("plan", film.parent)

    assert plan.returncode == exits.DONE, plan.stderr
    assert "Good.mkv" in plan.stdout
    assert digest(film) == before
    assert list(film.parent.iterdir()) == [film]


@pytest.mark.slow
def test_a_run_on_a_read_only_library_says_so_and_goes_on_when_it_is_mended(reencodarr: Program, film: Path) -> None:
    before = digest(film)
    with mounts.mounted("--bind", film.parent, at=film.parent):
        mounts.make_read_only(film.parent, read_only=True)
        refused = reencodarr("run", "--yes", film.parent)

    assert refused.returncode == exits.SOME_FAILED, refused.stderr
    assert "cannot be written" in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr
    assert digest(film) == before

    assert reencodarr("run", film.parent).returncode == exits.DONE
    assert mediainfo.read(film).facts.video.codec == "av1"


@pytest.mark.slow
def test_a_full_database_disk_ends_a_run_by_name_and_the_next_goes_on(
    reencodarr: Program, film: Path, tmp_path: Path
) -> None:
    before = digest(film)
    elsewhere = {"REENCODARR_SCRATCH_DIR": str(tmp_path / "scratch"), "PREFECT_HOME": str(tmp_path / "prefect")}
    with mounts.disk(reencodarr.data, "8m") as disk:
        process = reencodarr.start("run", "--yes", film.parent, **elsewhere)
        _until_searching(psutil.Process(process.pid))
        mounts.fill(disk)
        said = process.communicate(timeout=240)[0].decode(errors="replace")

        assert process.returncode == exits.CANNOT_WORK, said
        assert "DatabaseUnavailable" in said
        assert "reencodarr.db" in said
        assert "Traceback" not in said
        assert digest(film) == before

        (disk / "filler").unlink()
        again = reencodarr("run", film.parent, **elsewhere)
        assert again.returncode == exits.DONE, again.stderr
        assert mediainfo.read(film).facts.video.codec == "av1"
        assert not list((tmp_path / "scratch").glob("reencodarr-*"))


def _until_searching(run: psutil.Process) -> None:
    """Wait until the first probe is encoded."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and run.is_running():
        for child in run.children(recursive=True):
            try:
                words = child.cmdline()
            except psutil.NoSuchProcess:
                continue
            if "libsvtav1" in words and "lavfi" not in words:
                return
        time.sleep(0.02)
    raise AssertionError("no search began")
