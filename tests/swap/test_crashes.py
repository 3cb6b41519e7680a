"""SIGKILL at every step and at random moments: the film is always there and whole, and the next start puts it right.

Each kill is a forked child that really dies. The quick run takes some steps of every variant; the slow one all.
"""

import functools
import logging
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reencodarr.swap import commit, undo
from reencodarr.swap.order import CLOSED, SwapState
from tests.swap import kit

log = logging.getLogger(__name__)

SHM = Path("/dev/shm")
KILLED = -9


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way in which a swap or an undo can go."""

    undo: bool = False
    other_extension: bool = False
    links: bool = True
    renameat2: bool = True
    copied: bool = False
    """The result lies on another filesystem."""

    @property
    def has_gap(self) -> bool:
        """Whether the film has no name for a moment, by design."""
        return self.other_extension or not (self.links or self.renameat2)


VARIANTS = {
    f"{'undo' if undoing else 'swap'}-{name}": Variant(undo=undoing, **how)
    for undoing in (False, True)
    for name, how in {
        "same-name": {},
        "same-name-without-exchange": {"renameat2": False},
        "same-name-without-links": {"links": False},
        "same-name-with-neither": {"links": False, "renameat2": False},
        "other-extension": {"other_extension": True},
        "other-extension-without-exchange": {"other_extension": True, "renameat2": False},
        "other-extension-with-neither": {"other_extension": True, "links": False, "renameat2": False},
        "copied": {"copied": True},
    }.items()
    if not (undoing and name == "copied")
}


class Run:
    """One scene of a variant, and the children that work on it."""

    def __init__(self, variant: Variant, folder: Path, scratch: Path) -> None:
        self.variant = variant
        self.store = kit.Notebook(folder / "notebook")
        self.scene = kit.scene(folder, scratch=scratch, other_extension=variant.other_extension)
        if variant.undo:
            kit.swapped(self.scene)

    def work(self) -> None:
        self._refuse()
        if self.variant.undo:
            undo.undo(self.scene.order, self.store)
        else:
            commit.commit(self.scene.order, self.store, reserve=kit.NOTHING)

    def recover(self) -> None:
        self._refuse()
        kit.recover(self.scene, self.store)

    def _refuse(self) -> None:
        if not (self.variant.links and self.variant.renameat2):
            kit.Refusals(links=not self.variant.links, renameat2=not self.variant.renameat2).begin()

    def assert_whole_now(self) -> None:
        """Before any recovery: one visible name, whole; or, by design for a moment, none; the original is there."""
        order, scene = self.scene.order, self.scene
        allowed = [{order.original: scene.original_sha256}, {order.destination: order.result_sha256}]
        assert scene.visible() in ([*allowed, {}] if self.variant.has_gap else allowed)
        everywhere = [path for path in scene.root.rglob("*") if path.is_file()]
        assert scene.original_sha256 in [kit.digest(path) for path in everywhere]
        scene.assert_bystanders()

    def assert_settled(self) -> None:
        """After recovery: one of the two ends, nothing of ours left over, and the database knows which."""
        state = self.store.last()
        if state is None:
            state = SwapState.DONE if self.variant.undo else SwapState.ROLLED_BACK
        assert state in CLOSED
        if state is SwapState.DONE:
            self.scene.assert_swapped()
        else:
            self.scene.assert_untouched()


@contextmanager
def run_of(variant: Variant) -> Iterator[Run]:
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory(dir=SHM if variant.copied else None) as scratch,
    ):
        yield Run(variant, Path(folder), Path(scratch))


@functools.cache
def steps(name: str) -> int:
    """How many steps a variant announces when nobody kills it."""
    with run_of(VARIANTS[name]) as run:
        counter = Path(run.store.path.with_name("steps"))
        code = kit.in_child(run.work, at_step=lambda count, *_: _note(counter, count))
        assert code == 0
        run.assert_settled()
        return int(counter.read_text())


def _note(path: Path, count: int) -> None:
    path.write_text(str(count))


def kill_and_recover(variant: Variant, at: int, *recoveries: int) -> int:
    """Kill at a step, kill recoveries at steps, recover once more; how many kills there were."""
    with run_of(variant) as run:
        kills = kit.in_child(run.work, at_step=kit.kill_at(at)) == KILLED
        run.assert_whole_now()
        for step in recoveries:
            kills += kit.in_child(run.recover, at_step=kit.kill_at(step)) == KILLED
            run.assert_whole_now()
        assert kit.in_child(run.recover) == 0
        run.assert_settled()
        assert kit.in_child(run.recover) == 0
        run.assert_settled()
        return kills


def _needs_shm(name: str) -> None:
    if VARIANTS[name].copied and (not SHM.is_dir() or SHM.stat().st_dev == Path(tempfile.gettempdir()).stat().st_dev):
        pytest.skip("there is no second filesystem at /dev/shm")


@pytest.mark.parametrize("name", VARIANTS)
def test_a_kill_at_some_steps_never_loses_the_film(name: str) -> None:
    _needs_shm(name)
    total = steps(name)
    chosen = {1, total} | set(random.Random(name).sample(range(1, total + 1), 3))

    kills = sum(kill_and_recover(VARIANTS[name], at) for at in chosen)

    assert kills == len(chosen)


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_a_kill_at_every_step_never_loses_the_film(name: str, record_property: Callable[[str, object], None]) -> None:
    _needs_shm(name)
    begun = time.monotonic()
    total = steps(name)

    kills = sum(kill_and_recover(VARIANTS[name], at) for at in range(1, total + 1))

    assert kills == total
    _tell(record_property, name, kills, begun)


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_a_kill_at_random_moments_never_loses_the_film(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    _needs_shm(name)
    begun = time.monotonic()
    chance = random.Random(name)
    kills = 0

    for _ in range(15):
        with run_of(VARIANTS[name]) as run:
            kills += kit.in_child(run.work, delay=chance.uniform(0.0, 0.012)) == KILLED
            run.assert_whole_now()
            kills += kit.in_child(run.recover, delay=chance.uniform(0.0, 0.004)) == KILLED
            run.assert_whole_now()
            assert kit.in_child(run.recover) == 0
            run.assert_settled()

    assert kills > 0
    _tell(record_property, name, kills, begun)


CRASHES = st.tuples(st.sampled_from(sorted(VARIANTS)), st.integers(1, 45), st.lists(st.integers(1, 12), max_size=3))


def _crashes_in_a_row(crash: tuple[str, int, list[int]]) -> None:
    name, at, recoveries = crash
    kill_and_recover(VARIANTS[name], at, *recoveries)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CRASHES)
def test_recoveries_may_be_killed_themselves(crash: tuple[str, int, list[int]]) -> None:
    _crashes_in_a_row(crash)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CRASHES)
def test_recoveries_may_be_killed_themselves_many_times(crash: tuple[str, int, list[int]]) -> None:
    _crashes_in_a_row(crash)


def _tell(record_property: Callable[[str, object], None], name: str, kills: int, begun: float) -> None:
    seconds = time.monotonic() - begun
    record_property("kills", kills)
    log.info("%s: %d kills in %.1f s", name, kills, seconds)
