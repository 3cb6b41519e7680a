"""Instances in trouble, and folders that lead nowhere: what is told, and that nothing is forgotten for it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from reencodarr.arr.instance import Instance, Kind
from reencodarr.arr.mapping import Mapping
from reencodarr.arr.models import MediaFile, Title
from reencodarr.errors import ArrBusy, ArrError, ArrIsNot, ArrRefused, ArrUnreachable, WorkStopped
from reencodarr.library.states import State
from reencodarr.library.tables import Library
from reencodarr.stages.arrs import syncing
from reencodarr.stages.arrs.comparing import Change
from reencodarr.stages.arrs.places import Places, Unmapped
from tests.arr.conftest import QUICK
from tests.arr.fake import Failure, serving
from tests.library import films
from tests.stages.arrs import both_sides
from tests.stages.arrs.both_sides import Site
from tests.stages.conftest import Place


@pytest.fixture
def site(place: Place) -> Iterator[Site]:
    """A library of which two series were synced once."""
    with serving(both_sides.seeing(place)) as fake:
        found = both_sides.made(fake, place)
        found.series(2, title="One")
        found.series(1, title="Two")
        found.place.scan()
        found.sync()
        yield found


def refused(site: Site) -> Site:
    return both_sides.made(site.fake, site.place, api_key=SecretStr("wrong"))


def behind_a_login(site: Site) -> Site:
    site.fake.knobs.page = True
    return site


def in_trouble(site: Site) -> Site:
    site.fake.knobs.failures.append(Failure(status=503, times=99))
    return site


def elsewhere(site: Site) -> Site:
    return both_sides.made(site.fake, site.place, url="http://127.0.0.1:9")


def cut_off(site: Site) -> Site:
    site.fake.knobs.mangle = lambda path, answer: {"oops": 1} if path == "/series" else answer
    return site


@pytest.mark.parametrize(
    ("break_it", "error"),
    [
        (refused, ArrRefused),
        (behind_a_login, ArrIsNot),
        (in_trouble, ArrBusy),
        (elsewhere, ArrUnreachable),
        (cut_off, ArrIsNot),
    ],
    ids=lambda one: one.__name__,
)
def test_an_instance_in_trouble_is_named_and_nothing_is_forgotten(
    site: Site, break_it: object, error: type[ArrError]
) -> None:
    assert callable(break_it)
    before = site.row()

    with pytest.raises(error) as raised:
        break_it(site).sync()

    after = site.row()
    assert after.failing
    assert after.sync_words == str(raised.value)
    assert "0123456789abcdef" not in after.sync_words
    assert after.synced_at == before.synced_at
    assert len(site.rows()) == 3
    assert set(site.known().values()) == {State.NEEDS_ANALYSIS}


def test_trouble_in_the_middle_ends_the_sync_soon_and_not_title_by_title(site: Site) -> None:
    for number in range(60):
        site.fake.library.add_title(f"Many {number}", folder=f"/tv/Many {number}")
    site.fake.knobs.failures.append(Failure(status=503, times=9999, matching="/episodefile|/status"))
    site.fake.asked.clear()
    status = Failure(status=200, times=1, matching="/status")
    status.body = b'{"appName": "Sonarr", "version": "4.0.0.1"}'
    site.fake.knobs.failures.insert(0, status)

    with pytest.raises(ArrBusy):
        site.sync()

    assert sum("/episodefile" in one for one in site.fake.asked) < 4 * 62 / 2
    assert site.row().failing
    assert len(site.rows()) == 3


def test_a_failing_title_is_read_the_next_time(site: Site) -> None:
    [new] = site.series(1, title="Three")
    site.fake.knobs.failures.append(Failure(status=500, times=12, matching="/episodefile"))
    first = site.sync()

    second = site.sync()

    assert (first.failed, second.failed) == (3, 0)
    assert new.id in site.rows()


def test_who_is_asked_to_stop_stops_and_is_no_failure(site: Site) -> None:
    with pytest.raises(WorkStopped):
        syncing.sync(site.workplace, "main", times=QUICK, stop=lambda: True)

    assert site.row().failing is False


def test_only_a_few_titles_are_asked_for_at_once(site: Site) -> None:
    for number in range(3 * syncing.AT_ONCE):
        title = site.fake.library.add_title(f"Show {number}", folder=f"/tv/Show {number}")
        site.fake.library.add_file(title, "a.mkv")
    site.fake.knobs.delay = 0.05

    site.sync()

    assert 1 < site.fake.most <= syncing.AT_ONCE


def test_files_that_we_cannot_see_are_told_by_folder_and_are_no_failure(site: Site) -> None:
    for name in ("A", "B"):
        title = site.fake.library.add_title(name, folder=f"/data/cartoons/{name}")
        site.fake.library.add_file(title, f"{name}.mkv")

    done = site.sync()

    [found] = json.loads(site.row().unmapped)
    assert (found["folder"], found["files"]) == ("/data/cartoons", 2)
    assert "No mapping leads there" in found["words"]
    assert "2 files cannot be seen here" in done.words
    assert done.failed == 0
    assert sum(row.video_id is None for row in site.rows().values()) == 2


def test_a_disk_that_is_away_takes_no_film_with_it(site: Site) -> None:
    files = [row for row in site.rows().values() if row.title == "One"]
    site.films.rename(site.films.parent / "away")

    done = site.sync()
    for row in files:
        site.fake.library.forget(row.file_id, "missingFromDisk")
    again = site.sync()

    assert [one.folder for one in done.unmapped] == ["/tv"]
    assert again.failed
    assert set(site.known().values()) == {State.NEEDS_ANALYSIS}
    assert len(site.rows()) == 3, "they are asked about again when the disk is back"


def test_films_that_they_do_not_know_are_none_of_their_business(site: Site) -> None:
    films.write(site.films / "One" / "holiday.mkv")
    site.place.scan()

    site.sync()

    assert site.known()["holiday.mkv"] is State.NEEDS_ANALYSIS


def places(folder: Path, *mappings: Mapping) -> Places:
    instance = Instance(
        name="main", kind=Kind.SONARR, url="http://nas", api_key=SecretStr("k"), mappings=tuple(mappings)
    )
    (folder / "nas" / "tv").mkdir(parents=True)
    (folder / "nas" / "new").mkdir()
    return Places(instance, [Library(id=1, path=folder / "nas" / "tv")])


def lost(where: Places, folder: str, separator: str = "/") -> Unmapped:
    """What is said of a file in a series' folder."""
    file = MediaFile(id=1, title_id=1, path=separator.join((folder, "S01", "a.mkv")), size=1)
    assert where.of(Title(id=1, path=folder), file) is None
    [found] = where.unmapped
    return found


