"""Real swaps and undos of films that a pretended Sonarr knows, before and after it gave them other names."""

import hashlib
import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from reencodarr.library import database, journal, notices, videos
from reencodarr.library.tables import now
from reencodarr.media import fingerprint
from reencodarr.stages import finalizing, housekeeping, settling, undoing
from reencodarr.stages.arrs import informing
from reencodarr.swap import commit, trash
from reencodarr.swap.order import SwapOrder
from reencodarr.units import Bytes
from tests.arr.fake import ImaginedDisk
from tests.library import films
from tests.stages.arrs import kit as arrs
from tests.stages.arrs.kit import Shelf
from tests.stages.machines import farm


@pytest.fixture
def shelf(root: Path, sqlite_engine: Engine, tmp_path: Path) -> Iterator[Shelf]:
    with arrs.standing("sonarr", root, farm.made(sqlite_engine, tmp_path).workplace) as made:
        yield made


def inform(shelf: Shelf) -> informing.Informed:
    return informing.inform(shelf.workplace, times=arrs.QUICK)


def swapped(shelf: Shelf, path: Path, tmp_path: Path, *, kept: timedelta = timedelta(days=1)) -> SwapOrder:
    """Swap a film for a smaller file, as `finalize` ends."""
    video = shelf.video(path)
    content = os.urandom(100)
    swap_id = uuid.uuid4().hex
    order = SwapOrder(
        swap_id=swap_id,
        video_id=video.id or 0,
        original=path,
        fingerprint=videos.identity(video),
        result=films.write(tmp_path / "results" / "r.mkv", content),
        result_size=Bytes(100),
        result_sha256=hashlib.sha256(content).hexdigest(),
        destination=path.with_suffix(".mkv"),
        trash=trash.place(path, shelf.root, swap_id),
        keep_until=datetime.now(UTC) + kept,
    )
    receipt = commit.commit(order, journal.DatabaseJournal(shelf.workplace.database), reserve=Bytes(0))
    with database.session(shelf.workplace.database) as session:
        settling.record(session, order.video_id, receipt)
        settling.record(session, order.video_id, receipt)
    return order


@pytest.mark.parametrize("name", ["Show x264.mkv", "Show x264.mp4"])
def test_a_film_that_was_renamed_since_comes_back_under_its_new_name(shelf: Shelf, tmp_path: Path, name: str) -> None:
    path, file = shelf.add(name)
    original = path.read_bytes()
    shelf.fake.library.renames = {file.id: "Show AV1.mkv"} if name.endswith(".mkv") else {}
    swapped(shelf, path, tmp_path)
    first = inform(shelf)
    if name.endswith(".mp4"):
        path.with_suffix(".mkv").rename(shelf.folder / "Show AV1.mkv")
        shelf.scan()

    [order] = undoing.orders(shelf.workplace, [str(shelf.folder)])
    undoing.undo(shelf.workplace, order)
    second = inform(shelf)

    back = shelf.folder / f"Show AV1{path.suffix}"
    assert (first.told, second.told) == (1, 1)
    assert back.read_bytes() == original
    assert [one.name for one in shelf.folder.iterdir()] == [back.name]
    assert [one.size for one in shelf.fake.library.files.values()] == [400]
    assert shelf.failures() == []
    assert housekeeping.recover(shelf.workplace) == []


def test_the_original_of_a_renamed_film_expires(shelf: Shelf, tmp_path: Path) -> None:
    path, file = shelf.add("Show x264.mkv")
    shelf.fake.library.renames = {file.id: "Show AV1.mkv"}
    order = swapped(shelf, path, tmp_path, kept=timedelta())
    inform(shelf)

    tidied = housekeeping.tidy(shelf.workplace)

    assert tidied.expired == 1
    assert not order.trash.exists()


def test_a_swap_that_recovery_finishes_is_told_as_well(shelf: Shelf, tmp_path: Path) -> None:
    path, _ = shelf.add("a.mkv")
    order = swapped(shelf, path, tmp_path)
    with database.session(shelf.workplace.database) as session:
        for row in notices.due(session, now()):
            session.delete(row)
        session.connection().exec_driver_sql("DELETE FROM ledger")

    housekeeping.recover(shelf.workplace)

    assert [row.swap_id for row in shelf.notices()] == [order.swap_id]


def test_one_notice_is_done_by_one_of_two(shelf: Shelf, tmp_path: Path) -> None:
    path, _ = shelf.add("a.mkv")
    shelf.swap(path)
    with database.session(shelf.workplace.database, reads_only=True) as session:
        [row] = notices.due(session, now())

    with database.session(shelf.workplace.database) as session:
        first, second = notices.claim(session, row, now()), notices.claim(session, row, now())

    assert (first, second) == (True, False)


def test_a_windows_hosts_paths_are_read_back_as_ours(shelf: Shelf) -> None:
    path, file = shelf.add("a.mkv")
    shelf.set(mappings=(("D:\\films", shelf.root),))
    disk = shelf.fake.library.disk = ImaginedDisk()
    shelf.title.path = "D:\\films\\Show (2008)"
    file.path = "d:\\Films\\Show (2008)\\a.mkv"
    shelf.swap(path)
    disk.held = {file.path: 100}
    shelf.title.path = "d:\\Films\\Show (2008)"

    assert inform(shelf).told == 1
    assert fingerprint.fingerprint(path).size == 100


@pytest.mark.parametrize(
    ("name", "container", "suffix"),
    [("a.mkv", "mkv", ".mkv"), ("a.MKV", "mkv", ".MKV"), ("a.m4v", "mp4", ".m4v"), ("a.mp4", "mp4", ".mp4")]
    + [("a.mp4", "mkv", ".mkv"), ("a.avi", "mkv", ".mkv"), ("a.m4v", "mkv", ".mkv")],
)
def test_a_result_keeps_the_extension_where_its_container_allows(name: str, container: str, suffix: str) -> None:
    assert finalizing.destination_suffix(Path(name), container) == suffix
