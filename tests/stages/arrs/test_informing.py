"""Telling a pretended Sonarr and Radarr of swaps, as far as their files' ids, names and neighbours are concerned."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from reencodarr.library import database, failures, notices, transitions
from reencodarr.library.failures import Which
from reencodarr.library.states import State
from reencodarr.library.tables import ArrWish, VideoState
from reencodarr.stages import queue
from reencodarr.stages.arrs import informing
from tests.arr.fake import Failure, FolderDisk
from tests.library import films
from tests.stages.arrs import kit as arrs
from tests.stages.arrs.kit import Shelf
from tests.stages.machines import farm


@pytest.fixture
def shelf(root: Path, sqlite_engine: Engine, tmp_path: Path) -> Iterator[Shelf]:
    with arrs.standing("sonarr", root, farm.made(sqlite_engine, tmp_path).workplace) as made:
        yield made


@pytest.fixture(params=["sonarr", "radarr"])
def either(request: pytest.FixtureRequest, root: Path, sqlite_engine: Engine, tmp_path: Path) -> Iterator[Shelf]:
    """The same of both kinds, for what their calls differ in."""
    with arrs.standing(request.param, root, farm.made(sqlite_engine, tmp_path).workplace) as made:
        yield made


def inform(shelf: Shelf) -> informing.Informed:
    return informing.inform(shelf.workplace, times=arrs.QUICK)


def test_a_swapped_film_keeps_its_id_and_is_known_by_its_size(either: Shelf) -> None:
    path, file = either.add("a.mkv")
    either.swap(path)

    done = inform(either)

    assert done == informing.Informed(told=1)
    assert (either.fake.library.files[file.id].size, either.notices()[0].state) == (100, "done")
    assert either.failures() == []
    assert [step.name for step in notices.steps(either.notices()[0])] == ["beside", "rescan", "told"]


def test_what_was_told_is_not_told_again(shelf: Shelf) -> None:
    path, _ = shelf.add("a.mkv")
    shelf.swap(path)
    inform(shelf)
    shelf.fake.asked.clear()

    done = inform(shelf)

    assert (done, shelf.asked()) == (informing.Informed(), [])


def test_a_film_that_nobody_else_knows_makes_no_notice(shelf: Shelf) -> None:
    path = films.write(shelf.folder / "own.mkv")
    shelf.scan()

    shelf.swap(path)

    assert shelf.notices() == []


def test_several_films_of_a_title_are_told_with_one_rescan(shelf: Shelf) -> None:
    for number in range(5):
        path, _ = shelf.add(f"{number}.mkv")
        shelf.swap(path, swap_id=f"{number:032}")

    done = inform(shelf)

    assert done.told == 5
    assert len(shelf.asked("POST /command")) == 1


def test_only_our_file_is_renamed_and_our_library_follows(either: Shelf) -> None:
    path, file = either.add("Show x264.mkv")
    other, others = either.add("other.mkv")
    either.fake.library.renames = {file.id: "Show AV1.mkv", others.id: "never.mkv"}
    video = either.swap(path)
    films.learn(either.workplace.database, video)

    inform(either)

    renamed = either.folder / "Show AV1.mkv"
    assert renamed.is_file()
    assert other.is_file()
    assert either.video(renamed).id == video
    assert not path.exists()
    with database.session(either.workplace.database, reads_only=True) as session:
        assert session.exec(select(ArrWish.title_id)).all() == [either.title.id]
        assert State(session.get_one(VideoState, video).state) is State.NEEDS_ANALYSIS  # as it was before


def test_nothing_is_renamed_where_the_owner_does_not_want_it(shelf: Shelf) -> None:
    shelf.set(rename=False)
    path, file = shelf.add("Show x264.mkv")
    shelf.fake.library.renames = {file.id: "Show AV1.mkv"}
    shelf.swap(path)

    inform(shelf)

    assert path.is_file()
    assert shelf.asked("/rename") == []
    assert shelf.notices()[0].state == "done"


def test_a_film_that_somebody_works_on_is_not_renamed(shelf: Shelf) -> None:
    path, file = shelf.add("Show x264.mkv")
    shelf.fake.library.renames = {file.id: "Show AV1.mkv"}
    video = shelf.swap(path)
    with database.session(shelf.workplace.database) as session:
        transitions.claim(session, video, State.NEEDS_ANALYSIS, holder=shelf.workplace.holder, lease=notices.LEASE)

    inform(shelf)

    assert path.is_file()


def test_a_film_with_another_extension_is_known_under_its_new_id(either: Shelf) -> None:
    path, file = either.add("a.mp4")
    either.swap(path, to=path.with_suffix(".mkv"))

    inform(either)

    row = either.notices()[0]
    assert (row.state, row.file_id == file.id) == ("done", False)
    assert either.fake.library.files[row.file_id].path.endswith("a.mkv")


def test_an_undo_is_told_like_a_swap(either: Shelf) -> None:
    path, file = either.add("a.mkv")
    video = either.swap(path)
    inform(either)
    films.write(path, os.urandom(400))
    with database.session(either.workplace.database) as session:
        notices.write_again(session, video, arrs.SWAP)

    inform(either)

    assert either.fake.library.files[file.id].size == 400
    assert len(either.notices()) == 1


class Greedy(FolderDisk):
    """A disk on which a look takes the subtitles away, as a real one does with what it imported beside a lost file."""

    def sizes(self, folder: str) -> dict[str, int]:
        for found in self._here(folder).glob("*.srt"):
            found.unlink()
        return super().sizes(folder)


def test_what_is_missing_beside_a_film_is_a_failure_that_a_person_acknowledges(shelf: Shelf) -> None:
    path, _ = shelf.add("a.mp4")
    for name in ("a.en.srt", "a.nfo", "b.nfo"):
        (shelf.folder / name).write_text("x")
    shelf.fake.library.disk = Greedy(arrs.THEIRS, shelf.root, shelf.root.parent / "bin")
    shelf.swap(path, to=path.with_suffix(".mkv"))

    inform(shelf)

    [(stage, code, message)] = shelf.failures()
    assert (stage, code) == ("sync", "sidecar_missing")
    assert "a.en.srt" in message
    assert "a.nfo" not in message
    assert queue.retry(shelf.workplace, (), Which(stage="sync")) == 1
    assert shelf.failures() == []


def test_one_that_is_away_is_told_later_and_its_other_titles_are_not_asked_for(shelf: Shelf) -> None:
    path, file = shelf.add("a.mkv")
    shelf.swap(path)
    shelf.fake.knobs.failures = [Failure(status=503, times=99)]

    done = inform(shelf)

    assert done == informing.Informed(put_off=1)
    assert path.stat().st_size == 100
    assert inform(shelf) == informing.Informed()
    shelf.fake.knobs.failures.clear()
    shelf.make_due()
    assert inform(shelf).told == 1
    assert shelf.fake.library.files[file.id].size == 100


def test_after_so_many_tries_it_is_given_up_by_name_until_somebody_asks_again(shelf: Shelf) -> None:
    path, _ = shelf.add("a.mkv")
    shelf.swap(path)
    shelf.fake.knobs.ignored_commands = {"RescanSeries", "RescanMovie"}

    shelf.make_due(tries=len(notices.PAUSES) - 1)
    last_but_one = inform(shelf)
    shelf.make_due()
    last = inform(shelf)

    assert (last_but_one, last) == (informing.Informed(put_off=1), informing.Informed(given_up=1))
    assert [code for _, code, _ in shelf.failures()] == ["arr_stale"]
    shelf.fake.knobs.ignored_commands.clear()
    assert queue.retry(shelf.workplace, (), Which(code="arr_stale")) == 1
    assert inform(shelf).told == 1
    assert shelf.failures() == []


def test_a_title_that_was_deleted_there_needs_no_telling(either: Shelf) -> None:
    path, _ = either.add("a.mkv")
    either.swap(path)
    either.fake.library.titles.clear()
    either.fake.library.files.clear()
    either.fake.knobs.failing_commands = {"RescanSeries", "RescanMovie"}

    inform(either)

    assert either.notices()[0].state == "done"
    assert "does not know the title" in either.notices()[0].words


def test_a_film_that_is_gone_needs_no_telling(shelf: Shelf) -> None:
    path, _ = shelf.add("a.mkv")
    shelf.swap(path)
    path.unlink()

    inform(shelf)

    assert shelf.notices()[0].state == "done"
    assert shelf.asked("POST") == []


def test_an_instance_that_left_the_settings_needs_no_telling(shelf: Shelf) -> None:
    path, _ = shelf.add("a.mkv")
    shelf.swap(path)
    shelf.workplace.settings.__dict__[shelf.fake.kind] = {}

    inform(shelf)

    assert shelf.notices()[0].state == "done"
    assert "settings" in shelf.notices()[0].words


def test_a_failure_that_is_not_ours_to_end_stays(shelf: Shelf) -> None:
    path, _ = shelf.add("a.mkv")
    video = shelf.swap(path)
    with database.session(shelf.workplace.database) as session:
        failures.record(session, video, RuntimeError("else"))

    inform(shelf)

    assert [code for _, code, _ in shelf.failures()] == ["unknown"]
