"""Folders are tried out and left as they were."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reencodarr.tools import folder_checks
from reencodarr.tools.checks import State
from reencodarr.units import GIB, Bytes


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A read-only disk, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro,size=64k", "none", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_good_library_passes_and_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "Film (2001)").mkdir()
    before = sorted(tmp_path.rglob("*"))

    found = [folder_checks.library(tmp_path), folder_checks.hard_links(tmp_path), folder_checks.trash(tmp_path)]

    assert [check.state for check in found] == [State.OK] * 3, found
    assert sorted(tmp_path.rglob("*")) == before


def test_a_single_film_stands_for_its_folder(tmp_path: Path) -> None:
    film = tmp_path / "Film.mkv"
    film.touch()

    assert folder_checks.library(film).state is State.OK
    assert folder_checks.trash(film).state is State.OK
    assert list(tmp_path.iterdir()) == [film]


def test_a_library_that_is_not_there_is_named(tmp_path: Path) -> None:
    check = folder_checks.library(tmp_path / "gone")

    assert (check.state, check.found) == (State.FAILED, "is not there")


def test_a_read_only_library_fails_what_needs_writing(read_only: Path) -> None:
    writable, links, trash = (
        folder_checks.library(read_only),
        folder_checks.hard_links(read_only),
        folder_checks.trash(read_only),
    )

    assert (writable.state, links.state, trash.state) == (State.FAILED, State.WARNING, State.FAILED)
    assert "Read-only" in writable.found
    assert all(check.advice for check in (writable, links, trash))


def test_a_filesystem_without_hard_links_is_only_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))  # What FAT, exFAT and many network shares answer.

    monkeypatch.setattr(Path, "hardlink_to", refuse)

    check = folder_checks.hard_links(tmp_path)

    assert (check.state, check.found) == (State.WARNING, "not possible: Operation not permitted")
    assert "journal" in check.advice
    assert list(tmp_path.iterdir()) == []


def test_folders_that_cannot_be_written_are_counted(tmp_path: Path, read_only: Path) -> None:
    (tmp_path / "lost+found").mkdir(mode=0o000)

    check = folder_checks.library(tmp_path)

    assert check.state is State.WARNING
    assert check.found == "1 folders in it cannot be written: disk"


def test_a_forbidden_library_is_named(unprivileged_folder: Path) -> None:
    films = unprivileged_folder / "films"
    films.mkdir(mode=0o000)

    forbidden, hidden = folder_checks.library(films), folder_checks.library(films / "inside")

    films.chmod(0o700)
    assert (forbidden.state, hidden.state) == (State.FAILED, State.FAILED)
    assert "cannot be read" in forbidden.found


def test_a_folder_that_will_be_made_is_judged_by_the_one_above_it(tmp_path: Path, read_only: Path) -> None:
    fine = folder_checks.writable("scratch", tmp_path / "a" / "b", advice="Do something.")
    bad = folder_checks.writable("scratch", read_only / "a" / "b", advice="Do something.")

    assert (fine.state, bad.state, bad.advice) == (State.OK, State.FAILED, "Do something.")
    assert "will be made" in fine.found
    assert not (tmp_path / "a").exists()


def test_room_is_what_is_left_above_the_reserve(tmp_path: Path) -> None:
    enough = folder_checks.room("room", tmp_path / "later", reserve=Bytes(0))
    little = folder_checks.room("room", tmp_path, reserve=Bytes(1024 * 1024 * GIB))

    assert (enough.state, little.state) == (State.OK, State.FAILED)
    assert "REENCODARR_RESERVE_BYTES" in little.advice


def test_it_is_told_whether_results_must_be_copied(tmp_path: Path, read_only: Path) -> None:
    near = folder_checks.distance(tmp_path, tmp_path / "scratch")
    far = folder_checks.distance(read_only, tmp_path / "scratch")

    assert near.found == "on its filesystem"
    assert "copied" in far.found


def test_the_filesystem_is_named_by_the_innermost_mount(read_only: Path) -> None:
    assert folder_checks.filesystem(read_only) == "tmpfs"


def test_a_database_is_not_trusted_to_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    local = folder_checks.database_home(tmp_path)
    monkeypatch.setattr(folder_checks, "filesystem", lambda _: "nfs4")
    remote = folder_checks.database_home(tmp_path)

    assert (local.state, remote.state) == (State.OK, State.WARNING)
    assert "PostgreSQL" in remote.advice
