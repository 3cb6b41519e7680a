"""What is read through a partial copy is the film, and lies in its place afterwards."""

import os
import random
from pathlib import Path

import pytest

from reencodarr.errors import ExcerptUnusable, FileUnreadable
from reencodarr.media.partial import BLOCK, PartialCopy
from reencodarr.units import MIB
from tests.media.counting import Counting


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film"
    path.write_bytes(random.Random(3).randbytes(40 * BLOCK + 77))
    return path


def test_any_reads_give_the_films_bytes_and_move_each_block_once(film: Path, tmp_path: Path) -> None:
    whole = film.read_bytes()
    source = Counting(film, most=5000)
    dice = random.Random(5)

    with PartialCopy(source, tmp_path / "copy", label="film") as copy:
        for _ in range(60):
            start, size = dice.randrange(len(whole) + 10), dice.randrange(3 * BLOCK)
            assert copy.seek(start) == start
            assert copy.read(size) == whole[start : start + size]
        ranges = copy.ranges()

    assert source.moved == sum(end - start for start, end in ranges)
    assert source.moved <= len(whole)
    kept = (tmp_path / "copy").read_bytes()
    assert len(kept) == len(whole)
    held = bytearray(len(whole))
    for start, end in ranges:
        held[start:end] = whole[start:end]
    assert kept == held


@pytest.mark.skipif(os.name == "nt", reason="st_blocks is not there")
def test_holes_take_no_room(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(300 * MIB)

    with PartialCopy(Counting(large), tmp_path / "copy", label="film") as copy:
        copy.seek(200 * MIB)
        copy.read(10)

    status = (tmp_path / "copy").stat()
    assert status.st_size == 300 * MIB
    assert status.st_blocks * 512 < MIB


def test_reading_far_more_than_was_allowed_is_a_named_failure(film: Path, tmp_path: Path) -> None:
    with PartialCopy(Counting(film), tmp_path / "copy", label="The Film.mkv") as copy:
        copy.allowance = 4 * BLOCK
        copy.read(4 * BLOCK)

        with pytest.raises(ExcerptUnusable, match=r"The Film\.mkv"):
            copy.read(1)


def test_a_source_that_ends_early_is_a_named_failure(film: Path, tmp_path: Path) -> None:
    source = Counting(film)
    with PartialCopy(source, tmp_path / "copy", label="film") as copy:
        film.write_bytes(b"short")

        with pytest.raises(FileUnreadable, match="early"):
            copy.read()


def test_nothing_read_is_nothing_copied(film: Path, tmp_path: Path) -> None:
    with PartialCopy(Counting(film), tmp_path / "copy", label="film") as copy:
        copy.seek(0, os.SEEK_END)

        assert copy.read() == b""
        assert copy.ranges() == ()
        assert copy.tell() == BLOCK * 40 + 77
