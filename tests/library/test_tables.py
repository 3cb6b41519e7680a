"""Columns that must hold what files, clocks and machines come up with."""

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import select

from reencodarr import paths
from reencodarr.library import database, tables
from reencodarr.library.tables import Library, StateChange, Video
from tests.library import films


@pytest.mark.parametrize("number", [0, 1, 2**63 - 1, 2**63, 2**64 - 1])
def test_device_and_inode_numbers_of_64_bits_survive(engine: Engine, video: int, number: int) -> None:
    with database.session(engine) as session:
        row = session.get_one(Video, video)
        row.device = row.inode = number

    with database.session(engine) as session:
        found = session.exec(select(Video).where(Video.inode == number)).one()
        assert (found.device, found.inode) == (number, number)


def test_times_come_back_aware_and_the_same_moment(engine: Engine) -> None:
    moment = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with database.session(engine) as session:
        session.add(Library(path=Path("/films"), scanned_at=moment))

    with database.session(engine) as session:
        found = session.exec(select(Library)).one().scanned_at

    assert found == moment
    assert found is not None
    assert found.tzinfo == UTC


def test_words_with_bytes_that_no_database_stores_stay_readable(engine: Engine, video: int) -> None:
    note = f"{os.fsdecode(bytes([0x66, 0xFF]))} and \x00 and \ud800"
    with database.session(engine) as session:
        session.add(StateChange(video_id=video, before="a", after="b", note=note))

    with database.session(engine) as session:
        assert session.exec(select(StateChange)).one().note == "f\\xff and \\u0000 and \\ud800"


@given(st.binary(min_size=1).filter(lambda name: b"\x00" not in name and name.strip(b"./")))
def test_paths_of_any_bytes_survive(name: bytes) -> None:
    path = Path(os.fsdecode(b"/films/" + name))

    text = paths.to_text(path)

    text.encode()
    assert tables.PathText().process_result_value(text, None) == path  # type: ignore[arg-type]
    assert any(text.startswith(start) for start in paths.starts_below(Path("/films")))


def test_a_path_is_found_by_itself_whatever_its_bytes(engine: Engine, root: Path) -> None:
    path = films.write(Path(os.fsdecode(os.fsencode(root) + b"/\xff%_.mkv")))
    with database.session(engine) as session:
        session.add(Library(path=path))

    with database.session(engine) as session:
        assert session.exec(select(Library).where(Library.path == path)).one().path == path
