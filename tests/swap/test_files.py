"""The promises of the single file operations."""

import os
import tempfile
from pathlib import Path

import pytest

from reencodarr.swap import files
from tests.swap import kit

OURS = ".reencodarr-0123456789abcdef0123456789abcdef.part"


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    path = tmp_path / OURS
    path.write_bytes(b"ours")
    return path


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mkv"
    path.write_bytes(b"film")
    return path


def test_a_visible_name_cannot_be_deleted(film: Path) -> None:
    with pytest.raises(ValueError, match="never deleted"):
        files.discard(film)

    assert film.read_bytes() == b"film"


def test_a_visible_name_cannot_be_renamed_over_another(tmp_path: Path, film: Path) -> None:
    other = tmp_path / "other.mkv"
    other.write_bytes(b"other")

    with pytest.raises(ValueError, match="never deleted"):
        files.rename_over(film, other)

    assert (film.read_bytes(), other.read_bytes()) == (b"film", b"other")


def test_what_is_ours_is_deleted_and_may_be_again(ours: Path) -> None:
    files.discard(ours)
    files.discard(ours)

    assert not ours.exists()


def test_a_second_name_is_only_deleted_while_the_first_is_there(tmp_path: Path, ours: Path, film: Path) -> None:
    assert not files.discard_second_name(ours, film)
    assert ours.exists()
    files.discard(ours)
    ours.hardlink_to(film)

    assert files.discard_second_name(ours, film)
    assert film.read_bytes() == b"film"
    assert not files.discard_second_name(ours, tmp_path / "nothing")


REFUSALS = {
    "all there": {"links": False, "renameat2": False},
    "no exclusive rename": {"links": False, "renameat2": True},
    "neither": {"links": True, "renameat2": True},
}


@pytest.mark.parametrize("how", REFUSALS)
def test_moving_in_never_overwrites(ours: Path, film: Path, how: str) -> None:
    refusals = kit.Refusals(**REFUSALS[how])

    def work() -> None:
        refusals.begin()
        with pytest.raises(FileExistsError):
            files.move_in(ours, film)

    assert kit.in_child(work) == 0
    assert (ours.read_bytes(), film.read_bytes()) == (b"ours", b"film")


@pytest.mark.parametrize("how", REFUSALS)
def test_moving_in_takes_a_free_name(tmp_path: Path, ours: Path, how: str) -> None:
    refusals = kit.Refusals(**REFUSALS[how])

    def work() -> None:
        refusals.begin()
        files.move_in(ours, tmp_path / "free.mkv")

    assert kit.in_child(work) == 0
    assert (tmp_path / "free.mkv").read_bytes() == b"ours"
    assert not ours.exists()


@pytest.mark.parametrize("how", REFUSALS)
def test_moving_aside_never_overwrites(ours: Path, film: Path, how: str) -> None:
    refusals = kit.Refusals(**REFUSALS[how])

    def work() -> None:
        refusals.begin()
        with pytest.raises(FileExistsError):
            files.move_aside(film, ours)

    assert kit.in_child(work) == 0
    assert (ours.read_bytes(), film.read_bytes()) == (b"ours", b"film")


def test_an_exchange_gives_both_the_others_name(ours: Path, film: Path) -> None:
    assert files.exchange(ours, film)

    assert (ours.read_bytes(), film.read_bytes()) == (b"film", b"ours")


def test_a_filesystem_without_exchange_says_so_and_nothing_happens(ours: Path, film: Path) -> None:
    refusals = kit.Refusals(links=False, renameat2=True)

    def work() -> None:
        refusals.begin()
        assert not files.exchange(ours, film)

    assert kit.in_child(work) == 0
    assert (ours.read_bytes(), film.read_bytes()) == (b"ours", b"film")


def test_linking_does_not_follow_and_does_not_overwrite(tmp_path: Path, ours: Path, film: Path) -> None:
    with pytest.raises(FileExistsError):
        files.link_no_overwrite(film, ours)
    files.link_no_overwrite(film, tmp_path / "second")
    files.link_no_overwrite(film, tmp_path / "second")

    assert film.stat().st_nlink == 2


def test_a_copy_is_whole_and_hashed_and_never_overwrites(tmp_path: Path, ours: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(3 * files.BLOCK // 2))
    target = tmp_path / "target"
    heard: list[int] = []

    digest = files.copy_durably(source, target, on_bytes=heard.append)

    assert digest == kit.digest(source) == kit.digest(target)
    assert heard == [files.BLOCK, 3 * files.BLOCK // 2]
    with pytest.raises(FileExistsError):
        files.copy_durably(source, ours, on_bytes=heard.append)
    assert ours.read_bytes() == b"ours"


def test_a_small_file_is_written_whole_or_not_at_all(ours: Path) -> None:
    for step in range(1, 6):
        code = kit.in_child(lambda: files.write_durably(ours, b"new words"), at_step=kit.kill_at(step))

        assert code == -9
        assert ours.read_bytes() == (b"ours" if step < 5 else b"new words")


def test_two_bind_mounts_of_one_disk_are_two_mounts(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    assert files.same_mount(one, other)
    if os.geteuid() != 0 or os.system(f"mount --bind '{one}' '{other}' 2>/dev/null") != 0:
        pytest.skip("this needs the right to mount")
    try:
        assert one.stat().st_dev == other.stat().st_dev
        assert not files.same_mount(one, other)
    finally:
        os.system(f"umount '{other}'")


def test_another_filesystem_is_another_mount(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        assert not files.same_mount(tmp_path, Path(elsewhere))
