"""What every application promises, held against a pretended Sonarr and a pretended Radarr."""

import itertools
import json
from pathlib import Path

import pytest

from reencodarr.arr.application import Application
from reencodarr.arr.models import GRABBED, IMPORTED
from reencodarr.errors import ArrBusy, ArrFailed, ArrIsNot, ArrNotFound
from reencodarr.units import Seconds
from tests.arr.conftest import connected
from tests.arr.fake import Failure, Fake, FolderDisk, serving

SOON = Seconds(0.01)


def test_it_says_what_it_is(app: Application, fake: Fake) -> None:
    status = app.status()

    assert status.app_name.lower() == fake.kind


def test_titles_come_with_tags_and_years(app: Application, fake: Fake) -> None:
    made = fake.library.add_title("Ünsere Zeit", folder="/films/Ünsere Zeit", year=1999, tags=("Anime", "keep"))
    fake.library.add_file(made, "a.mkv", size=123)

    (title,) = app.titles()

    assert (title.id, title.title, title.year, title.path) == (made.id, "Ünsere Zeit", 1999, "/films/Ünsere Zeit")
    assert {app.tags()[tag] for tag in title.tags} == {"anime", "keep"}
    assert app.title(made.id) == title


def test_an_empty_library_has_no_titles(app: Application) -> None:
    assert list(app.titles()) == []


def test_files_come_with_the_year_they_were_first_seen(app: Application, fake: Fake) -> None:
    title = fake.library.add_title("Long runner", folder="/tv/Long", year=1989)
    made = fake.library.add_file(title, "S20/late.mkv", size=5_000_000_000_000, year=2009)

    (file,) = app.files(title.id)

    assert (file.id, file.title_id, file.path, file.size) == (made.id, title.id, "/tv/Long/S20/late.mkv", made.size)
    assert file.year == (2009 if fake.kind == "sonarr" else 1989)
    assert app.file(made.id).path == file.path


def test_a_title_without_files_has_none(app: Application, fake: Fake) -> None:
    title = fake.library.add_title("Wanted", folder="/tv/Wanted")

    assert app.files(title.id) == []


def test_a_movie_that_leaves_out_its_file_is_asked_for_it() -> None:
    def without_file(path: str, answer: object) -> object:
        return {**answer, "movieFile": None} if path.startswith("/movie/") and isinstance(answer, dict) else answer

    with serving(Fake("radarr")) as fake, connected(fake) as app:
        title = fake.library.add_title("Film", folder="/m/Film", year=1977)
        made = fake.library.add_file(title, "film.mkv")
        fake.knobs.mangle = without_file

        (file,) = app.files(title.id)

        assert (file.id, file.year) == (made.id, 1977)


def test_what_is_not_there_is_not_found(app: Application, fake: Fake) -> None:
    for ask in (app.title, app.files, app.file, app.command):
        with pytest.raises(ArrNotFound):
            ask(999)


def test_a_rescan_keeps_the_id_of_a_file_that_changed_its_size(app: Application, fake: Fake) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    made = fake.library.add_file(title, "a.mkv", size=1000)
    fake.library.disk.held["/tv/Show/a.mkv"] = 400  # type: ignore[attr-defined]

    done = app.wait(app.rescan(title.id), every=SOON)

    assert done.good
    assert [(one.id, one.size) for one in app.files(title.id)] == [(made.id, 400)]


def test_a_rescan_sees_a_real_folder(fake: Fake, tmp_path: Path) -> None:
    fake.library.disk = FolderDisk("/tv", tmp_path / "tv", tmp_path / "bin")
    (tmp_path / "tv" / "Show").mkdir(parents=True)
    film = tmp_path / "tv" / "Show" / "a.mp4"
    film.write_bytes(b"x" * 10)
    title = fake.library.add_title("Show", folder="/tv/Show")
    before = fake.library.add_file(title, "a.mp4", size=10)
    film.rename(film.with_suffix(".mkv"))
    with connected(fake) as app:
        app.wait(app.rescan(title.id), every=SOON)

        (after,) = app.files(title.id)
        assert (after.path, after.size) == ("/tv/Show/a.mkv", 10)
        assert after.id != before.id
        app.delete_file(after.id)

    assert [one.name for one in (tmp_path / "bin").iterdir()] == ["a.mkv"]


