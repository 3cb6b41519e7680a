"""Every sight there can be, played through on a model: no film is lost, and being cut short changes nothing."""

import itertools
from dataclasses import dataclass

import pytest

from reencodarr.swap.order import SwapState
from reencodarr.swap.sight import Act, Outcome, Sight, Thing, Verdict, verdict

OPEN = (SwapState.PREPARED, SwapState.STAGED, SwapState.VERIFIED, SwapState.SWAPPED, SwapState.TRASHED)
UNFINISHED = (SwapState.PREPARED, SwapState.STAGED)


@dataclass
class Disk:
    """Four names and what lies under them; equal letters with equal numbers are one inode."""

    files: dict[str, tuple[Thing, int]]
    same_name: bool
    state: SwapState

    @property
    def sight(self) -> Sight:
        thing = {name: self.files.get(name, (Thing.NOTHING, 0))[0] for name in ("original", "part", "trash", "new")}
        return Sight(
            original=thing["original"],
            destination=thing["original"] if self.same_name else thing["new"],
            part=thing["part"],
            trash=thing["trash"],
            same_name=self.same_name,
            state=self.state,
        )

    def perform(self, act: Act) -> None:  # noqa: C901 - a table
        new = "original" if self.same_name else "new"
        match act:
            case Act.PART_TO_DESTINATION:
                self._move("part", new)
            case Act.PART_TO_ORIGINAL:
                self._move("part", "original")
            case Act.PART_TO_TRASH:
                self._move("part", "trash")
            case Act.TRASH_TO_ORIGINAL:
                self._move("trash", "original")
            case Act.DESTINATION_TO_PART:
                self._move(new, "part")
            case Act.EXCHANGE_PART:
                self._exchange("part", "original")
            case Act.EXCHANGE_TRASH:
                self._exchange("trash", "original")
            case Act.DISCARD_PART:
                self.files.pop("part", None)
            case Act.DISCARD_TRASH:
                self.files.pop("trash", None)
            case Act.DISCARD_TRASH_LINK:
                self._drop_link("trash", "original")
            case Act.DISCARD_PART_LINK:
                self._drop_link("part", new)

    def _move(self, source: str, target: str) -> None:
        assert target not in self.files, f"{source} would overwrite {target}"
        self.files[target] = self.files.pop(source)

    def _exchange(self, one: str, other: str) -> None:
        self.files[one], self.files[other] = self.files[other], self.files[one]

    def _drop_link(self, name: str, of: str) -> None:
        if name in self.files and self.files[name] == self.files.get(of):
            del self.files[name]

    def visible(self) -> list[Thing]:
        return [self.files[name][0] for name in ("original", "new") if name in self.files]


def disks(states: tuple[SwapState, ...]) -> list[Disk]:
    """All combinations of things under names; others' files differ, originals are one inode."""
    found = []
    things = list(Thing)
    for state, same_name in itertools.product(states, (True, False)):
        names = ("original", "part", "trash") + (() if same_name else ("new",))
        for combination in itertools.product(things, repeat=len(names)):
            files = {}
            for number, (name, thing) in enumerate(zip(names, combination, strict=True)):
                if thing is not Thing.NOTHING:
                    files[name] = (thing, number if thing is Thing.OTHER else 0)
            found.append(Disk(files=files, same_name=same_name, state=state))
    return found


def settled(disk: Disk, *, may_finish: bool = True) -> tuple[Disk, Verdict]:
    copy = Disk(files=dict(disk.files), same_name=disk.same_name, state=disk.state)
    found = verdict(disk.sight, may_finish=may_finish)
    for act in found.acts:
        copy.perform(act)
    return copy, found


def others(disk: Disk, part: tuple[Thing, int] | None) -> set[tuple[Thing, int]]:
    """Files that are somebody else's; `part` is ours, however incomplete or damaged."""
    return {file for file in disk.files.values() if file[0] is Thing.OTHER and file != part}


def own_part(disk: Disk) -> tuple[Thing, int] | None:
    """What has the part's name, unless an exchange of names can have put somebody else's file there.

    That takes a complete part, a film that keeps its name, and happens before anything is in the trash; and the
    original is then gone from its name.
    """
    sight = disk.sight
    exchanged = (
        disk.same_name
        and disk.state not in UNFINISHED
        and sight.trash is not Thing.ORIGINAL
        and sight.original is not Thing.ORIGINAL
    )
    return None if exchanged else disk.files.get("part")


def has(disk: Disk, thing: Thing) -> bool:
    return any(file[0] is thing for file in disk.files.values())


@pytest.mark.parametrize("may_finish", [True, False])
def test_no_original_is_ever_lost(may_finish: bool) -> None:
    for disk in disks((*OPEN, SwapState.UNDOING)):
        after, _ = settled(disk, may_finish=may_finish)

        assert has(after, Thing.ORIGINAL) == has(disk, Thing.ORIGINAL), disk


@pytest.mark.parametrize("may_finish", [True, False])
def test_nobody_elses_file_is_ever_lost(may_finish: bool) -> None:
    for disk in disks((*OPEN, SwapState.UNDOING)):
        part = own_part(disk)

        after, found = settled(disk, may_finish=may_finish)

        assert others(disk, part) == others(after, part), (disk, found)


def test_the_result_is_only_given_up_for_a_film_that_is_there() -> None:
    for disk in disks((*OPEN, SwapState.UNDOING)):
        after, found = settled(disk)
        if not has(disk, Thing.RESULT) or has(after, Thing.RESULT):
            continue
        deleted_by_others = disk.state in (SwapState.SWAPPED, SwapState.TRASHED, *UNFINISHED)

        assert after.visible() or deleted_by_others, (disk, found)


def test_before_the_result_was_visible_a_film_that_exists_is_visible_afterwards() -> None:
    for disk in disks((*UNFINISHED, SwapState.VERIFIED, SwapState.UNDOING)):
        after, found = settled(disk)
        if found.outcome is Outcome.STUCK or not (has(disk, Thing.ORIGINAL) or disk.visible()):
            continue

        assert after.visible(), (disk, found)


def test_never_are_original_and_result_both_visible() -> None:
    for disk in disks((*UNFINISHED, SwapState.VERIFIED, SwapState.UNDOING)):
        after, found = settled(disk)

        assert found.outcome is Outcome.STUCK or not {Thing.ORIGINAL, Thing.RESULT} <= set(after.visible()), disk


@pytest.mark.parametrize("may_finish", [True, False])
def test_a_recovery_that_is_cut_short_ends_as_one_that_is_not(may_finish: bool) -> None:
    for disk in disks((*OPEN, SwapState.UNDOING)):
        whole, found = settled(disk, may_finish=may_finish)
        for done in range(len(found.acts)):
            short = Disk(files=dict(disk.files), same_name=disk.same_name, state=disk.state)
            for act in found.acts[:done]:
                short.perform(act)
            again, second = settled(short, may_finish=may_finish)

            assert again.files == whole.files, (disk, found, done)
            assert second.outcome is found.outcome, (disk, found, done)


def test_a_recovery_that_is_repeated_changes_nothing() -> None:
    for disk in disks((*OPEN, SwapState.UNDOING)):
        once, found = settled(disk)
        twice, again = settled(once)

        assert twice.files == once.files, (disk, found)
        assert again.outcome is found.outcome, (disk, found)
