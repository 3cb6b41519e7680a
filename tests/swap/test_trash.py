"""Where originals go, and the only way in which one is ever deleted."""

import dataclasses
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reencodarr.errors import TrashUnavailable
from reencodarr.swap import guard, trash, undo
from reencodarr.swap.order import SwapOrder, SwapState, in_trash
from tests.swap import kit

SWAP_ID = "0123456789abcdef0123456789abcdef"
NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=31)


def test_the_trash_is_at_the_root_and_its_names_are_no_media(tmp_path: Path) -> None:
    film = tmp_path / "Show" / "Season 1" / "e1.mkv"
    film.parent.mkdir(parents=True)

    place = trash.place(film, tmp_path, SWAP_ID)

    assert place == tmp_path / ".reencodarr" / "trash" / f"{SWAP_ID}.orig"
    assert place.parent.is_dir()
    assert in_trash(place)


def mounted(command: str) -> None:
    if os.geteuid() != 0 or os.system(f"({command}) 2>/dev/null") != 0:
        pytest.skip("this needs the right to mount")


@pytest.mark.parametrize("kind", ["another filesystem", "a bind mount of the same one"])
def test_a_film_on_another_mount_below_the_root_is_kept_there(tmp_path: Path, kind: str) -> None:
    root, far, other = tmp_path / "library", tmp_path / "library" / "far", tmp_path / "other"
    far.mkdir(parents=True)
    other.mkdir()
    mounted(f"mount -t tmpfs none '{far}'" if kind == "another filesystem" else f"mount --bind '{other}' '{far}'")
    try:
        (far / "Films").mkdir()

        place = trash.place(far / "Films" / "film.mkv", root, SWAP_ID)

        assert place.parent == far / ".reencodarr" / "trash"
        assert not (root / ".reencodarr").exists()
    finally:
        os.system(f"umount '{far}'")


def test_a_root_that_cannot_be_written_is_passed_over(tmp_path: Path) -> None:
    root, below = tmp_path / "library", tmp_path / "library" / "writable"
    below.mkdir(parents=True)
    mounted(f"chattr +i '{root}'")
    try:
        assert trash.place(below / "film.mkv", root, SWAP_ID).parent == below / ".reencodarr" / "trash"
    finally:
        os.system(f"chattr -i '{root}'")


def test_no_place_at_all_is_a_named_failure(tmp_path: Path) -> None:
    mounted(f"chattr +i '{tmp_path}'")
    try:
        with pytest.raises(TrashUnavailable, match="write access"):
            trash.place(tmp_path / "film.mkv", tmp_path, SWAP_ID)
    finally:
        os.system(f"chattr -i '{tmp_path}'")


def test_a_film_outside_the_library_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrashUnavailable):
        trash.place(Path("/elsewhere/film.mkv"), tmp_path, SWAP_ID)


def test_an_expired_original_is_deleted_and_its_bytes_are_counted(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)

    expiry = trash.expire(made.order, SwapState.DONE, LATER)

    assert expiry == trash.Expiry(deleted=True, freed=kit.Bytes(kit.SIZE))
    assert made.trash() == {}
    assert made.visible() == {made.order.destination: made.order.result_sha256}


def test_expiring_twice_frees_nothing_more(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)
    trash.expire(made.order, SwapState.DONE, LATER)

    expiry = trash.expire(made.order, SwapState.DONE, LATER)

    assert (expiry.deleted, expiry.freed, expiry.reason) == (False, 0, "it is gone")


def test_an_original_with_another_hard_link_frees_nothing(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    seed = tmp_path / "seeding.mkv"
    seed.hardlink_to(made.order.original)
    kit.swapped(made)

    expiry = trash.expire(made.order, SwapState.DONE, LATER)

    assert (expiry.deleted, expiry.freed) == (True, 0)
    assert kit.digest(seed) == made.original_sha256


def test_the_original_of_a_film_that_was_renamed_since_expires_too(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)
    folder = made.order.folder.rename(made.root / "Film (1999) [better]")
    film = (folder / made.order.destination.name).rename(folder / "Film.mkv")

    assert trash.expire(made.order, SwapState.DONE, LATER, film=film).deleted
    assert kit.digest(film) == made.order.result_sha256


def kept(made: kit.Scene, state: SwapState, now: datetime, *, order: SwapOrder | None = None) -> str:
    before = made.trash()

    expiry = trash.expire(order or made.order, state, now)

    assert (expiry.deleted, expiry.freed) == (False, 0)
    assert made.trash() == before
    return expiry.reason


def test_an_original_is_kept_until_its_time_is_over(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)

    assert "kept until" in kept(made, SwapState.DONE, NOW)


@pytest.mark.parametrize("state", sorted(set(SwapState) - {SwapState.DONE, SwapState.TRASHED, SwapState.ROLLED_BACK}))
def test_the_original_of_an_open_or_undone_swap_is_kept(tmp_path: Path, state: SwapState) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)

    assert state in kept(made, state, LATER)


def test_the_only_copy_of_a_film_is_kept(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)
    made.order.destination.unlink()

    assert "only copy" in kept(made, SwapState.DONE, LATER)


def test_an_empty_file_under_the_films_name_is_no_film(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)
    made.order.destination.write_bytes(b"")

    assert "only copy" in kept(made, SwapState.DONE, LATER)


def test_a_missing_mount_expires_nothing(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)
    made.order.folder.rename(tmp_path / "unmounted")

    assert "only copy" in kept(made, SwapState.DONE, LATER)


def test_another_file_in_the_trash_is_kept(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)
    made.order.trash.write_bytes(bytes(kit.SIZE))

    assert "not the file" in kept(made, SwapState.DONE, LATER)


def test_a_folder_in_which_a_swap_is_under_way_expires_nothing(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)

    with guard.alone_in(made.order.folder, wait=True):
        assert "under way" in kept(made, SwapState.DONE, LATER)


def test_nothing_outside_a_trash_can_even_be_named(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)

    with pytest.raises(ValueError, match="no trash"):
        dataclasses.replace(made.order, trash=made.order.folder / f"{made.order.swap_id}.orig")


def test_after_the_expiry_an_undo_says_so(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)
    trash.expire(made.order, SwapState.DONE, LATER)

    with pytest.raises(undo.UndoRefused, match="expired"):
        undo.undo(made.order, kit.Memory())
