"""Films that somebody names: looked at one by one, whatever the rest of the library is like."""

import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from reencodarr.errors import RootMissing, TooManyGone
from reencodarr.library import database, departed, scan
from reencodarr.library.scan import ScanOptions
from reencodarr.library.states import State
from reencodarr.library.tables import Library
from tests.library import films

SETTLED = ScanOptions(stable_seconds=0)


def library(engine: Engine) -> Library:
    with database.session(engine, reads_only=True) as session:
        return session.exec(select(Library)).one()


def test_named_films_are_found_and_others_are_not(sqlite_engine: Engine, root: Path) -> None:
    films.scanned(sqlite_engine, root)
    named, link = films.write(root / "named.mkv"), root / "link.mkv"
    films.write(root / "other.mkv")
    link.symlink_to(named)

    found = scan.scan_files(sqlite_engine, library(sqlite_engine), [named, root / "absent.mkv", link], SETTLED)

    assert (found.new, found.found) == (1, 1)
    assert set(films.states(sqlite_engine)) == {"named.mkv"}


def test_only_reading_afresh_sees_other_bytes_behind_the_same_stat(sqlite_engine: Engine, root: Path) -> None:
    film = films.write(root / "a.mkv", b"a" * 500)
    films.scanned(sqlite_engine, root)
    before = film.stat()
    with film.open("r+b") as file:
        file.write(b"b" * 500)
    os.utime(film, ns=(before.st_atime_ns, before.st_mtime_ns))

    usual = scan.scan_files(sqlite_engine, library(sqlite_engine), [film], SETTLED)
    afresh = scan.scan_files(sqlite_engine, library(sqlite_engine), [film], SETTLED, afresh=True)
    again = scan.scan_files(sqlite_engine, library(sqlite_engine), [film], SETTLED, afresh=True)

    assert (usual.changed, afresh.changed, again.changed) == (0, 1, 0)


def test_a_young_film_that_still_grows_is_not_believed(sqlite_engine: Engine, root: Path) -> None:
    films.scanned(sqlite_engine, root)
    grows, whole = films.write(root / "grows.mkv", age=0), films.write(root / "whole.mkv", age=0)
    writer = threading.Timer(0.3, grows.write_bytes, [b"x" * 600])

    writer.start()
    found = scan.scan_files(sqlite_engine, library(sqlite_engine), [grows, whole])

    assert (found.new, found.ignored_unstable) == (1, 1)
    assert set(films.states(sqlite_engine)) == {"whole.mkv"}


def test_only_films_that_are_gone_are_buried(sqlite_engine: Engine, root: Path) -> None:
    gone, there = films.write(root / "gone.mkv"), films.write(root / "there.mkv")
    ids = films.scanned(sqlite_engine, root)
    gone.unlink()

    number = departed.bury_named(sqlite_engine, library(sqlite_engine), ids, limit=0.05)

    assert number == 1
    assert films.states(sqlite_engine) == {"gone.mkv": State.GONE, "there.mkv": State.NEEDS_ANALYSIS}
    assert there.exists()


def test_the_brake_is_that_of_the_whole_library(sqlite_engine: Engine, root: Path) -> None:
    for number in range(60):
        films.write(root / f"{number:02}.mkv")
    ids = films.scanned(sqlite_engine, root)
    for number in range(4):
        (root / f"{number:02}.mkv").unlink()

    with pytest.raises(TooManyGone, match="4 of 60 known films"):
        departed.bury_named(sqlite_engine, library(sqlite_engine), ids, limit=0.05)
    number = departed.bury_named(sqlite_engine, library(sqlite_engine), ids, limit=0.10)

    assert number == 4


def test_a_disk_that_is_away_buries_nothing(sqlite_engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")
    ids = films.scanned(sqlite_engine, root)
    root.rename(root.parent / "away")

    with pytest.raises(RootMissing):
        departed.bury_named(sqlite_engine, library(sqlite_engine), ids, limit=1.0)
    with pytest.raises(RootMissing):
        scan.scan_files(sqlite_engine, library(sqlite_engine), [root / "a.mkv"], SETTLED)

    assert set(films.states(sqlite_engine).values()) == {State.NEEDS_ANALYSIS}
