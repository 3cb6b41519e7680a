"""Scratch folders vanish with their work and never before it."""

import contextlib
import errno
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reencodarr.errors import NoSpace, SettingsError
from reencodarr.tools import scratch
from reencodarr.units import GIB, MIB, Bytes

HOLD = """
import sys, time
from pathlib import Path
from reencodarr.tools import scratch
with scratch.folder(Path(sys.argv[1]), "encode-7") as folder:
    (folder / "half.mkv").write_bytes(bytes(100_000))
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB and 20 files, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=20", "none", disk], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"a tiny disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def holder(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_folder_is_named_after_its_work_and_goes_with_it(tmp_path: Path) -> None:
    with scratch.folder(tmp_path / "new" / "scratch", "search-3") as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "window.mkv").write_bytes(b"x")
        name = folder.name

    assert name.startswith("reencodarr-search-3-")
    assert not folder.exists()


def test_a_folder_goes_also_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), scratch.folder(tmp_path, "encode-1") as folder:
        raise RuntimeError("broken")

    assert not folder.exists()


def test_a_folder_in_use_is_not_swept(tmp_path: Path) -> None:
    process, theirs = holder(tmp_path)

    with scratch.folder(tmp_path, "encode-1") as ours:
        freed = scratch.sweep(tmp_path)

        assert freed == 0
        assert ours.exists()
        assert (theirs / "half.mkv").exists()
    process.kill()
    process.communicate()


def test_the_folder_of_a_killed_owner_is_swept_at_once(tmp_path: Path) -> None:
    process, theirs = holder(tmp_path)
    process.kill()
    process.communicate()

    found = scratch.leftovers(tmp_path)
    freed = scratch.sweep(tmp_path)

    assert found == [theirs]
    assert 100_000 <= freed < 110_000
    assert not theirs.exists()
    assert scratch.sweep(tmp_path) == 0


def test_a_private_parent_in_use_is_not_swept_and_goes_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with scratch.private("plan") as parent:
        scratch.sweep(tmp_path)

        assert parent.parent == tmp_path
        assert parent.is_dir()
    assert not parent.exists()


def test_nothing_but_our_folders_is_swept(tmp_path: Path) -> None:
    film = tmp_path / "library" / "Film.mkv"
    film.parent.mkdir()
    film.write_bytes(b"x")
    (tmp_path / "reencodarr-notes.txt").write_text("a file")
    (tmp_path / "reencodarr-link").symlink_to(film.parent)
    (tmp_path / "results").mkdir()

    scratch.sweep(tmp_path)

    assert film.exists()
    assert {path.name for path in tmp_path.iterdir()} >= {"reencodarr-notes.txt", "reencodarr-link", "results"}


def test_a_sweep_never_takes_a_folder_that_is_just_being_made(tmp_path: Path) -> None:
    stop = threading.Event()
    sweeper = threading.Thread(target=lambda: [scratch.sweep(tmp_path) for _ in iter(stop.is_set, True)], daemon=True)
    sweeper.start()

    try:
        for number in range(300):
            with scratch.folder(tmp_path, f"search-{number}") as folder:
                (folder / "mine").touch()  # Raises when a sweep took the folder.
    finally:
        stop.set()
        sweeper.join()

    assert scratch.leftovers(tmp_path) == []


def test_a_sweep_of_a_folder_that_is_not_there_finds_nothing(tmp_path: Path) -> None:
    assert scratch.sweep(tmp_path / "gone") == 0


def test_a_full_disk_is_named_while_the_folder_is_made(tiny_disk: Path) -> None:
    with contextlib.suppress(OSError):
        for number in range(100):
            (tiny_disk / f"{number}").touch()

    with pytest.raises(NoSpace), scratch.folder(tiny_disk, "encode-1"):
        pass


def test_a_disk_that_gets_full_during_the_work_is_named(tiny_disk: Path) -> None:
    with pytest.raises(NoSpace) as caught, scratch.folder(tiny_disk, "encode-1") as folder:
        (folder / "result.mkv").write_bytes(bytes(MIB))

    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert list(tiny_disk.glob("reencodarr-*")) == []


def test_other_errors_of_the_work_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), scratch.folder(tmp_path, "encode-1") as folder:
        (folder / "gone.mkv").read_bytes()


def test_a_parent_that_is_a_file_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with (
        pytest.raises(SettingsError, match=r"cannot be written.*REENCODARR_SCRATCH_DIR"),
        scratch.folder(tmp_path / "file", "x"),
    ):
        pass


def test_a_read_only_parent_is_a_wrong_setting(tiny_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", tiny_disk], check=True)

    with pytest.raises(SettingsError, match="Read-only file system"), scratch.folder(tiny_disk, "x"):
        pass

    assert scratch.sweep(tiny_disk) == 0


def test_a_forbidden_parent_is_a_wrong_setting(unprivileged_folder: Path) -> None:
    closed = unprivileged_folder / "closed"
    closed.mkdir(mode=0o555)

    with pytest.raises(SettingsError, match="Permission denied"), scratch.folder(closed, "x"):
        pass


def test_a_result_that_is_kept_outlives_its_folder_and_every_sweep(tmp_path: Path) -> None:
    with scratch.folder(tmp_path, "encode-1") as folder:
        (folder / "out.mkv").write_bytes(b"result")
        kept = scratch.keep(folder / "out.mkv", tmp_path / "results" / "7-1.mkv")

    scratch.sweep(tmp_path)

    assert kept == tmp_path / "results" / "7-1.mkv"
    assert kept.read_bytes() == b"result"


def test_room_is_required_with_its_reserve_also_where_no_folder_is_yet(tmp_path: Path) -> None:
    scratch.require_space(tmp_path / "later", Bytes(1), reserve=Bytes(0))

    with pytest.raises(NoSpace, match="are needed"):
        scratch.require_space(tmp_path / "later", Bytes(1), reserve=Bytes(1024 * 1024 * GIB))
