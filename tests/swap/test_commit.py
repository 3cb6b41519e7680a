"""Swaps on real filesystems: the good way, every refusal, and what the film's file keeps."""

import dataclasses
import errno
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reencodarr.errors import (
    DatabaseUnavailable,
    DestinationReadOnly,
    DestinationTaken,
    FileUnreadable,
    NoSpace,
    OriginalChanged,
    ReencodarrError,
    ResultDamaged,
    TrashUnavailable,
)
from reencodarr.media.fingerprint import fingerprint
from reencodarr.progress import Progress
from reencodarr.swap import commit, recovery, trash
from reencodarr.swap.order import SwapState
from reencodarr.units import Bytes
from tests.swap import kit

NAMES = {
    "newline": b"Film\nof two lines.mkv",
    "emoji": "Film \U0001f3ac.mkv".encode(),
    "quotes": b'"Film" isn\'t.mkv',
    "dash": b"-rf.mkv",
    "not UTF-8": b"Film \xff\xfe.mkv",
}


@pytest.mark.parametrize("other_extension", [False, True])
def test_the_result_takes_the_name_and_the_original_goes_to_the_trash(tmp_path: Path, other_extension: bool) -> None:
    made = kit.scene(tmp_path, other_extension=other_extension)
    store = kit.Memory()

    receipt = commit.commit(made.order, store, reserve=kit.NOTHING)

    made.assert_swapped()
    assert store.heard == [
        SwapState.PREPARED,
        SwapState.STAGED,
        SwapState.VERIFIED,
        SwapState.SWAPPED,
        SwapState.TRASHED,
        SwapState.DONE,
    ]
    assert (receipt.size_before, receipt.size_after) == (kit.SIZE, kit.SIZE // 2)
    assert receipt.fingerprint.links == 1
    assert receipt.fingerprint.same_file(fingerprint(receipt.destination))
    assert (receipt.not_kept, receipt.recorded) == ((), True)


def test_the_original_itself_lies_in_the_trash_and_not_a_copy(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)

    receipt = commit.commit(made.order, kit.Memory(), reserve=kit.NOTHING)

    assert receipt.trash.stat().st_ino == made.order.fingerprint.inode


def test_the_name_is_never_missing_and_never_partial(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    log = tmp_path / "log"

    def look(_count: int, _step: str, _path: str) -> None:
        with log.open("a") as file:
            file.write("".join(f"{value}\n" for value in made.visible().values()) or "missing\n")

    assert kit.in_child(lambda: kit.swapped(made), at_step=look) == 0
    seen = log.read_text().split()
    assert set(seen) == {made.original_sha256, made.order.result_sha256}
    assert seen == sorted(seen, key=lambda value: value == made.order.result_sha256)


@pytest.mark.parametrize("name", NAMES)
def test_any_name_a_filesystem_allows_survives_a_swap_and_a_crash(tmp_path: Path, name: str) -> None:
    made = kit.scene(tmp_path, name=NAMES[name])
    store = kit.Notebook(tmp_path / "notebook")

    code = kit.in_child(
        lambda: commit.commit(made.order, store, reserve=kit.NOTHING),
        at_step=lambda _count, step, _path: os.kill(os.getpid(), 9) if step == "move aside" else None,
    )

    assert code == -9
    (recovered,) = kit.recover(made, store)
    assert recovered.outcome is recovery.Outcome.FINISHED
    assert recovered.order == made.order
    made.assert_swapped()


def test_a_result_on_another_filesystem_is_copied_with_progress(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as scratch:
        made = kit.scene(tmp_path, scratch=Path(scratch))
        heard: list[Progress] = []

        commit.commit(made.order, kit.Memory(), reserve=kit.NOTHING, report=heard.append)

        assert made.order.result.stat().st_dev != made.order.destination.stat().st_dev
        made.assert_swapped()
        assert heard[-1].fraction == 1.0
        assert made.order.result.exists()


def test_mode_owner_times_and_attributes_are_kept(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    film = made.order.original
    film.chmod(0o640)
    os.setxattr(film, "user.origin", b"disc 7")
    # user::rw-, user:12345:r--, group::r--, mask::r--, other::--- in the kernel's format
    acl = bytes.fromhex("0200000001000600ffffffff020004003930000004000400ffffffff10000400ffffffff20000000ffffffff")
    acl_kept = _try_acl(film, acl)
    if os.geteuid() == 0:
        os.chown(film, 12345, 54321)
    os.utime(film, ns=(1_500_000_000_123_456_789, 1_400_000_000_987_654_321))
    before = film.stat()
    order = dataclasses.replace(made.order, fingerprint=fingerprint(film))

    receipt = commit.commit(order, kit.Memory(), reserve=kit.NOTHING)

    after = film.stat()
    assert after.st_ino != before.st_ino
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_mtime_ns == 1_400_000_000_987_654_321
    assert os.getxattr(film, "user.origin") == b"disc 7"
    assert not acl_kept or os.getxattr(film, "system.posix_acl_access") == acl
    assert receipt.not_kept == ()


def test_what_cannot_be_kept_is_said(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make files of other owners")
    made = kit.scene(tmp_path)
    os.chown(made.order.original, 12345, 54321)
    order = dataclasses.replace(made.order, fingerprint=fingerprint(made.order.original))
    for folder in (
        made.order.folder,
        made.order.trash.parent,
        made.order.result.parent,
        *made.order.trash.parents[1:4],
    ):
        folder.chmod(0o777)
    tmp_path.chmod(0o777)
    for above in tmp_path.parents[:3]:
        above.chmod(above.stat().st_mode | 0o055)
    made.order.original.chmod(0o666)
    answer = tmp_path / "answer"

    def as_somebody() -> None:
        os.setgroups([])
        os.setgid(4242)
        os.setuid(4242)
        answer.write_text("\n".join(commit.commit(order, kit.Memory(), reserve=kit.NOTHING).not_kept))

    assert kit.in_child(as_somebody) == 0
    assert answer.read_text().splitlines()[:2] == [
        f"owner 12345 ({os.strerror(errno.EPERM)})",
        f"group 54321 ({os.strerror(errno.EPERM)})",
    ]


def _try_acl(path: Path, acl: bytes) -> bool:
    try:
        os.setxattr(path, "system.posix_acl_access", acl)
    except OSError:
        return False
    return True


def refused(made: kit.Scene, error: type[ReencodarrError], *, store: kit.Memory | None = None) -> ReencodarrError:
    """A commit that must end with `error`."""
    with pytest.raises(error) as caught:
        commit.commit(made.order, store or kit.Memory(), reserve=kit.NOTHING)
    return caught.value


def test_an_original_that_was_touched_since_it_was_analysed_stays(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    os.utime(made.order.original, ns=(1, 1))

    refused(made, OriginalChanged)

    made.assert_untouched()


def test_an_original_whose_bytes_changed_under_the_same_times_stays(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    film = made.order.original
    with film.open("r+b") as file:
        file.write(b"other bytes")
    os.utime(film, ns=(1, made.order.fingerprint.mtime_ns))

    refused(made, OriginalChanged)

    assert film.read_bytes().startswith(b"other bytes")
    assert (made.of_ours(), made.trash()) == ([], {})


def test_an_original_that_is_written_into_while_the_result_is_staged_stays(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    film = made.order.original

    def write_into_it(_count: int, step: str, _path: str) -> None:
        if step == "attributes":
            with film.open("r+b") as file:
                file.write(b"other bytes")
            os.utime(film, ns=(1, made.order.fingerprint.mtime_ns))

    assert kit.in_child(lambda: kit.swapped(made), at_step=write_into_it) == 1
    assert film.read_bytes().startswith(b"other bytes")
    assert (made.of_ours(), made.trash()) == ([], {})


def test_a_deleted_original_is_not_replaced(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    made.order.original.unlink()

    refused(made, OriginalChanged)

    assert (made.visible(), made.of_ours(), made.trash()) == ({}, [], {})


def test_a_film_whose_folder_is_gone_is_not_replaced(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    made.order.folder.rename(tmp_path / "elsewhere")

    refused(made, OriginalChanged)


def test_a_symlink_is_refused(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    film = made.order.original
    target = film.rename(tmp_path / "target.mkv")
    film.symlink_to(target)

    error = refused(made, OriginalChanged)

    assert "symlink" in str(error)
    assert film.is_symlink()
    assert kit.digest(target) == made.original_sha256


def test_something_that_is_no_file_is_refused(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    made.order.original.unlink()
    with socket.socket(socket.AF_UNIX) as door:
        os.chdir(made.order.folder)
        door.bind(made.order.original.name)

        refused(made, OriginalChanged)


def test_a_taken_name_is_never_overwritten(tmp_path: Path) -> None:
    made = kit.scene(tmp_path, other_extension=True)
    made.order.destination.write_bytes(b"another film")

    refused(made, DestinationTaken)

    assert made.order.destination.read_bytes() == b"another film"
    assert kit.digest(made.order.original) == made.original_sha256
    assert (made.of_ours(), made.trash()) == ([], {})


def test_a_damaged_result_is_never_shown(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    made.order.result.write_bytes(bytes(kit.SIZE // 2))

    refused(made, ResultDamaged)

    made.assert_untouched()


def test_a_result_of_another_size_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    made.order.result.write_bytes(b"stub")
    store = kit.Memory()

    refused(made, ResultDamaged, store=store)

    made.assert_untouched()
    assert store.heard == []


def test_a_missing_result_is_named(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    made.order.result.unlink()

    error = refused(made, FileUnreadable)

    assert error.path == made.order.result
    made.assert_untouched()


@pytest.mark.parametrize("state", [SwapState.PREPARED, SwapState.STAGED, SwapState.VERIFIED])
def test_a_database_that_fails_before_the_visible_step_stops_the_swap(tmp_path: Path, state: SwapState) -> None:
    made = kit.scene(tmp_path)

    refused(made, DatabaseUnavailable, store=kit.Memory(refuses=state))

    assert made.visible() == {made.order.original: made.original_sha256}
    recovery.recover(recovery.find_journals(made.root), kit.Memory())
    made.assert_untouched()


@pytest.mark.parametrize("state", [SwapState.SWAPPED, SwapState.TRASHED, SwapState.DONE])
def test_a_database_that_fails_after_the_visible_step_hears_of_it_at_the_next_start(
    tmp_path: Path, state: SwapState
) -> None:
    made = kit.scene(tmp_path)

    receipt = commit.commit(made.order, kit.Memory(refuses=state), reserve=kit.NOTHING)

    assert not receipt.recorded
    assert made.visible() == {made.order.destination: made.order.result_sha256}
    store = kit.Memory()
    (recovered,) = recovery.recover(recovery.find_journals(made.root), store)
    assert recovered.receipt == dataclasses.replace(receipt, recorded=True)
    assert store.heard == [SwapState.DONE]
    made.assert_swapped()


def test_a_trash_on_another_filesystem_is_refused(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        made = kit.scene(tmp_path)
        far = trash.place(Path(elsewhere, "x.mkv"), Path(elsewhere), made.order.swap_id)
        order = dataclasses.replace(made.order, trash=far)

        refused(dataclasses.replace(made, order=order), TrashUnavailable)

        made.assert_untouched()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of 400 KB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    place = tmp_path / "small"
    place.mkdir()
    if os.system(f"mount -t tmpfs -o size=400k none '{place}'") != 0:
        pytest.skip("this machine cannot mount a tmpfs")
    yield place
    os.system(f"umount -l '{place}'")


def test_too_little_space_is_found_before_anything_is_written(small_disk: Path, tmp_path: Path) -> None:
    made = kit.scene(small_disk, scratch=tmp_path)

    with pytest.raises(NoSpace):
        commit.commit(made.order, kit.Memory(), reserve=Bytes(300_000))

    made.assert_untouched()


def test_a_disk_that_fills_up_at_any_step_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    for step in range(1, 46):
        made = kit.scene(small_disk / str(step), scratch=tmp_path / str(step))
        filler = small_disk / "filler"

        def fill(count: int, _name: str, _path: str, step: int = step, filler: Path = filler) -> None:
            if count == step:
                with filler.open("wb", buffering=0) as file:
                    while file.write(bytes(4096)):
                        pass

        code = kit.in_child(
            lambda made=made: commit.commit(made.order, kit.Memory(), reserve=kit.NOTHING),
            at_step=lambda *what: _ignoring_full(fill, *what),
        )
        assert made.visible() in (
            {made.order.original: made.original_sha256},
            {made.order.destination: made.order.result_sha256},
        )
        filler.unlink(missing_ok=True)
        recovery.recover(recovery.find_journals(made.root), kit.Memory())
        made.assert_untouched() if code else made.assert_swapped()
        os.system(f"rm -rf '{small_disk / str(step)}'")


def _ignoring_full(fill: kit.AtStep, count: int, name: str, path: str) -> None:
    try:
        fill(count, name, path)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


@pytest.mark.parametrize("how", ["read-only mount", "immutable folder"])
def test_a_folder_that_cannot_be_written_leaves_the_film_alone(tmp_path: Path, how: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder that root cannot write")
    made = kit.scene(tmp_path)
    folder = made.order.folder
    on, off = {
        "read-only mount": (
            f"mount --bind '{folder}' '{folder}' && mount -o remount,ro,bind '{folder}'",
            f"umount '{folder}'",
        ),
        "immutable folder": (f"chattr +i '{folder}'", f"chattr -i '{folder}'"),
    }[how]
    if os.system(f"({on}) 2>/dev/null") != 0:
        pytest.skip(f"this machine cannot make a {how}")
    try:
        refused(made, DestinationReadOnly)
    finally:
        os.system(off)

    made.assert_untouched()
