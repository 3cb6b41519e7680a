"""Libraries: the marker, missing disks, overlaps, and one run at a time."""

import json
import multiprocessing
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from reencodarr.errors import LibraryBusy, LibraryOverlap, RootMissing
from reencodarr.library import database, roots, scan
from reencodarr.library.scan import ScanOptions
from reencodarr.library.states import State
from reencodarr.library.tables import Library, Video
from tests.library import films
from tests.library.conftest import unprivileged

FORK = multiprocessing.get_context("fork")


def ensure(engine: Engine, path: Path, **options: Any) -> Library:
    with database.session(engine) as session:
        return roots.ensure(session, path, **options)


def test_a_library_is_made_once_and_marked(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")

    first, second = ensure(engine, root), ensure(engine, root / ".." / root.name)

    assert first.id == second.id
    assert len(first.sentinel) == 32
    assert roots.marker(root) == first.sentinel == second.sentinel


def test_a_root_with_any_bytes_in_its_name_is_found_again(engine: Engine, tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"films \xff\n'\"\xf0\x9f\x8e\xac")
    films.write(root / "a.mkv")

    assert ensure(engine, root).id == ensure(engine, root).id
    with database.session(engine) as session:
        assert session.exec(select(Library)).one().path == root


def test_nothing_is_written_beside_films_that_are_only_looked_at(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")

    library = ensure(engine, root, mark=False)

    assert library.sentinel == ""
    assert [path.name for path in root.iterdir()] == ["a.mkv"]


def test_an_empty_mount_point_is_not_marked_until_its_disk_is_there(engine: Engine, root: Path) -> None:
    assert ensure(engine, root).sentinel == ""
    assert list(root.iterdir()) == []
    films.write(root / "a.mkv")

    assert ensure(engine, root).sentinel != ""


def test_the_marker_of_a_lost_database_is_taken_over(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")
    films.write(root / roots.MARKER, json.dumps({"id": "known before"}).encode())

    assert ensure(engine, root).sentinel == "known before"


def test_a_read_only_root_has_no_marker(open_folder: Path) -> None:
    films.write(open_folder / "films" / "a.mkv")
    (open_folder / "films").chmod(0o555)

    with unprivileged():
        url = f"sqlite:///{open_folder}/r.db"
        database.upgrade(url)
        engine = database.engine(url)
        library = ensure(engine, open_folder / "films")
        summary = scan.scan(engine, library, ScanOptions(stable_seconds=0))
        engine.dispose()

    assert (library.sentinel, summary.new) == ("", 1)


def test_a_root_that_is_not_there_is_missing(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(RootMissing, match="no folder"):
        ensure(engine, tmp_path / "nowhere")


@pytest.mark.parametrize("disk", ["absent", "empty", "another", "unmarked"])
def test_the_wrong_disk_is_a_reason_to_stop(engine: Engine, root: Path, disk: str) -> None:
    films.write(root / "a.mkv")
    library = ensure(engine, root)
    roots.check_mounted(library)
    shutil.rmtree(root)
    if disk != "absent":
        root.mkdir()
    if disk in ("another", "unmarked"):
        films.write(root / "b.mkv")
    if disk == "another":
        films.write(root / roots.MARKER, b'{"id": "another"}')

    with pytest.raises(RootMissing, match=r"cannot be opened|is empty|another disk|no marker") as caught:
        roots.check_mounted(library)

    assert "nothing was forgotten" in str(caught.value)


def test_an_unmarked_root_is_missing_only_when_it_is_empty_and_should_not_be(engine: Engine, root: Path) -> None:
    library = ensure(engine, root, mark=False)

    roots.check_mounted(library, known=0)
    with pytest.raises(RootMissing, match="2 films are known"):
        roots.check_mounted(library, known=2)


def test_a_folder_inside_a_library_is_no_library(engine: Engine, root: Path) -> None:
    films.write(root / "tv" / "a.mkv")
    outer = ensure(engine, root)

    with pytest.raises(LibraryOverlap, match=f"inside the library {root}"):
        ensure(engine, root / "tv")

    with database.session(engine) as session:
        found = roots.containing(session, root / "tv" / "a.mkv")
    assert found is not None
    assert found.id == outer.id


def test_names_that_merely_begin_alike_are_no_overlap(engine: Engine, tmp_path: Path) -> None:
    films.write(tmp_path / "tv" / "a.mkv")
    films.write(tmp_path / "tv2" / "a.mkv")

    assert ensure(engine, tmp_path / "tv").id != ensure(engine, tmp_path / "tv2").id


def test_a_folder_around_libraries_is_refused_or_makes_them_grow(engine: Engine, root: Path, tmp_path: Path) -> None:
    options = ScanOptions(stable_seconds=0)
    for name in ("tv", "movies"):
        films.write(root / name / f"{name}.mkv")
        scan.scan(engine, ensure(engine, root / name), options)
    before = films.rows(engine)
    with pytest.raises(LibraryOverlap, match="libraries inside it"):
        ensure(engine, root)

    grown = ensure(engine, root, data_dir=tmp_path)
    summary = scan.scan(engine, grown, options)

    assert (summary.found, summary.new, summary.changed) == (2, 0, 0)
    assert films.rows(engine) == before
    assert grown.confirmed_at is None
    with database.session(engine) as session:
        assert {video.library_id for video in session.exec(select(Video)).all()} == {grown.id}
        assert session.exec(select(Library)).one().path == root


def test_a_library_does_not_grow_over_one_that_is_worked_on(engine: Engine, root: Path, tmp_path: Path) -> None:
    films.write(root / "tv" / "a.mkv")
    inner = ensure(engine, root / "tv")

    with roots.lock(tmp_path, inner), pytest.raises(LibraryBusy):
        ensure(engine, root, data_dir=tmp_path)


def test_two_runs_at_once_on_one_library_are_refused_by_name(engine: Engine, root: Path, tmp_path: Path) -> None:
    library = ensure(engine, root)

    def run() -> None:
        with roots.lock(tmp_path, library):
            pass

    with roots.lock(tmp_path, library), pytest.raises(LibraryBusy, match=f":{os.getpid()}:"):
        run()
    run()


def test_different_libraries_are_worked_on_side_by_side(engine: Engine, tmp_path: Path) -> None:
    for name in ("tv", "movies"):
        (tmp_path / name).mkdir()

    with (
        roots.lock(tmp_path, ensure(engine, tmp_path / "tv")),
        roots.lock(tmp_path, ensure(engine, tmp_path / "movies")),
    ):
        pass


def _hold(data_dir: Path, library: Library, ready: Any) -> None:
    with roots.lock(data_dir, library):
        ready.set()
        signal.pause()


def test_a_killed_run_leaves_no_lock(sqlite_engine: Engine, root: Path, tmp_path: Path) -> None:
    library, ready = ensure(sqlite_engine, root), FORK.Event()
    run = FORK.Process(target=_hold, args=(tmp_path, library, ready))
    run.start()
    assert ready.wait(30)
    with pytest.raises(LibraryBusy, match=f":{run.pid}:"), roots.lock(tmp_path, library):
        pass

    run.kill()
    run.join()

    with roots.lock(tmp_path, library):
        pass


def test_a_confirmation_is_kept(engine: Engine, root: Path) -> None:
    library = ensure(engine, root)

    with database.session(engine) as session:
        roots.confirm(session, library)

    assert ensure(engine, root).confirmed_at is not None


def test_an_unmounted_disk_forgets_nothing(engine: Engine, root: Path, tmp_path: Path) -> None:
    for number in range(3):
        films.write(root / f"{number}.mkv")
    library = ensure(engine, root)
    scan.scan(engine, library, ScanOptions(stable_seconds=0))
    root.rename(tmp_path / "unmounted")
    root.mkdir()
    films.write(root / "something else.mkv")

    with pytest.raises(RootMissing):
        scan.scan(engine, library, ScanOptions(stable_seconds=0))

    assert films.states(engine) == dict.fromkeys(("0.mkv", "1.mkv", "2.mkv"), State.NEEDS_ANALYSIS)
