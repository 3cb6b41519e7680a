"""Scans on real folders: what is new, changed, moved and gone; what must never be forgotten."""

import itertools
import multiprocessing
import os
import shutil
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import select

from reencodarr.errors import FileUnreadable, LibraryError, RootMissing, TooManyGone
from reencodarr.library import database, departed, failures, roots, scan, sightings, transitions, videos
from reencodarr.library.scan import ScanOptions, ScanSummary
from reencodarr.library.sightings import LONGEST_PATH
from reencodarr.library.states import State
from reencodarr.library.tables import Facts, Failure, Library, PlanRow, Search, StateChange, Video, VmafProbe, now
from reencodarr.media import fingerprint
from reencodarr.progress import Progress
from tests.library import films
from tests.library.conftest import unprivileged

NOW = ScanOptions(stable_seconds=0)
ALL_GONE = ScanOptions(stable_seconds=0, gone_limit=1.0)
WAITS = State.NEEDS_ANALYSIS


def look(engine: Engine, root: Path, options: ScanOptions = NOW, within: Path | None = None) -> ScanSummary:
    with database.session(engine) as session:
        library = roots.ensure(session, root)
    return scan.scan(engine, library, options, within=within)


def row(engine: Engine, name: str) -> Video:
    with database.session(engine) as session:
        (found,) = [video for video in session.exec(select(Video)).all() if video.path.name == name]
        return found


def put(engine: Engine, name: str, state: State) -> int:
    """A film of that name with all its results, put into a state."""
    video_id = films.rows(engine)[name][0]
    films.learn(engine, video_id)
    with database.session(engine) as session:
        session.get_one(films.VideoState, video_id).state = state
    return video_id


def results(engine: Engine, video_id: int) -> int:
    with database.session(engine) as session:
        tables = (Facts, PlanRow, VmafProbe, Search)
        return sum(len(session.exec(select(table).where(table.video_id == video_id)).all()) for table in tables)


def test_a_scan_finds_films_and_a_second_one_finds_nothing_new(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")
    films.write(root / "tv" / "b.mp4")
    films.write(root / "notes.txt")

    assert look(engine, root) == ScanSummary(found=2, new=2)
    assert look(engine, root) == ScanSummary(found=2)

    assert films.states(engine) == {"a.mkv": WAITS, "b.mp4": WAITS}
    assert videos.identity(row(engine, "a.mkv")) == fingerprint.fingerprint(root / "a.mkv")
    with database.session(engine) as session:
        assert session.exec(select(Library)).one().scanned_at is not None


def test_progress_is_reported_and_ends_at_all(
    engine: Engine, make_videos: Callable[[int], list[int]], root: Path
) -> None:
    make_videos(450)
    heard: list[Progress] = []
    with database.session(engine) as session:
        library = roots.ensure(session, root)

    scan.scan(engine, library, NOW, report=heard.append)

    assert [progress.fraction for progress in heard] == [200 / 450, 400 / 450, 1.0]
    assert heard[-1].detail == "450 films"


@pytest.mark.parametrize(
    "name",
    [
        b"\xff\xfe bad.mkv",
        b"-rf.mkv",
        b"new\nline.mkv",
        b"quo'\"te.mkv",
        "🎬 %_.mkv".encode(),
        b"bytes:x.mkv",
        b"%FF.mkv",
    ],
)
def test_any_name_survives(engine: Engine, root: Path, name: bytes) -> None:
    path = films.write(Path(os.fsdecode(os.fsencode(root) + b"/" + name)))

    look(engine, root)

    assert look(engine, root) == ScanSummary(found=1)
    assert os.fsencode(row(engine, path.name).path) == os.fsencode(path)


def test_a_path_too_long_for_an_index_is_named_and_the_rest_goes_on(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")
    folder = root
    while len(os.fsencode(folder)) < LONGEST_PATH:
        folder /= "x" * 200
    films.write(folder / "deep.mkv")

    summary = look(engine, root)

    assert (summary.found, summary.unreadable) == (1, ((folder / "deep.mkv", "its name is too long"),))


def test_a_changed_file_is_analysed_anew_and_its_results_are_dropped(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")
    look(engine, root)
    video_id = put(engine, "a.mkv", State.CRF_SEARCHED)
    with database.session(engine) as session:
        failures.record(session, video_id, FileUnreadable("gone for a moment"))
    films.write(root / "a.mkv", b"another film", age=100)

    assert look(engine, root) == ScanSummary(found=1, changed=1)

    assert films.rows(engine) == {"a.mkv": (video_id, WAITS)}
    assert results(engine, video_id) == 0
    assert videos.identity(row(engine, "a.mkv")) == fingerprint.fingerprint(root / "a.mkv")
    with database.session(engine) as session:
        assert session.exec(select(Failure)).one().resolved_at is not None


@pytest.mark.parametrize("change", ["size", "time", "bytes in another file"])
def test_every_part_of_the_identity_counts(engine: Engine, root: Path, change: str) -> None:
    path = films.write(root / "a.mkv", b"one film")
    look(engine, root)
    before = path.stat()
    if change == "size":
        path.write_bytes(b"one film more")
        os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns))
    if change == "time":
        os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns + 1))
    if change == "bytes in another file":
        path.rename(root / "kept.txt")
        path.write_bytes(b"eno film")
        os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns))

    assert look(engine, root).changed == 1


