"""Syncs of a pretended Sonarr that shares a folder with us: what our films go through, and what is written."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlmodel import select

from reencodarr.errors import SyncBusy, TooManyUnlisted
from reencodarr.library import arr_files, database, locks
from reencodarr.library.states import State
from reencodarr.library.tables import ArrFile, ArrWish, Facts, StateChange, VideoState
from reencodarr.progress import Progress
from reencodarr.stages.arrs import syncing
from reencodarr.stages.arrs.comparing import Change
from tests.arr.conftest import QUICK
from tests.arr.fake import serving
from tests.library import films
from tests.stages.arrs import both_sides
from tests.stages.arrs.both_sides import Site
from tests.stages.conftest import Place


@pytest.fixture
def site(place: Place) -> Iterator[Site]:
    with serving(both_sides.seeing(place)) as fake:
        yield both_sides.made(fake, place)


@pytest.fixture
def movies(place: Place) -> Iterator[Site]:
    with serving(both_sides.seeing(place, "radarr")) as fake:
        yield both_sides.made(fake, place)


def learned(site: Site, path: Path) -> int:
    """Make a film known with all that is learned about one; its number."""
    number, _ = site.video(path)
    films.learn(site.workplace.database, number)
    return number


def has_facts(site: Site, number: int) -> bool:
    with database.session(site.workplace.database, reads_only=True) as session:
        return session.get(Facts, number) is not None


def told(site: Site) -> list[Progress]:
    """What a sync says of itself."""
    said: list[Progress] = []
    syncing.sync(site.workplace, "main", report=said.append, times=QUICK)
    return said


def changes(site: Site) -> int:
    with database.session(site.workplace.database, reads_only=True) as session:
        return len(session.exec(select(StateChange)).all())


def test_files_that_the_scan_knew_are_tied_to_their_films_and_nothing_else_happens(site: Site) -> None:
    files = site.series(3)
    site.place.scan()
    before = changes(site)

    done = site.sync()

    rows = site.rows()
    assert {number: row.video_id for number, row in rows.items()} == {
        one.id: site.video(site.here(one))[0] for one in files
    }
    assert (done.titles, done.files, done.changes) == (1, 3, {Change.NEW: 3})
    assert changes(site) == before
    assert site.row().failing is False
    assert site.row().version.startswith("4.")
    assert site.row().synced_at is not None


def test_a_sync_tells_how_far_it_is_from_the_first_one_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncing, "BATCH", 2)
    for number in range(4):
        site.series(1, title=f"Show {number}")

    first, second = told(site), told(site)

    assert [one.fraction for one in first] == [one.fraction for one in second] == [0.25, 0.5, 0.75, 1.0]
    assert first[-1].detail == "4 of 4 titles, 4 files"


def test_a_second_sync_writes_nothing(site: Site) -> None:
    site.series(3)
    site.place.scan()
    site.sync()
    before = site.rows()

    done = site.sync()

    assert done.changes == {Change.SAME: 3}
    assert {number: row.seen_at for number, row in site.rows().items()} == {
        number: row.seen_at for number, row in before.items()
    }


def test_a_new_file_is_found_before_any_scan_of_the_library(site: Site) -> None:
    site.series(1, title="Known")
    site.place.scan()
    [new] = site.series(1, title="New")

    done = site.sync()

    number, state = site.video(site.here(new))
    assert state is State.NEEDS_ANALYSIS
    assert site.rows()[new.id].video_id == number
    assert [line.words for line in done.lines if line.title == "New"] == [new.path]


def test_a_replaced_file_loses_what_was_learned_and_is_analysed_again(site: Site) -> None:
    old, other = site.series(2)
    site.place.scan()
    site.sync()
    number, unharmed = learned(site, site.here(old)), learned(site, site.here(other))
    site.fake.library.upgrade(old.id, size=700)
    films.write(site.here(old), b"x" * 700)

    done = site.sync()

    assert done.changes[Change.REPLACED] == 1
    assert site.video(site.here(old)) == (number, State.NEEDS_ANALYSIS)
    assert not has_facts(site, number)
    assert has_facts(site, unharmed)
    assert old.id not in site.rows()


def test_another_release_of_the_same_name_size_time_and_inode_is_seen_by_its_id(site: Site) -> None:
    [old] = site.series(1)
    path = site.here(old)
    site.place.scan()
    site.sync()
    number = learned(site, path)
    before = path.stat()
    site.fake.library.forget(old.id, "upgrade")
    with path.open("r+b") as file:
        file.write(b"y" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    title = site.fake.library.titles[old.title_id]
    new = site.fake.library.add_file(title, old.path.removeprefix(f"{title.path}/"), size=before.st_size)

    site.place.scan()
    kept = has_facts(site, number)
    done = site.sync()

    assert kept, "the scan alone cannot see it"
    assert done.changes[Change.REPLACED] == 1
    assert not has_facts(site, number)
    assert site.rows()[new.id].video_id == number


def test_a_database_made_anew_gives_other_ids_and_no_film_is_harmed(site: Site) -> None:
    files = site.series(12)
    site.place.scan()
    site.sync()
    number = learned(site, site.here(files[0]))
    before = changes(site)
    ids = site.fake.library.change_ids()

    site.sync()

    assert set(site.rows()) == set(ids.values())
    assert has_facts(site, number)
    assert changes(site) == before


def test_a_rename_keeps_everything(site: Site) -> None:
    [file] = site.series(1)
    site.place.scan()
    site.sync()
    number = learned(site, site.here(file))
    site.fake.library.renames[file.id] = "Season 01/Firefly - S01E01 - Serenity.mkv"
    site.fake.library.rename([file.id])

    done = site.sync()

    assert done.changes == {Change.RENAMED: 1}
    assert site.video(site.films / "Firefly/Season 01/Firefly - S01E01 - Serenity.mkv")[0] == number
    assert has_facts(site, number)
    assert len(site.known()) == 1


def test_a_film_that_they_copied_to_another_disk_keeps_everything(site: Site) -> None:
    [file] = site.series(1)
    site.place.scan()
    site.sync()
    path = site.here(file)
    number = learned(site, path)
    with database.session(site.workplace.database) as session:
        session.get_one(VideoState, number).state = State.SKIPPED.value
    copy = films.write(site.films / "Disk 2" / "Firefly - S01E01.mkv", path.read_bytes(), age=60 * 60 * 5)
    path.unlink()
    file.path = "/tv/Disk 2/Firefly - S01E01.mkv"

    done = site.sync()

    assert done.changes == {Change.RENAMED: 1}
    assert site.video(copy) == (number, State.SKIPPED)
    assert has_facts(site, number)
    assert site.rows()[file.id].video_id == number
    assert sorted(site.known().values()) == [State.GONE, State.SKIPPED], "the scan had taken it for a new one"


def test_a_deleted_file_becomes_a_tombstone_and_its_row_goes(site: Site) -> None:
    first, second = site.series(2)
    site.place.scan()
    site.sync()
    site.fake.library.delete(first.id)

    done = site.sync()

    assert done.changes[Change.GONE] == 1
    assert site.video(site.here(first))[1] is State.GONE
    assert site.video(site.here(second))[1] is State.NEEDS_ANALYSIS
    assert set(site.rows()) == {second.id}


def test_what_they_forget_but_we_still_see_is_not_buried(site: Site) -> None:
    first, _ = site.series(2)
    site.place.scan()
    site.sync()
    site.fake.library.forget(first.id, "manual")

    site.sync()

    assert site.video(site.here(first))[1] is State.NEEDS_ANALYSIS
    assert first.id not in site.rows()


def test_a_series_that_they_no_longer_have_takes_its_rows_with_it(site: Site) -> None:
    [stays], [goes, _] = site.series(1, title="Stays"), site.series(2, title="Goes")
    site.place.scan()
    site.sync()
    for one in list(site.fake.library.files_of(goes.title_id)):
        site.fake.library.delete(one.id)
    del site.fake.library.titles[goes.title_id]

    site.sync()

    assert set(site.rows()) == {stays.id}
    assert site.video(site.here(goes))[1] is State.GONE


def test_more_than_is_believed_is_not_forgotten(site: Site) -> None:
    files = site.series(10)
    site.place.scan()
    site.sync()
    for one in files[:4]:
        site.fake.library.forget(one.id, "manual")

    with pytest.raises(TooManyUnlisted, match="no longer lists 4 of 10 known files"):
        site.sync()

    assert len(site.rows()) == 10
    assert site.row().failing
    assert "REENCODARR_GONE_LIMIT" in site.row().sync_words


def test_a_file_of_another_size_of_ours_is_looked_at_only_where_the_disk_says_so_too(site: Site) -> None:
    [file] = site.series(1)
    site.place.scan()
    site.sync()
    number = learned(site, site.here(file))
    site.fake.library.files[file.id].size += 1
    site.sync()
    kept = has_facts(site, number)
    films.write(site.here(file), b"z" * (file.size + 5))
    site.fake.library.files[file.id].size = file.size + 5

    site.sync()

    assert kept
    assert not has_facts(site, number)


def test_what_a_pattern_leaves_out_stays_out(site: Site) -> None:
    excluding = Site(fake=site.fake, place=site.place.with_settings(exclude=("**/Season 01/**",)))
    excluding.series(2)
    films.write(site.films / "seen.mkv")
    excluding.place.scan()

    excluding.sync()

    assert set(excluding.known()) == {"seen.mkv"}


def test_a_title_that_makes_no_sense_is_named_and_the_others_go_on(site: Site) -> None:
    bad, good = site.series(1, title="Bad"), site.series(1, title="Good")
    site.place.scan()
    site.sync()

    def mangle(path: str, answer: object) -> object:
        if path == "/episodefile" and isinstance(answer, list) and answer[0]["id"] == bad[0].id:
            return [{**answer[0], "id": None}]
        return answer

    site.fake.knobs.mangle = mangle
    done = site.sync()

    assert (done.failed, done.troubles[0].title) == (1, "Bad")
    assert set(site.rows()) == {bad[0].id, good[0].id}
    assert site.row().failing is False
    assert "1 title failed" in site.row().sync_words


def test_an_entry_without_an_id_costs_no_title_its_rows(site: Site) -> None:
    bad, good = site.series(1, title="Bad"), site.series(1, title="Good")
    site.place.scan()
    site.sync()
    site.fake.knobs.mangle = lambda path, answer: (
        [{**one, "id": one["id"] if one["title"] == "Good" else None} for one in answer]  # type: ignore[attr-defined]
        if path == "/series"
        else answer
    )

    done = site.sync()

    assert done.failed == 1
    assert set(site.rows()) == {bad[0].id, good[0].id}


def test_two_syncs_at_once_do_no_harm(site: Site) -> None:
    site.series(3)
    site.place.scan()
    site.fake.knobs.delay = 0.2

    with ThreadPoolExecutor(2) as pool:
        ended = [pool.submit(site.sync) for _ in range(2)]
        errors = [one.exception() for one in ended]

    assert sorted(type(error).__name__ for error in errors) == ["NoneType", "SyncBusy"]
    assert len(site.rows()) == 3
    assert site.row().failing is False


def test_a_sync_that_waits_for_another_is_no_failure_of_the_instance(site: Site) -> None:
    site.sync()
    with locks.held(site.workplace.settings.data_dir, "sync-main"), pytest.raises(SyncBusy):
        site.sync()

    assert site.row().failing is False


def test_a_later_look_wins_over_an_older_list(site: Site) -> None:
    [file] = site.series(1)
    site.place.scan()
    site.sync()
    [row] = site.rows().values()
    older = row.model_copy(update={"size": 1, "seen_at": row.seen_at.replace(year=2000)})

    with database.session(site.workplace.database) as session:
        arr_files.write(session, [older])
        dropped = arr_files.drop(session, "main", [file.id], before=older.seen_at)

    assert dropped == 0
    assert site.rows()[file.id].size == file.size


def test_an_instance_that_left_the_settings_is_forgotten(site: Site) -> None:
    site.series(1)
    site.place.scan()
    site.sync()
    with database.session(site.workplace.database) as session:
        session.add(ArrFile(instance="old", file_id=1, title_id=1, theirs="/x", size=1))
        arr_files.note(session, "old", "radarr")

    found = syncing.names(site.workplace)

    assert found == ["main"]
    assert {row.instance for row in site.rows().values()} == {"main"}


def test_no_instance_at_all_forgets_nothing(site: Site) -> None:
    site.series(1)
    site.place.scan()
    site.sync()

    found = syncing.names(site.place.with_settings(sonarr={}).workplace)

    assert found == []
    assert len(site.rows()) == 1


def test_a_movies_year_and_tags_come_along(movies: Site) -> None:
    title = movies.fake.library.add_title("Alien", folder="/tv/Alien", year=1979, tags=("Horror", "4k"))
    file = movies.add(title, "Alien.mkv")
    movies.place.scan()

    movies.sync()

    row = movies.rows()[file.id]
    assert (row.year, arr_files.tags(row), row.title) == (1979, ("4k", "horror"), "Alien")


def test_names_of_every_script_arrive_as_they_are(site: Site) -> None:
    [file] = site.series(1, title="攻殻機動隊 – Ünïcødé 🎬")

    site.place.scan()
    site.sync()

    assert site.rows()[file.id].video_id == site.video(site.here(file))[0]


def test_a_file_that_is_still_being_swapped_is_asked_for_again_soon(site: Site) -> None:
    [file] = site.series(1)
    site.place.scan()
    site.sync()
    number = learned(site, site.here(file))
    with database.session(site.workplace.database) as session:
        state = session.get_one(VideoState, number)
        state.state, state.claimed_by = State.ENCODED.value, "somebody"
        session.add(state)
    site.fake.library.upgrade(file.id, size=700)
    films.write(site.here(file), b"x" * 700)

    done = site.sync()

    assert done.failed == 1
    assert set(site.rows()) == {file.id}, "the next look finds the same difference"
    with database.session(site.workplace.database, reads_only=True) as session:
        assert [(wish.title_id, wish.event) for wish in session.exec(select(ArrWish)).all()] == [
            (file.title_id, "file in motion")
        ]
