"""Undo: the original comes back as it was, or nothing happens and the reason is said."""

import os
from pathlib import Path

import pytest

from reencodarr.errors import DatabaseUnavailable, DestinationTaken, UndoRefused
from reencodarr.swap import commit, recovery, undo
from reencodarr.swap.order import SwapState
from tests.swap import kit


@pytest.mark.parametrize("other_extension", [False, True])
def test_the_original_comes_back_with_its_inode_and_times(tmp_path: Path, other_extension: bool) -> None:
    made = kit.scene(tmp_path, other_extension=other_extension)
    kit.swapped(made)
    store = kit.Memory()

    done = undo.undo(made.order, store)

    made.assert_untouched()
    status = made.order.original.stat()
    assert (status.st_ino, status.st_mtime_ns) == (made.order.fingerprint.inode, made.order.fingerprint.mtime_ns)
    assert done.bytes_more == kit.SIZE // 2
    assert store.heard == [SwapState.UNDOING, SwapState.UNDONE]


def test_a_film_can_be_swapped_again_after_an_undo(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    commit.commit(made.order, kit.Memory(), reserve=kit.NOTHING)
    undo.undo(made.order, kit.Memory())

    commit.commit(made.order, kit.Memory(), reserve=kit.NOTHING)

    made.assert_swapped()


def refused(made: kit.Scene, words: str) -> None:
    before = {path: path.read_bytes() for path in made.root.rglob("*") if path.is_file()}

    with pytest.raises(UndoRefused, match=words):
        undo.undo(made.order, kit.Memory())

    assert {path: path.read_bytes() for path in made.root.rglob("*") if path.is_file()} == before


def test_an_expired_original_cannot_come_back_and_the_film_stays(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)
    made.order.trash.unlink()

    refused(made, "expired or was deleted")


def test_another_file_in_the_trash_is_not_taken_for_the_original(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)
    made.order.trash.write_bytes(bytes(kit.SIZE))

    refused(made, "is not the original")


def test_a_film_that_was_tagged_since_is_not_our_result_any_more(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)
    status = made.order.destination.stat()
    with made.order.destination.open("r+b") as file:
        file.write(b"new tags")
    os.utime(made.order.destination, ns=(status.st_atime_ns, status.st_mtime_ns))

    refused(made, "replaced, changed or deleted")


def test_a_film_that_was_deleted_since_stays_deleted(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)
    made.order.destination.unlink()

    refused(made, "replaced, changed or deleted")


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)
    made.order.folder.rename(tmp_path / "elsewhere")

    refused(made, "is gone")


def test_another_file_under_the_originals_name_stays(tmp_path: Path) -> None:
    made = kit.scene(tmp_path, other_extension=True)
    kit.swapped(made)
    made.order.original.write_bytes(b"another film")

    with pytest.raises(DestinationTaken):
        undo.undo(made.order, kit.Memory())

    assert made.order.original.read_bytes() == b"another film"
    assert kit.digest(made.order.destination) == made.order.result_sha256
    assert made.trash() == made.kept


def test_an_open_swap_must_be_recovered_first(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    commit.commit(made.order, kit.Memory(refuses=SwapState.DONE), reserve=kit.NOTHING)

    refused(made, "still open")


def test_a_database_that_fails_before_leaves_the_result_in_place(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)

    with pytest.raises(DatabaseUnavailable):
        undo.undo(made.order, kit.Memory(refuses=SwapState.UNDOING))

    recovery.recover(recovery.find_journals(made.root), kit.Memory())
    made.assert_swapped()


def test_a_database_that_fails_afterwards_hears_of_it_at_the_next_start(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)

    undo.undo(made.order, kit.Memory(refuses=SwapState.UNDONE))

    store = kit.Memory()
    recovery.recover(recovery.find_journals(made.root), store)
    assert store.heard == [SwapState.UNDONE]
    made.assert_untouched()
