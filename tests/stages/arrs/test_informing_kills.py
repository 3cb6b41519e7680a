"""Whoever tells a Sonarr or Radarr of a swap may be killed between any two steps; upgrades that come in between win."""

import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from reencodarr.library.states import State
from reencodarr.stages.arrs import informing
from tests.arr.fake import Failure
from tests.library import films
from tests.stages.arrs import kit as arrs
from tests.stages.arrs.kit import Shelf
from tests.stages.conftest import Place, aged
from tests.stages.machines import farm


class Killed(BaseException):
    """The process ends here."""


@contextlib.contextmanager
def killed_at(engine: Engine, number: int) -> Iterator[list[int]]:
    """End this process, as it were, just before it writes to the database for the so-manieth time."""
    seen = [0]

    def count(connection: Connection, *_: Any) -> None:
        seen[0] += 1
        if seen[0] == number:
            connection.exec_driver_sql("ROLLBACK")
            raise Killed

    event.listen(engine, "commit", count)
    try:
        yield seen
    except Killed:
        pass
    finally:
        event.remove(engine, "commit", count)


@pytest.fixture
def shelf(root: Path, sqlite_engine: Engine, tmp_path: Path) -> Iterator[Shelf]:
    with arrs.standing("sonarr", root, farm.made(sqlite_engine, tmp_path).workplace) as made:
        yield made


def inform(shelf: Shelf) -> informing.Informed:
    return informing.inform(shelf.workplace, times=arrs.QUICK)


@pytest.mark.slow
def test_killed_before_any_step_is_kept_it_ends_as_if_it_had_not_been(shelf: Shelf) -> None:
    for number in itertools.count(1):
        path, file = shelf.add(f"{number} x264.mkv")
        shelf.fake.library.renames = {file.id: f"{number} AV1.mkv"}
        (shelf.folder / f"{number} x264.nfo").write_text("x")
        video = shelf.swap(path, swap_id=f"{number:032}")

        with killed_at(shelf.workplace.database, number) as seen:
            inform(shelf)
        shelf.make_due()
        inform(shelf)

        renamed = shelf.folder / f"{number} AV1.mkv"
        assert shelf.video(renamed).id == video
        assert [row.state for row in shelf.notices()] == ["done"] * number, f"killed at {number}"
        assert (file.id, file.size) == (shelf.notices()[-1].file_id, 100)
        assert shelf.failures() == []
        if seen[0] < number:
            break
    assert number > len(("beside", "rescan", "rename", "told"))


class Second(Failure):
    """The second request that matches."""

    def hits(self, method: str, path: str) -> bool:
        if self.matching in f"{method} {path}":
            self.seen = getattr(self, "seen", 0) + 1
        return self.times > 0 and self.matching in f"{method} {path}" and self.seen == 2


@pytest.mark.parametrize("failure", [Failure, Second], ids=["rescan", "rename"])
def test_a_command_that_was_done_and_answered_badly_is_given_again_without_harm(
    shelf: Shelf, failure: type[Failure]
) -> None:
    path, file = shelf.add("x264.mkv")
    shelf.fake.library.renames = {file.id: "AV1.mkv"}
    video = shelf.swap(path)
    shelf.fake.library.rescan(shelf.title.id)
    shelf.fake.knobs.failures = [failure(status=502, matching="POST /command", afterwards=True)]

    first = inform(shelf)
    shelf.make_due()
    second = inform(shelf)

    assert (first.put_off, second.told) == (1, 1)
    assert shelf.video(shelf.folder / "AV1.mkv").id == video


def test_a_film_that_was_renamed_and_not_followed_is_found_by_its_id(shelf: Shelf) -> None:
    path, file = shelf.add("x264.mkv")
    video = shelf.swap(path)
    shelf.fake.library.rescan(shelf.title.id)
    shelf.fake.library.renames = {file.id: "AV1.mkv"}
    shelf.fake.library.rename([file.id])

    done = inform(shelf)

    assert done.told == 1
    assert shelf.video(shelf.folder / "AV1.mkv").id == video
    assert path.exists() is False


def test_a_library_that_is_not_mounted_loses_no_notice(shelf: Shelf) -> None:
    path, _ = shelf.add("a.mkv")
    shelf.swap(path)
    away = shelf.root.rename(shelf.root.with_name("away"))

    done = inform(shelf)

    assert done == informing.Informed(put_off=1)
    away.rename(shelf.root)
    shelf.make_due()
    assert inform(shelf).told == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["film.mkv", "better.mkv"])
def test_an_upgrade_that_lands_during_an_encode_wins(place: Place, small_film: Path, name: str) -> None:
    film = place.add(small_film, "film.mkv")
    place.analyse()
    place.search()
    place.encode()
    upgrade = os.urandom(5000)

    film.unlink()
    films.write(film.with_name(name), upgrade)
    aged(film.with_name(name), 1800)
    outcomes = place.finalize()
    place.scan()

    assert [outcome.failed for outcome in outcomes] == [False]
    assert film.with_name(name).read_bytes() == upgrade
    assert place.failures() == []
    assert place.state(film) is (State.NEEDS_ANALYSIS if name == film.name else State.GONE)
    assert list(place.workplace.results.glob("*.mkv")) == []
