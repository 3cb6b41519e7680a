"""What a start makes of open swaps, beside the kills: renamed folders, damaged journals, other processes, bad disks."""

import dataclasses
import errno
import os
from pathlib import Path

import pytest

from reencodarr.errors import DatabaseUnavailable
from reencodarr.swap import commit, guard, journal, recovery, undo
from reencodarr.swap.order import SwapState
from reencodarr.swap.recovery import Outcome
from tests.swap import kit


def killed(made: kit.Scene, step: str, *, undoing: bool = False) -> kit.Scene:
    """A scene whose swap (or undo) died just before its first step of that name."""
    work = undo.undo if undoing else lambda order, store: commit.commit(order, store, reserve=kit.NOTHING)
    code = kit.in_child(
        lambda: work(made.order, kit.Memory()),
        at_step=lambda _n, name, _p: os.kill(os.getpid(), 9) if name == step else None,
    )
    assert code == -9
    return made


def test_a_swap_that_died_before_it_was_visible_is_rolled_back(tmp_path: Path) -> None:
    made = killed(kit.scene(tmp_path), "exchange")
    store = kit.Memory()

    (recovered,) = recovery.recover(recovery.find_journals(made.root), store)

    assert recovered.outcome is Outcome.ROLLED_BACK
    assert recovered.receipt is None
    assert store.heard == [SwapState.ROLLED_BACK]
    made.assert_untouched()


def test_a_swap_that_died_after_it_was_visible_is_finished_with_its_receipt(tmp_path: Path) -> None:
    made = killed(kit.scene(tmp_path), "move aside")
    store = kit.Memory()

    (recovered,) = recovery.recover(recovery.find_journals(made.root), store)

    assert recovered.outcome is Outcome.FINISHED
    assert recovered.receipt is not None
    assert recovered.receipt.size_after == kit.SIZE // 2
    assert store.heard == [SwapState.DONE]
    made.assert_swapped()


def test_a_swap_that_died_in_the_gap_between_two_names_is_finished(tmp_path: Path) -> None:
    made = killed(kit.scene(tmp_path, other_extension=True), "move in")
    assert made.visible() == {}

    (recovered,) = recovery.recover(recovery.find_journals(made.root), kit.Memory())

    assert recovered.outcome is Outcome.FINISHED
    made.assert_swapped()


def test_a_damaged_part_in_the_gap_brings_the_original_back(tmp_path: Path) -> None:
    made = killed(kit.scene(tmp_path, other_extension=True), "move in")
    with made.order.part.open("r+b") as file:
        file.write(b"rot")

    (recovered,) = recovery.recover(recovery.find_journals(made.root), kit.Memory())

    assert recovered.outcome is Outcome.ROLLED_BACK
    made.assert_untouched()


def test_an_undo_that_died_in_the_gap_is_finished(tmp_path: Path) -> None:
    made = kit.scene(tmp_path, other_extension=True)
    kit.swapped(made)
    killed(made, "move in", undoing=True)
    assert made.visible() == {}
    store = kit.Memory()

    (recovered,) = recovery.recover(recovery.find_journals(made.root), store)

    assert recovered.outcome is Outcome.UNDONE
    assert store.heard == [SwapState.UNDONE]
    made.assert_untouched()


def test_an_undo_that_died_before_it_was_visible_did_not_happen(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)
    killed(made, "exchange", undoing=True)
    store = kit.Memory()

    (recovered,) = recovery.recover(recovery.find_journals(made.root), store)

    assert recovered.outcome is Outcome.UNDO_DROPPED
    assert store.heard == [SwapState.DONE]
    made.assert_swapped()


def test_the_database_alone_is_enough_to_find_a_swap(tmp_path: Path) -> None:
    made = killed(kit.scene(tmp_path), "move aside")

    recovered = recovery.recover_order(made.order, SwapState.VERIFIED, kit.Memory())

    assert recovered.outcome is Outcome.FINISHED
    made.assert_swapped()


def test_a_lost_journal_file_is_made_up_for_by_the_database(tmp_path: Path) -> None:
    made = killed(kit.scene(tmp_path), "move aside")
    made.order.journal.unlink()

    recovered = recovery.recover_order(made.order, SwapState.SWAPPED, kit.Memory())

    assert recovered.outcome is Outcome.FINISHED
    made.assert_swapped()