def test_only_the_named_files_are_renamed(app: Application, fake: Fake) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    ours, other = fake.library.add_file(title, "ours.mkv"), fake.library.add_file(title, "other.mkv")
    fake.library.renames = {ours.id: "S01/Ours.mkv", other.id: "S01/Other.mkv"}

    offered = {one.file_id: one for one in app.renames(title.id)}
    app.wait(app.rename(title.id, [ours.id]), every=SOON)

    assert offered[ours.id].existing_path == "ours.mkv"
    assert offered[ours.id].new_path == "S01/Ours.mkv"
    assert (app.file(ours.id).path, app.file(other.id).path) == ("/tv/Show/S01/Ours.mkv", "/tv/Show/other.mkv")


def test_a_command_is_waited_for(app: Application, fake: Fake) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    fake.knobs.polls = 5

    done = app.wait(app.rescan(title.id), every=SOON)

    assert not done.pending
    assert sum(one.startswith("GET /command/") for one in fake.asked) == 6


def test_a_command_that_takes_too_long_is_given_up_for_now(app: Application, fake: Fake) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    fake.knobs.polls = 10**9

    with pytest.raises(ArrBusy, match=r"has not ended Rescan\w+ \(1\) after 0 s"):
        app.wait(app.rescan(title.id), patience=Seconds(0.2), every=SOON)


def test_a_command_that_fails_there_says_why(app: Application, fake: Fake) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    fake.knobs.failing_commands = {"RescanSeries", "RescanMovie"}

    with pytest.raises(ArrFailed, match=r"could not do Rescan\w+ .*Disk full"):
        app.wait(app.rescan(title.id), every=SOON)


def test_a_bad_release_is_blocked_deleted_and_searched_for(app: Application, fake: Fake) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    made, other = fake.library.add_file(title, "bad.mkv"), fake.library.add_file(title, "good.mkv")
    for part in fake.library.episodes.values():
        part["monitored"] = False
    title.monitored = False

    parts = app.parts(app.file(made.id))
    records = list(app.history(title.id))
    imported = next(one for one in records if one.event in IMPORTED and one.file_id == made.id)
    grab = next(one for one in records if one.event == GRABBED and one.download_id == imported.download_id)
    app.monitor(parts)
    app.mark_failed(grab.id)
    app.delete_file(made.id)
    app.wait(app.search(parts), every=SOON)

    assert fake.library.blocked == [f"bad.{made.id}-GRP"]
    assert fake.library.searched == [parts]
    assert made.id not in fake.library.files
    assert other.id in fake.library.files
    if fake.kind == "sonarr":
        assert [one["monitored"] for one in fake.library.episodes.values()] == [True, False]
    else:
        assert title.monitored


def test_what_is_deleted_already_counts_as_deleted(app: Application, fake: Fake) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    made = fake.library.add_file(title, "a.mkv")
    fake.knobs.failures = [Failure(status=502, matching="^DELETE", afterwards=True)]

    app.delete_file(made.id)

    assert fake.library.files == {}
    assert [one.split("/")[0] for one in fake.asked] == ["DELETE ", "DELETE "]


def test_pages_are_turned_to_the_last(app: Application, fake: Fake) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    for number in range(301):
        fake.library.add_file(title, f"{number}.mkv")

    records = list(app.history(title.id))

    assert len({one.id for one in records}) == len(records) == 602
    assert records[0].id > records[-1].id
    assert fake.asked.count("GET /history") == 3


def test_a_record_that_moves_to_the_next_page_comes_once(app: Application, fake: Fake) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    for number in range(150):
        fake.library.add_file(title, f"{number}.mkv")
    before = len(fake.library.history)

    records = app.history(title.id)
    first = next(records)
    fake.library.add_file(title, "new.mkv")
    ids = [first.id, *(one.id for one in records)]

    assert len(ids) == len(set(ids)) == before


