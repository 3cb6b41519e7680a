"""The power goes at every step: an ext4 image is shut down by its own ioctl, mounted again, and recovered.

SIGKILL leaves the kernel's caches; this loses everything that was not fsynced, as a real power loss does, and so
proves the fsyncs. The ioctl is what the filesystem developers' own crash tests use. Root only.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reencodarr.swap import commit, undo
from reencodarr.swap.order import SwapState
from tests.swap import kit

GOING_DOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN"""
NO_LOG_FLUSH = struct.pack("I", 2)


def power_off(mount: int) -> None:
    """Lose what the disk does not have, and die."""
    fcntl.ioctl(mount, GOING_DOWN, NO_LOG_FLUSH)
    os.kill(os.getpid(), 9)


@contextmanager
def disk(folder: Path) -> Iterator[Path]:
    image, mount = folder / "disk.img", folder / "disk"
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(16 * 2**20)
    if os.geteuid() != 0 or os.system(f"mkfs.ext4 -q -F '{image}' 2>/dev/null && mount -o loop '{image}' '{mount}'"):
        pytest.skip("this needs root, mkfs.ext4 and loop devices")
    try:
        yield mount
    finally:
        os.system(f"umount '{mount}'")
        image.unlink()


def mount_again(folder: Path) -> None:
    assert os.system(f"umount '{folder / 'disk'}' && mount -o loop '{folder / 'disk.img'}' '{folder / 'disk'}'") == 0


def lose_power(
    folder: Path,
    mount: Path,
    at: int,
    *,
    other_extension: bool = False,
    undoing: bool = False,
    renameat2: bool = True,
    fresh: bool = False,
) -> bool:
    """One swap or undo with a power loss before that step; whether it got so far.

    A `fresh` result is on the same disk, where it will be linked, and no program has flushed it.
    """
    scratch = mount / f"scratch-{at}" if fresh else folder / f"scratch-{at}"
    made = kit.scene(mount / f"{at}", scratch=scratch, other_extension=other_extension)
    store = kit.Notebook(folder / f"notebook-{at}")
    if undoing:
        kit.swapped(made)
    os.sync()
    if fresh:
        content = made.order.result.read_bytes()
        made.order.result.unlink()
        made.order.result.write_bytes(content)
    handle = os.open(mount, os.O_RDONLY | os.O_DIRECTORY)
    refusals = kit.Refusals(links=False, renameat2=not renameat2)

    def work() -> None:
        refusals.begin()
        if undoing:
            undo.undo(made.order, store)
        else:
            commit.commit(made.order, store, reserve=kit.NOTHING)

    try:
        code = kit.in_child(work, at_step=lambda count, *_: power_off(handle) if count == at else None)
    finally:
        os.close(handle)
    if code == 0:
        return False
    assert code == -9
    mount_again(folder)
    everywhere = [kit.digest(path) for path in made.root.rglob("*") if path.is_file()]
    assert made.original_sha256 in everywhere
    whole = ({made.order.original: made.original_sha256}, {made.order.destination: made.order.result_sha256})
    assert made.visible() in ((*whole, {}) if other_extension else whole)
    kit.recover(made, store)
    state = store.last() or (SwapState.DONE if undoing else SwapState.ROLLED_BACK)
    made.assert_swapped() if state is SwapState.DONE else made.assert_untouched()
    return True


@pytest.mark.slow
@pytest.mark.parametrize("renameat2", [True, False])
@pytest.mark.parametrize("undoing", [False, True])
@pytest.mark.parametrize("other_extension", [False, True])
def test_a_power_loss_at_every_step_loses_nothing(
    tmp_path: Path, other_extension: bool, undoing: bool, renameat2: bool
) -> None:
    with disk(tmp_path) as mount:
        at = 1
        while lose_power(tmp_path, mount, at, other_extension=other_extension, undoing=undoing, renameat2=renameat2):
            at += 1
        assert at > 15


def test_a_power_loss_around_the_visible_step_loses_nothing(tmp_path: Path) -> None:
    with disk(tmp_path) as mount:
        for at in (15, 25, 26, 27, 33, 40):
            assert lose_power(tmp_path, mount, at)


def test_a_result_that_nobody_flushed_is_flushed_before_it_is_shown(tmp_path: Path) -> None:
    with disk(tmp_path) as mount:
        for at in (26, 27, 32, 35):
            assert lose_power(tmp_path, mount, at, fresh=True)


def test_the_power_loss_is_a_real_one(tmp_path: Path) -> None:
    """What was not fsynced is gone, else the tests above would prove nothing."""
    with disk(tmp_path) as mount:
        (mount / "forgotten").write_bytes(b"words")
        handle = os.open(mount, os.O_RDONLY | os.O_DIRECTORY)
        try:
            kit.in_child(lambda: power_off(handle))
        finally:
            os.close(handle)
        mount_again(tmp_path)

        forgotten = mount / "forgotten"
        assert not forgotten.exists() or forgotten.read_bytes() == b""