def test_a_closed_swap_is_not_touched_again_but_has_its_receipt(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    done = kit.swapped(made)
    store = kit.Memory()

    recovered = recovery.recover_order(made.order, SwapState.DONE, store)

    assert recovered.outcome is Outcome.FINISHED
    assert recovered.receipt == done
    assert store.heard == []
    made.assert_swapped()


def test_a_database_that_fails_during_recovery_hears_of_it_at_the_next(tmp_path: Path) -> None:
    made = killed(kit.scene(tmp_path), "move aside")

    with pytest.raises(DatabaseUnavailable):
        recovery.recover(recovery.find_journals(made.root), kit.Memory(refuses=SwapState.DONE))

    store = kit.Memory()
    recovery.recover(recovery.find_journals(made.root), store)
    assert store.heard == [SwapState.DONE]
    made.assert_swapped()


def test_a_folder_that_was_renamed_meanwhile_is_recovered_where_it_is_now(tmp_path: Path) -> None:
    made = killed(kit.scene(tmp_path), "move aside")
    there = made.order.folder.rename(made.root / "Film (1999) [better]")

    (recovered,) = recovery.recover(recovery.find_journals(made.root), kit.Memory())

    assert recovered.outcome is Outcome.FINISHED
    assert kit.digest(there / made.order.destination.name) == made.order.result_sha256
    assert made.trash() == made.kept
    assert [path.name for path in there.iterdir() if path.name.startswith(".")] == []


def test_a_copied_folder_with_a_journal_is_left_alone(tmp_path: Path) -> None:
    made = killed(kit.scene(tmp_path), "move aside")
    copied = made.root / "copied"
    copied.mkdir()
    stray = copied / made.order.journal.name
    stray.write_bytes(made.order.journal.read_bytes())

    (recovered,) = recovery.recover([stray], kit.Memory())

    assert recovered.outcome is Outcome.STUCK
    assert stray.exists()


def test_a_missing_mount_is_no_reason_to_forget_a_swap(tmp_path: Path) -> None:
    made = killed(kit.scene(tmp_path), "move aside")
    made.order.folder.rename(tmp_path / "unmounted")
    store = kit.Memory()

    recovered = recovery.recover_order(made.order, SwapState.VERIFIED, store)

    assert recovered.outcome is Outcome.STUCK
    assert store.heard == []


def test_a_damaged_journal_is_named_and_does_not_stop_the_others(tmp_path: Path) -> None:
    good = killed(kit.scene(tmp_path / "good"), "move aside")
    bad = killed(kit.scene(tmp_path / "bad", seed=2), "move aside")
    bad.order.journal.write_bytes(b"{")
    before = sorted(path.name for path in bad.root.rglob("*"))

    stuck, recovered = recovery.recover([bad.order.journal, good.order.journal], kit.Memory())

    assert stuck.outcome is Outcome.STUCK
    assert "damaged" in stuck.words
    assert sorted(path.name for path in bad.root.rglob("*")) == before
    assert recovered.outcome is Outcome.FINISHED
    good.assert_swapped()


def test_a_swap_that_another_process_works_on_is_left_alone(tmp_path: Path) -> None:
    made = killed(kit.scene(tmp_path), "move aside")

    with guard.alone_in(made.order.folder, wait=True):
        (recovered,) = recovery.recover([made.order.journal], kit.Memory())

    assert recovered.outcome is Outcome.STUCK
    assert "another process" in recovered.words


def test_a_first_journal_that_was_never_finished_is_swept(tmp_path: Path) -> None:
    made = killed(kit.scene(tmp_path), "rename over")
    assert made.of_ours() == [made.order.journal.name + ".new"]

    (recovered,) = recovery.recover(recovery.find_journals(made.root), kit.Memory())

    assert recovered.outcome is Outcome.ROLLED_BACK
    made.assert_untouched()


def test_journals_are_found_anywhere_but_in_the_trash(tmp_path: Path) -> None:
    made = killed(kit.scene(tmp_path), "move aside")
    (made.order.trash.parent / made.order.journal.name).write_bytes(b"{}")
    (made.order.folder / ".reencodarr-notes.json").write_bytes(b"{}")

    assert list(recovery.find_journals(made.root)) == [made.order.journal]


def test_somebody_elses_file_under_the_films_name_is_never_overwritten(tmp_path: Path) -> None:
    made = killed(kit.scene(tmp_path, other_extension=True), "move in")
    made.order.original.write_bytes(b"a new release")
    store = kit.Memory()

    (recovered,) = recovery.recover(recovery.find_journals(made.root), store)

    assert recovered.outcome is Outcome.ROLLED_BACK
    assert made.visible() == {made.order.original: kit.digest(made.order.original)}
    assert made.order.original.read_bytes() == b"a new release"
    assert made.trash() == made.kept


@pytest.mark.parametrize(
    "error",
    [
        errno.EIO,
        pytest.param(errno.ENOSPC, marks=pytest.mark.slow),
        pytest.param(errno.EROFS, marks=pytest.mark.slow),
    ],
)
def test_an_io_error_at_any_step_leaves_a_visible_film_and_the_next_start_settles_it(
    tmp_path: Path, error: int
) -> None:
    for step in range(1, 43):
        made = kit.scene(tmp_path / f"{error}-{step}", other_extension=step % 2 == 0)

        def at_step(count: int, _name: str, path: str, step: int = step) -> None:
            if count == step:
                raise OSError(error, os.strerror(error), path)

        kit.in_child(lambda made=made: commit.commit(made.order, kit.Memory(), reserve=kit.NOTHING), at_step=at_step)

        assert made.visible() in (
            {made.order.original: made.original_sha256},
            {made.order.destination: made.order.result_sha256},
        )
        recovery.recover(recovery.find_journals(made.root), kit.Memory())
        swapped = made.order.trash.exists()
        made.assert_swapped() if swapped else made.assert_untouched()


def test_the_label_in_the_trash_is_the_order(tmp_path: Path) -> None:
    made = kit.scene(tmp_path, name=b"Film \xff.mkv")
    kit.swapped(made)

    entry = journal.read(made.order.label)

    assert entry == journal.Entry(order=made.order, state=SwapState.DONE)
    undo.undo(dataclasses.replace(entry.order), kit.Memory())
    made.assert_untouched()