def test_the_same_bytes_under_another_inode_keep_their_results(engine: Engine, root: Path) -> None:
    path = films.write(root / "a.mkv")
    films.write(root / "b.mkv")
    look(engine, root)
    searched, failed = put(engine, "a.mkv", State.CRF_SEARCHED), put(engine, "b.mkv", State.FAILED)
    for name in ("a.mkv", "b.mkv"):
        shutil.copy2(root / name, root / "copy")  # as a restored backup, or a remount that counts inodes anew
        (root / "copy").rename(root / name)

    assert look(engine, root) == ScanSummary(found=2)

    assert films.rows(engine) == {"a.mkv": (searched, State.CRF_SEARCHED), "b.mkv": (failed, WAITS)}
    assert results(engine, searched) > 0
    assert row(engine, "a.mkv").inode == path.stat().st_ino


def test_a_moved_file_keeps_everything(engine: Engine, root: Path) -> None:
    path = films.write(root / "a.mkv")
    look(engine, root)
    video_id = put(engine, "a.mkv", State.CRF_SEARCHED)
    known = results(engine, video_id)
    (root / "tv").mkdir()
    path.rename(root / "tv" / "b.mkv")

    assert look(engine, root) == ScanSummary(found=1, moved=1)

    assert films.rows(engine) == {"b.mkv": (video_id, State.CRF_SEARCHED)}
    assert results(engine, video_id) == known


def test_a_file_moved_over_another_known_one_keeps_everything(engine: Engine, root: Path) -> None:
    films.write(root / "old.mkv")
    films.write(root / "new.mkv")
    look(engine, root)
    video_id = put(engine, "new.mkv", State.REPLACED)
    (root / "new.mkv").rename(root / "old.mkv")

    summary = look(engine, root)

    assert (summary.found, summary.moved, summary.changed) == (1, 1, 0)
    assert films.rows(engine)["old.mkv"] == (video_id, State.REPLACED)
    assert sorted(films.states(engine).values()) == [State.GONE, State.REPLACED]


