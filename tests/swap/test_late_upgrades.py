"""Another program replaces the film while it is swapped, at every step there is: what it brought is never lost."""

import os
import tempfile
from pathlib import Path

import pytest

from reencodarr.swap import commit, undo
from tests.swap import kit
from tests.swap.test_crashes import VARIANTS, Run, run_of, steps

UPGRADE = b"a better release " * 1000


def upgraded_at(run: Run, step: int, target: Path) -> int:
    """Let a download manager rename its new file over `target` before that step; the child's exit code."""
    incoming = run.scene.root / "incoming"
    incoming.write_bytes(UPGRADE)
    arrived = run.store.path.with_name("arrived")

    def at_step(count: int, name: str, path: str) -> None:
        if count == step:
            incoming.replace(target)
            arrived.write_text(f"{name} {Path(path).suffix}")

    code = kit.in_child(run.work, at_step=at_step)
    assert arrived.exists()
    return code


def outcome(name: str, step: int, target: str) -> tuple[bool, str]:
    """Whether the upgrade is still under its name after that, and at which step it came."""
    with run_of(VARIANTS[name]) as run:
        order = run.scene.order
        path = order.original if target == "original" else order.destination
        upgraded_at(run, step, path)
        at = run.store.path.with_name("arrived").read_text()
        assert kit.in_child(run.recover) == 0
        leftovers = [entry for entry in run.scene.of_ours() if not entry.endswith(".json")]
        assert leftovers == []
        there = path.exists() and path.read_bytes() == UPGRADE
        everywhere = [entry.read_bytes() for entry in run.scene.root.rglob("*") if entry.is_file()]
        assert not there or run.scene.visible()[path] == kit.digest(path)
        return there and UPGRADE in everywhere, at


SAFE = [name for name, how in VARIANTS.items() if (how.renameat2 or how.other_extension) and not how.copied]
MOMENT = {
    "same-name-without-exchange": {"original": "rename over", "destination": "rename over"},
    "same-name-with-neither": {"original": "plain rename", "destination": "plain rename"},
}
"""Where one moment is left between the last look and a plain rename, as `visible` and `files.move_in` say."""


def moment(name: str, target: str) -> str:
    """The step just before which an upgrade of `target` would be overwritten; empty where there is none."""
    direction, _, way = name.partition("-")
    if way == "other-extension-with-neither":  # the name that the film is about to get
        return "plain rename" if (direction == "swap") == (target == "destination") else ""
    return MOMENT.get(way, {}).get(target, "")


@pytest.mark.parametrize("name", SAFE)
def test_an_upgrade_that_arrives_around_the_visible_step_is_kept(name: str) -> None:
    middle = 6 if VARIANTS[name].undo else 25

    for step in range(middle, middle + 3):
        there, at = outcome(name, step, "destination" if VARIANTS[name].undo else "original")
        assert there, at


@pytest.mark.slow
@pytest.mark.parametrize("target", ["original", "destination"])
@pytest.mark.parametrize("name", [name for name, how in VARIANTS.items() if not how.copied])
def test_an_upgrade_that_arrives_at_any_step_is_kept_but_for_the_moment_we_admit(name: str, target: str) -> None:
    lost = []
    for step in range(1, steps(name) + 1):
        there, at = outcome(name, step, target)
        if not there:
            lost.append(at.rpartition(" ")[0])

    # Where a plain rename follows a check, the hidden journal's own renames are no danger to the film.
    assert lost == ([moment(name, target)] if moment(name, target) else [])


def test_an_original_that_an_upgrade_replaced_meanwhile_is_reported_as_changed() -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = kit.scene(Path(folder))
        upgrade = made.root / "incoming"
        upgrade.write_bytes(UPGRADE)
        answer = Path(folder, "answer")

        def work() -> None:
            try:
                commit.commit(made.order, kit.Memory(), reserve=kit.NOTHING)
            except Exception as error:  # noqa: BLE001 - its name is the answer
                answer.write_text(type(error).__name__)

        def at_step(_count: int, step: str, _path: str) -> None:
            if step == "exchange" and upgrade.exists():
                upgrade.replace(made.order.original)

        kit.in_child(work, at_step=at_step)

        assert answer.read_text() == "OriginalChanged"
        assert made.visible() == {made.order.original: kit.digest(made.order.original)}
        assert made.order.original.read_bytes() == UPGRADE
        assert (made.of_ours(), made.trash()) == ([], {})


@pytest.mark.parametrize("name", SAFE)
def test_a_kill_right_after_an_upgrade_was_caught_loses_neither(name: str) -> None:
    """The upgrade arrives just before the name changes hands, and every step after that is the last one."""
    variant = VARIANTS[name]
    caught = {"exchange", "move aside"}
    for after in (1, 3):
        with run_of(variant) as run:
            order = run.scene.order
            target = order.destination if variant.undo else order.original
            incoming = run.scene.root / "incoming"
            incoming.write_bytes(UPGRADE)
            arrived: list[int] = []

            def at_step(
                count: int,
                step: str,
                _path: str,
                arrived: list[int] = arrived,
                incoming: Path = incoming,
                target: Path = target,
                after: int = after,
            ) -> None:
                if step in caught and not arrived:
                    incoming.replace(target)
                    arrived.append(count)
                if arrived and count == arrived[0] + after:
                    os.kill(os.getpid(), 9)

            kit.in_child(run.work, at_step=at_step)
            assert kit.in_child(run.recover) == 0

            assert target.read_bytes() == UPGRADE
            assert [entry for entry in run.scene.of_ours() if not entry.endswith(".json")] == []
            if variant.undo:
                assert run.scene.trash() == run.scene.kept


def test_an_undo_leaves_a_later_upgrade_alone(tmp_path: Path) -> None:
    made = kit.scene(tmp_path)
    kit.swapped(made)
    made.order.destination.write_bytes(UPGRADE)

    with pytest.raises(undo.UndoRefused, match="was replaced, changed or deleted since"):
        undo.undo(made.order, kit.Memory())

    assert made.order.destination.read_bytes() == UPGRADE
    assert made.trash() == made.kept
    assert made.of_ours() == []