def test_a_mapping_is_suggested_where_a_library_is_called_the_same(tmp_path: Path) -> None:
    found = lost(places(tmp_path), "/data/TV/Firefly")

    assert found.folder == "/data/TV"
    assert found.mapping == f"/data/TV={tmp_path}/nas/tv"
    assert f"Add `{found.mapping}` to REENCODARR_SONARR__MAIN__MAPPINGS" in found.words


def test_a_windows_hosts_folder_is_named_as_it_is_written_there(tmp_path: Path) -> None:
    found = lost(places(tmp_path), "D:\\Media\\tv\\Firefly", "\\")

    assert found.folder == "D:\\Media\\tv"
    assert found.mapping == f"D:\\Media\\tv={tmp_path}/nas/tv"


def test_a_folder_in_no_library_is_to_be_added(tmp_path: Path) -> None:
    where = places(tmp_path, Mapping(theirs="/new", ours=tmp_path / "nas" / "new"))

    found = lost(where, "/new/Firefly")

    assert f"reencodarr libraries add {tmp_path}/nas/new" in found.words


def test_a_mapping_that_leads_nowhere_is_said_to(tmp_path: Path) -> None:
    where = places(tmp_path, Mapping(theirs="/new", ours=tmp_path / "nas" / "typo"))

    found = lost(where, "/new/Firefly")

    assert "which is not there: its disk is not mounted, or the mapping is wrong" in found.words


def test_a_link_to_a_library_is_followed(tmp_path: Path) -> None:
    where = places(tmp_path, Mapping(theirs="/tv", ours=tmp_path / "link"))
    (tmp_path / "link").symlink_to(tmp_path / "nas" / "tv")

    found = where.of(Title(id=1, path="/tv/Firefly"), MediaFile(id=1, title_id=1, path="/tv/Firefly/a.mkv", size=1))

    assert found is not None
    assert found.path == tmp_path / "nas" / "tv" / "Firefly" / "a.mkv"
    assert where.unmapped == ()


def test_paths_that_no_disk_holds_and_numbers_out_of_range_harm_nobody(site: Site) -> None:
    def mangle(path: str, answer: object) -> object:
        if path != "/episodefile" or not isinstance(answer, list):
            return answer
        strange = ["/tv/One/\x00.mkv", "relative.mkv", "/tv/../etc/passwd", "C:\\tv\\a.mkv"]
        more = [{**answer[0], "id": 900 + number, "path": path} for number, path in enumerate(strange)]
        return [*answer, *more] if len(answer) == 2 else [{**answer[0], "size": 10**30}]

    site.fake.knobs.mangle = mangle
    site.fake.library.tags[5] = "odd"
    first, second = site.sync(), site.sync()

    assert (first.failed, first.files, first.changes[Change.NEW]) == (1, 6, 4)
    assert first.troubles[0].title == "Two"
    assert second.changes[Change.SAME] == 6
    assert len(site.known()) == 3