def test_films_that_swapped_their_names_are_told_apart(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")
    films.write(root / "b.mkv")
    look(engine, root)
    before = films.rows(engine)
    (root / "a.mkv").rename(root / "c.mkv")
    (root / "b.mkv").rename(root / "a.mkv")
    (root / "c.mkv").rename(root / "b.mkv")

    assert look(engine, root).moved == 2

    after = films.rows(engine)
    assert (after["a.mkv"], after["b.mkv"]) == (before["b.mkv"], before["a.mkv"])
    assert look(engine, root) == ScanSummary(found=2)


def test_a_film_that_moves_to_another_library_keeps_everything(engine: Engine, tmp_path: Path) -> None:
    path = films.write(tmp_path / "one" / "a.mkv")
    films.write(tmp_path / "two" / "b.mkv")
    look(engine, tmp_path / "one")
    look(engine, tmp_path / "two")
    video_id = put(engine, "a.mkv", State.REPLACED)
    path.rename(tmp_path / "two" / "a.mkv")

    assert look(engine, tmp_path / "two").moved == 1

    assert films.rows(engine)["a.mkv"] == (video_id, State.REPLACED)
    assert row(engine, "a.mkv").library_id == row(engine, "b.mkv").library_id


def test_a_folder_behind_a_link_is_known_by_its_real_name(engine: Engine, root: Path) -> None:
    films.write(root / "tv" / "a.mkv")
    look(engine, root)
    video_id = put(engine, "a.mkv", State.ANALYZED)
    (root / "tv").rename(root / "series")
    (root / "tv").symlink_to(root / "series")

    assert look(engine, root) == ScanSummary(found=1, moved=1)

    assert films.rows(engine) == {"a.mkv": (video_id, State.ANALYZED)}
    assert row(engine, "a.mkv").path == root / "series" / "a.mkv"


def test_a_deleted_file_becomes_a_tombstone_and_comes_back(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")
    path = films.write(root / "b.mkv")
    look(engine, root)
    video_id = put(engine, "b.mkv", State.CRF_SEARCHED)
    path.rename(root / "b.kept")

    assert look(engine, root) == ScanSummary(found=1, gone=1)
    assert films.rows(engine)["b.mkv"] == (video_id, State.GONE)

    (root / "b.kept").rename(path)

    assert look(engine, root) == ScanSummary(found=2)
    assert films.rows(engine)["b.mkv"] == (video_id, WAITS)
    assert results(engine, video_id) > 0


def test_what_went_wrong_with_a_film_that_is_gone_does_not_stand_any_more(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")
    films.write(root / "b.mkv")
    look(engine, root)
    video_id = put(engine, "b.mkv", State.FAILED)
    with database.session(engine) as session:
        failures.record(session, video_id, FileUnreadable("It cannot be read."))
    (root / "b.mkv").unlink()

    look(engine, root)

    with database.session(engine) as session:
        found = session.exec(select(Failure).where(Failure.video_id == video_id)).all()
    assert found
    assert all(one.resolved_at for one in found)


def test_another_film_of_a_gone_ones_name_is_new_work(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")
    films.write(root / "b.mkv")
    look(engine, root)
    video_id = put(engine, "b.mkv", State.REPLACED)
    (root / "b.mkv").unlink()
    look(engine, root)
    films.write(root / "b.mkv", b"something else")

    assert look(engine, root).changed == 1

    assert films.rows(engine)["b.mkv"] == (video_id, WAITS)
    assert results(engine, video_id) == 0


@pytest.mark.parametrize(
    ("known", "limit", "may_go"),
    [(1, 0.05, 3), (2, 0.05, 3), (60, 0.05, 3), (99, 0.05, 4), (1000, 0.05, 50), (9, 1, 9)],
)
def test_the_brake_always_lets_three_go(known: int, limit: float, may_go: int) -> None:
    assert departed.allowed(known, limit) == may_go


def test_too_many_gone_films_stop_the_scan_and_none_is_forgotten(
    engine: Engine, make_videos: Callable[[int], list[int]], root: Path
) -> None:
    make_videos(20)
    for number in range(4):
        (root / f"{number:03}.mkv").unlink()
    films.write(root / "new.mkv")

    with pytest.raises(TooManyGone, match="More than 3 of 20") as caught:
        look(engine, root)

    assert "REENCODARR_GONE_LIMIT=1" in str(caught.value)
    assert set(films.states(engine).values()) == {WAITS}
    assert len(films.states(engine)) == 21
    assert look(engine, root, ALL_GONE).gone == 4


def test_the_owner_of_two_films_may_delete_one_and_even_both(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")
    films.write(root / "b.mkv")
    look(engine, root)

    (root / "a.mkv").unlink()
    assert look(engine, root).gone == 1
    (root / "b.mkv").unlink()
    assert look(engine, root).gone == 1


def test_a_root_that_vanished_forgets_nothing(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")
    with database.session(engine) as session:
        library = roots.ensure(session, root)
    scan.scan(engine, library, NOW)
    shutil.rmtree(root)

    with pytest.raises(RootMissing):
        scan.scan(engine, library, NOW)

    assert films.states(engine) == {"a.mkv": WAITS}


def test_a_disk_that_vanishes_during_the_scan_forgets_nothing(engine: Engine, root: Path, tmp_path: Path) -> None:
    for number in range(3):
        films.write(root / f"{number}.mkv")
    with database.session(engine) as session:
        library = roots.ensure(session, root)
    scan.scan(engine, library, NOW)

    with pytest.raises(RootMissing):
        scan.scan(engine, library, NOW, report=lambda _: root.rename(tmp_path / "unplugged") and None)

    assert set(films.states(engine).values()) == {WAITS}


def test_what_cannot_be_listed_or_read_is_named_and_stays_known(open_folder: Path) -> None:
    root, url = open_folder / "films", f"sqlite:///{open_folder}/r.db"
    for name in ("closed/a.mkv", "unlisted/b.mkv", "secret.mkv", "open.mkv"):
        films.write(root / name)
    for path in root.rglob("*"):
        path.chmod(0o777)
    root.chmod(0o777)
    with unprivileged():
        database.upgrade(url)
        engine = database.engine(url)
        look(engine, root)
    known = films.rows(engine)
    (root / "closed").chmod(0)
    (root / "unlisted").chmod(stat.S_IXUSR | stat.S_IXOTH)
    (root / "secret.mkv").chmod(0)
    films.write(root / "new secret.mkv").chmod(0)

    with unprivileged():
        summary = look(engine, root)
        again = look(engine, root)
    (root / "new secret.mkv").chmod(0o644)
    with unprivileged():
        readable = look(engine, root)

    assert (summary.found, summary.new, summary.gone) == (3, 1, 0)
    assert {path.name: why for path, why in summary.unreadable} == dict.fromkeys(
        ("closed", "unlisted", "new secret.mkv"), "Permission denied"
    )
    assert {name: state for name, state in films.rows(engine).items() if name in known} == known
    assert films.states(engine)["new secret.mkv"] == WAITS
    assert (again.changed, readable.changed) == (0, 1)
    engine.dispose()


def test_files_still_being_written_are_left_for_a_later_scan(engine: Engine, root: Path) -> None:
    path = films.write(root / "a.mkv", age=5)

    assert look(engine, root, ScanOptions()) == ScanSummary(ignored_unstable=1)
    os.utime(path, (1e9, 1e9))
    assert look(engine, root, ScanOptions()) == ScanSummary(found=1, new=1)


def test_a_known_film_that_is_being_overwritten_is_neither_changed_nor_gone(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")
    look(engine, root)
    video_id = put(engine, "a.mkv", State.ANALYZED)
    films.write(root / "a.mkv", b"half of ano", age=1)

    assert look(engine, root, ScanOptions()) == ScanSummary(ignored_unstable=1)

    assert films.rows(engine) == {"a.mkv": (video_id, State.ANALYZED)}


def test_a_file_that_grows_between_listing_and_reading_is_left_for_later(engine: Engine, root: Path) -> None:
    path = films.write(root / "a.mkv")
    status = path.lstat()
    with path.open("ab") as file:
        file.write(b"more")
    with database.session(engine) as session:
        library = roots.ensure(session, root)

    recorded = sightings.record(engine, library, [sightings.Found(path=path, status=status)], now())

    assert (recorded.changes[sightings.Change.UNSTABLE], films.states(engine)) == (1, {})


def test_a_file_that_vanishes_between_listing_and_reading_is_no_failure(engine: Engine, root: Path) -> None:
    path = films.write(root / "a.mkv")
    films.write(root / "b.mkv")
    status = path.lstat()
    path.unlink()
    with database.session(engine) as session:
        library = roots.ensure(session, root)

    recorded = sightings.record(engine, library, [sightings.Found(path=path, status=status)], now())

    assert (recorded.unreadable, films.states(engine)) == ((), {})


def test_hard_links_of_one_file_are_one_film(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")
    (root / "b.mkv").hardlink_to(root / "a.mkv")

    summary = look(engine, root)

    assert (summary.found, summary.hard_linked) == (1, 2)
    ((name, (video_id, _)),) = films.rows(engine).items()
    assert row(engine, name).links == 2

    (root / name).unlink()
    summary = look(engine, root)

    (other,) = {"a.mkv", "b.mkv"} - {name}
    assert (summary.found, summary.moved, summary.hard_linked) == (1, 1, 0)
    assert films.rows(engine) == {other: (video_id, WAITS)}
    assert row(engine, other).links == 1


def test_links_out_of_the_library_are_named_and_never_followed(engine: Engine, root: Path, tmp_path: Path) -> None:
    films.write(tmp_path / "elsewhere" / "a.mkv")
    films.write(root / "b.mkv")
    (root / "a.mkv").symlink_to(tmp_path / "elsewhere" / "a.mkv")
    (root / "loop").symlink_to(root)

    summary = look(engine, root)

    assert (summary.found, summary.outside_links) == (1, (root / "a.mkv",))
    assert films.states(engine) == {"b.mkv": WAITS}


def test_a_film_replaced_by_a_link_is_gone(engine: Engine, root: Path, tmp_path: Path) -> None:
    path = films.write(root / "a.mkv")
    films.write(root / "b.mkv")
    look(engine, root)
    path.rename(tmp_path / "a.mkv")
    path.symlink_to(tmp_path / "a.mkv")

    assert look(engine, root).gone == 1


def test_excluded_films_are_skipped_not_gone_and_come_back_with_the_pattern(engine: Engine, root: Path) -> None:
    for name in ("keep.mkv", "Extras/waits.mkv", "Extras/done.mkv", "Extras/failed.mkv"):
        films.write(root / name)
    look(engine, root)
    put(engine, "done.mkv", State.REPLACED)
    put(engine, "failed.mkv", State.FAILED)

    summary = look(engine, root, ScanOptions(stable_seconds=0, exclude=("**/extras",)))

    assert (summary.found, summary.excluded, summary.gone) == (1, 1, 0)
    expected = {"keep.mkv": WAITS, "waits.mkv": State.SKIPPED, "done.mkv": State.REPLACED, "failed.mkv": State.FAILED}
    assert films.states(engine) == expected
    assert films.state(engine, films.rows(engine)["waits.mkv"][0]).reason == "excluded"

    look(engine, root)

    assert films.states(engine) == expected | {"waits.mkv": WAITS}


def test_a_film_that_somebody_encodes_is_fenced_when_it_changes(engine: Engine, root: Path) -> None:
    films.write(root / "a.mkv")
    look(engine, root)
    video_id = put(engine, "a.mkv", State.CRF_SEARCHED)
    with database.session(engine) as session:
        transitions.claim(session, video_id, State.CRF_SEARCHED, holder="h", lease=timedelta(hours=1))
    films.write(root / "a.mkv", b"another film")

    look(engine, root)

    assert films.state(engine, video_id).claimed_by == ""
    assert films.states(engine) == {"a.mkv": WAITS}


def test_a_scan_in_the_middle_of_a_swap_leaves_it_alone(engine: Engine, root: Path) -> None:
    films.write(root / "same.mkv")
    films.write(root / "other.mp4")
    look(engine, root)
    ids = {name: put(engine, name, State.ENCODED) for name in ("same.mkv", "other.mp4")}
    with database.session(engine) as session:
        attempts = {
            name: transitions.claim(session, video_id, State.ENCODED, holder="h", lease=timedelta(hours=1))
            for name, video_id in ids.items()
        }
    films.write(root / "same.mkv", b"the result")
    films.write(root / "other.mkv", b"the other result")
    (root / "other.mp4").unlink()

    summary = look(engine, root)
    assert (summary.changed, summary.gone, summary.ignored_unstable) == (0, 0, 1)

    with database.session(engine) as session:
        for name, result in (("same.mkv", "same.mkv"), ("other.mp4", "other.mkv")):
            videos.adopt(session, ids[name], root / result, fingerprint.fingerprint(root / result))
            transitions.move(session, ids[name], State.ENCODED, State.REPLACED, attempt=attempts[name])

    assert look(engine, root) == ScanSummary(found=2)
    rows = films.rows(engine)
    assert rows["same.mkv"] == (ids["same.mkv"], State.REPLACED)
    assert rows["other.mkv"] == (ids["other.mp4"], State.REPLACED)


def test_a_part_of_a_library_can_be_scanned_alone(engine: Engine, root: Path) -> None:
    for name in ("tv/a.mkv", "tv/b.mkv", "tv_/c.mkv", "d.mkv"):
        films.write(root / name)
    look(engine, root)
    for name in ("tv/a.mkv", "tv_/c.mkv", "d.mkv"):
        (root / name).unlink()
    films.write(root / "new.mkv")

    assert look(engine, root, within=root / "tv") == ScanSummary(found=1, gone=1)

    assert films.states(engine) == {"a.mkv": State.GONE, "b.mkv": WAITS, "c.mkv": WAITS, "d.mkv": WAITS}
    with pytest.raises(RootMissing):
        look(engine, root, within=root / "nowhere")


def test_a_single_film_is_scanned_whatever_its_name(engine: Engine, root: Path) -> None:
    path = films.write(root / "odd.name")
    films.write(root / "b.mkv")
    with database.session(engine) as session:
        library = roots.ensure(session, root)

    assert scan.scan_file(engine, library, path) == ScanSummary(found=1, new=1)
    assert scan.scan_file(engine, library, path) == ScanSummary(found=1)
    assert films.states(engine) == {"odd.name": WAITS}

    with pytest.raises(FileUnreadable, match="cannot be read"):
        scan.scan_file(engine, library, root / "nothing.mkv")
    with pytest.raises(LibraryError, match="not in the library"):
        scan.scan_file(engine, library, root.parent / "b.mkv")


def _scan(url: str, library: Library, die_after: int) -> None:
    batches = itertools.count(1)

    def die(_: Progress) -> None:
        if next(batches) == die_after:
            os.kill(os.getpid(), 9)

    scan.scan(database.engine(url), library, NOW, report=die)


def identities(engine: Engine) -> dict[Path, object]:
    with database.session(engine) as session:
        return {video.path: videos.identity(video) for video in session.exec(select(Video)).all()}


def test_a_killed_scan_goes_on_where_it_was_and_ends_the_same(url: str, engine: Engine, root: Path) -> None:
    for number in range(900):
        films.write(root / f"{number % 7}" / f"{number}.mkv", os.urandom(50))
    with database.session(engine) as session:
        library = roots.ensure(session, root)
    run = multiprocessing.get_context("fork").Process(target=_scan, args=(url, library, 2))
    run.start()
    run.join()
    assert run.exitcode == -9
    written = identities(engine)
    assert len(written) == 400
    # Other bytes behind the same stat: only who reads the files again would notice.
    for path in written:
        status = path.stat()
        path.write_bytes(os.urandom(50))
        os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))

    assert scan.scan(engine, library, NOW) == ScanSummary(found=900, new=500)

    found = identities(engine)
    assert {path: found[path] for path in written} == written
    rest = found.keys() - written.keys()
    assert {path: found[path] for path in rest} == {path: fingerprint.fingerprint(path) for path in rest}
    with database.session(engine) as session:
        assert session.exec(select(StateChange)).all() == []


NAMES = st.sampled_from(["a.mkv", "b.mkv", "tv/a.mkv", "tv/c.mkv"])
STEPS = st.one_of(
    st.tuples(st.just("write"), NAMES, NAMES),
    st.tuples(st.just("delete"), NAMES, NAMES),
    st.tuples(st.just("move"), NAMES, NAMES),
    st.tuples(st.just("link"), NAMES, NAMES),
    st.tuples(st.just("scan"), NAMES, NAMES),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, max_size=14))
def test_after_any_changes_a_scan_knows_exactly_what_is_there(
    steps: list[tuple[str, str, str]], sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    shutil.copy(sqlite_template, folder / "r.db")
    engine, root, clock = database.engine(f"sqlite:///{folder}/r.db"), folder / "films", itertools.count()
    (root / "tv").mkdir(parents=True)
    (root / "keep.mkv").write_bytes(b"keep")
    for action, first, second in [*steps, ("scan", "", "")]:
        one, two = root / first, root / second
        if action == "write":
            films.write(one, f"film {next(clock)}".encode())
        if action == "delete":
            one.unlink(missing_ok=True)
        if action == "move" and one.exists():
            one.replace(two)
        if action == "link" and one.exists() and not two.exists():
            two.hardlink_to(one)
        if action == "scan":
            look(engine, root, ALL_GONE)

    summary = look(engine, root, ALL_GONE)

    on_disk = {path.stat().st_ino: path.stat() for path in root.rglob("*.mkv")}
    living = {row.path: row for row in _living(engine)}
    engine.dispose()
    assert (summary.new, summary.changed, summary.moved, summary.gone) == (0, 0, 0, 0)
    assert {row.inode for row in living.values()} == on_disk.keys()
    for path, found in living.items():
        assert videos.identity(found) == fingerprint.fingerprint(path)


def _living(engine: Engine) -> list[Video]:
    with database.session(engine) as session:
        query = select(Video, films.VideoState).where(Video.id == films.VideoState.video_id)
        return [video for video, state in session.exec(query).all() if state.state != State.GONE.value]