def test_ids_that_changed_are_seen(app: Application, fake: Fake) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    made = fake.library.add_file(title, "a.mkv")

    moved = fake.library.change_ids()

    assert [one.id for one in app.files(title.id)] == [moved[made.id]]
    with pytest.raises(ArrNotFound):
        app.file(made.id)


def test_missing_and_senseless_hints_do_no_harm(app: Application, fake: Fake) -> None:
    title = fake.library.add_title("Show", folder="D:\\tv\\Show")
    fake.library.add_file(title, "ä\U0001f600.mkv")

    def senseless(path: str, answer: object) -> object:
        if isinstance(answer, list):
            return [senseless(path, one) for one in answer]
        if not isinstance(answer, dict) or "id" not in answer:
            return answer
        changed = {"mediaInfo": {"videoFps": "fast", "videoBitrate": 1e400}, "year": None, "sceneName": None}
        held = {"movieFile": senseless(path, answer["movieFile"])} if "movieFile" in answer else {}
        return {**answer, **changed, **held, "dateAdded": None, "size": str(answer.get("size", 1))}

    fake.knobs.mangle = senseless

    (file,) = app.files(title.id)

    assert (file.path, file.size) == ("D:\\tv\\Show\\ä\U0001f600.mkv", 1_500_000_000)
    assert file.date_added == ""


@pytest.mark.parametrize("wrong", [{"id": None}, {"path": ""}, {"path": None}, {"size": -1}, {"size": "big"}])
def test_a_file_that_makes_no_sense_is_not_left_out(app: Application, fake: Fake, wrong: dict[str, object]) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    fake.library.add_file(title, "a.mkv")

    def mangle(path: str, answer: object) -> object:
        if isinstance(answer, list) and "file" in path:
            return [{**one, **wrong} for one in answer]
        if isinstance(answer, dict) and "movieFile" in answer:
            return {**answer, "movieFile": {**answer["movieFile"], **wrong}}
        return answer

    fake.knobs.mangle = mangle

    with pytest.raises(ArrIsNot, match=f"makes no sense: {next(iter(wrong))}"):
        app.files(title.id)


def test_a_title_that_makes_no_sense_does_not_stop_the_others(app: Application, fake: Fake) -> None:
    for name in "abc":
        fake.library.add_title(name, folder=f"/tv/{name}")
    numbers = itertools.count()
    fake.knobs.mangle = lambda path, answer: (
        [{**one, "id": None} if next(numbers) == 1 else one for one in answer] if isinstance(answer, list) else answer
    )
    words: list[str] = []

    names = [one.title for one in app.titles(unreadable=words.append)]

    assert names == ["a", "c"]
    assert len(words) == 1
    numbers = itertools.count()
    with pytest.raises(ArrIsNot):
        list(app.titles())


def test_a_list_too_long_for_memory_comes_whole(app: Application, fake: Fake) -> None:
    many = [{"id": number, "title": "x" * 1000} for number in range(1, 6001)]
    fake.knobs.failures = [Failure(status=200, body=json.dumps(many).encode())]

    assert [one.id for one in app.titles()] == list(range(1, 6001))


def test_how_many_titles_there_are_is_told_before_the_first_unless_the_list_breaks_off(
    app: Application, fake: Fake
) -> None:
    for name in "abc":
        fake.library.add_title(name, folder=f"/tv/{name}")
    counted: list[int] = []

    next(app.titles(counted=counted.append))
    assert counted == [3]

    fake.knobs.failures = [Failure(status=200, body=b'[{"id": 1}, {"id"')]
    with pytest.raises(ArrIsNot):
        list(app.titles(unreadable=lambda words: None, counted=counted.append))
    assert counted == [3]


def test_a_library_is_made_up_as_it_is_asked_for(app: Application, fake: Fake) -> None:
    fake.library.fill(300, 1)

    titles = list(app.titles())
    (file,) = app.files(titles[-1].id)

    assert len(titles) == 300
    assert app.file(file.id).path == file.path
