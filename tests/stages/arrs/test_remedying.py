"""A bad file is replaced step by step, by a pretended Sonarr and Radarr, and only once a person agreed."""

import contextlib
import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from reencodarr.errors import ArrError, ReencodarrError, RemedyRefused, StateConflict
from reencodarr.library import bad_files, database
from reencodarr.library.bad_files import BadState
from reencodarr.library.failures import Which
from reencodarr.library.tables import BadFile, now
from reencodarr.stages import queue
from reencodarr.stages.arrs import remedies, remedying
from tests.arr.fake import Failure, File
from tests.stages.arrs import kit as arrs
from tests.stages.arrs.kit import Shelf
from tests.stages.arrs.test_informing_kills import killed_at
from tests.stages.machines import farm

WITHOUT_BEGUN = ["monitor", "block", "delete", "search", "wait"]


@pytest.fixture
def shelf(root: Path, sqlite_engine: Engine, tmp_path: Path) -> Iterator[Shelf]:
    with arrs.standing("sonarr", root, farm.made(sqlite_engine, tmp_path).workplace) as made:
        yield made


@pytest.fixture(params=["sonarr", "radarr"])
def either(request: pytest.FixtureRequest, root: Path, sqlite_engine: Engine, tmp_path: Path) -> Iterator[Shelf]:
    with arrs.standing(request.param, root, farm.made(sqlite_engine, tmp_path).workplace) as made:
        yield made


def reported(shelf: Shelf, path: Path) -> int:
    video = shelf.video(path).id
    assert video is not None
    with database.session(shelf.workplace.database) as session:
        row = bad_files.report(session, video, reason="no sound")
    assert row.id is not None
    return row.id


def confirmed(shelf: Shelf, path: Path) -> int:
    bad = reported(shelf, path)
    remedies.confirm(shelf.workplace, remedies.propose(shelf.workplace, bad, times=arrs.QUICK))
    return bad


def remedy(shelf: Shelf, bad: int) -> BadState:
    return remedying.remedy(shelf.workplace, bad, times=arrs.QUICK)


def row(shelf: Shelf, bad: int) -> BadFile:
    with database.session(shelf.workplace.database, reads_only=True) as session:
        return bad_files.found(session, bad)


def taken(shelf: Shelf, bad: int) -> list[str]:
    return [step.name for step in bad_files.steps(row(shelf, bad)) if not step.name.endswith(" begun")]


def arrive(shelf: Shelf, old: File) -> File:
    """Another release of the same parts comes in."""
    (shelf.folder / "better.mkv").write_bytes(b"x" * 500)
    return shelf.fake.library.add_file(shelf.title, "better.mkv", size=500, parts=old.parts)


def test_a_bad_file_is_watched_blocked_deleted_looked_for_and_replaced(either: Shelf) -> None:
    path, file = either.add("bad.mkv")
    bad = confirmed(either, path)

    first = remedy(either, bad)
    waited = remedy(either, bad)
    new = arrive(either, file)
    last = remedy(either, bad)

    assert (first, waited, last) == (BadState.SEARCHING, BadState.SEARCHING, BadState.REPLACED)
    assert taken(either, bad) == [*WITHOUT_BEGUN, "replaced"]
    assert either.fake.library.blocked == [f"bad.{file.id}-GRP"]
    [command] = [one["body"] for one in either.fake.answers.commands.values()]
    assert command.get("episodeIds", command.get("movieIds")) == [*(file.parts or (either.title.id,))]
    assert not path.exists()
    assert (either.root.parent / "bin" / "bad.mkv").is_file()
    assert new.path in bad_files.steps(row(either, bad))[-1].words


def test_nothing_is_done_before_somebody_agreed(shelf: Shelf) -> None:
    path, _ = shelf.add("bad.mkv")
    bad = reported(shelf, path)

    proposal = remedies.propose(shelf.workplace, bad, times=arrs.QUICK)
    state = remedy(shelf, bad)
    words = remedying.remedy_all(shelf.workplace, times=arrs.QUICK)

    said = "\n".join(proposal.lines)
    assert "/their/films/Show (2008)/bad.mkv (400 bytes)" in said
    assert "no sound" in said
    assert "/bin" in said
    assert (state, words) == (BadState.REPORTED, "No bad file waits.")
    assert path.exists()
    assert [one for one in shelf.asked() if not one.startswith("GET")] == []


def test_a_season_pack_no_bin_and_a_file_of_several_episodes_are_said_before(shelf: Shelf) -> None:
    path, file = shelf.add("bad.mkv")
    other, _ = shelf.add("other.mkv")
    shelf.fake.library.episodes[900] = {"title_id": shelf.title.id, "year": 2008, "monitored": True}
    file.parts = (*file.parts, 900)
    for record in shelf.fake.library.history:
        record["release"] = "Season.Pack-GRP"
    shelf.fake.knobs.recycle_bin = ""

    said = "\n".join(remedies.propose(shelf.workplace, reported(shelf, path), times=arrs.QUICK).lines)

    assert "2 files came with that release" in said
    assert "deleted for good" in said
    assert "2 episodes in one file" in said
    assert other.exists()


def test_where_it_searches_by_itself_after_a_block_it_is_not_asked_to(either: Shelf) -> None:
    either.fake.knobs.redownloads = True
    path, _ = either.add("bad.mkv")
    bad = confirmed(either, path)

    remedy(either, bad)

    assert taken(either, bad) == ["monitor", "delete", "block", "search", "wait"]
    assert len(either.fake.library.searched) == 1
    assert either.asked("POST /command") == []


def test_without_a_known_grab_nothing_is_blocked_and_it_says_so(shelf: Shelf) -> None:
    path, _ = shelf.add("bad.mkv")
    shelf.fake.library.history.clear()
    bad = confirmed(shelf, path)

    remedy(shelf, bad)

    assert shelf.fake.library.blocked == []
    assert [step.words for step in bad_files.steps(row(shelf, bad)) if step.name == "block"] == [
        "Skipped: the history knows no grab of this file."
    ]
    assert row(shelf, bad).state == "searching"


@pytest.mark.slow
def test_killed_before_any_step_is_kept_nothing_is_deleted_or_searched_twice(either: Shelf) -> None:
    calls = ("POST /command", "DELETE", "POST /history")
    shelf_limit(either, 1000)
    for number in itertools.count(1):
        path, _ = either.add(f"{number}.mkv")
        bad = confirmed(either, path)
        before = [len(either.asked(call)) for call in calls]

        with killed_at(either.workplace.database, number) as seen:
            remedy(either, bad)
        state = remedy(either, bad)

        done = [len(either.asked(call)) for call in calls]
        assert state is BadState.SEARCHING
        assert [after - one for one, after in zip(before, done, strict=True)] == [1, 1, 1], f"killed at {number}"
        assert not path.exists()
        if seen[0] < number:
            break
    assert number > 2 * len(WITHOUT_BEGUN)


def shelf_limit(shelf: Shelf, most: int) -> None:
    shelf.workplace.settings.__dict__["arr_searches_a_day"] = most


@pytest.mark.parametrize("call", ["PUT .*monitor", "POST /history/failed", "DELETE", "POST /command"])
def test_a_step_that_was_done_and_answered_badly_is_not_done_twice(shelf: Shelf, call: str) -> None:
    path, _ = shelf.add("bad.mkv")
    bad = confirmed(shelf, path)
    shelf.fake.knobs.failures = [Failure(status=503, times=2, matching=call, afterwards=True)]

    with contextlib.suppress(ArrError):
        remedy(shelf, bad)
    remedy(shelf, bad)

    library = shelf.fake.library
    assert (len(library.blocked), library.files) == (1, {})
    assert len(shelf.asked("POST /command")) == 1
    assert row(shelf, bad).state == "searching"


def test_a_file_that_changed_since_somebody_agreed_is_not_deleted(shelf: Shelf) -> None:
    path, file = shelf.add("bad.mkv")
    bad = confirmed(shelf, path)
    file.size = 123

    with pytest.raises(RemedyRefused, match="nothing was deleted"):
        remedy(shelf, bad)

    assert path.exists()
    assert row(shelf, bad).state == "failed"
    assert shelf.asked("DELETE") == []


def test_the_limit_of_a_day_is_named(shelf: Shelf) -> None:
    path, _ = shelf.add("bad.mkv")
    second, _ = shelf.add("bad too.mkv")
    shelf_limit(shelf, 1)
    confirmed(shelf, path)

    with pytest.raises(RemedyRefused, match="limit"):
        confirmed(shelf, second)

    with database.session(shelf.workplace.database) as session:
        [(one, _)] = [it for it in bad_files.listed(session) if it[0].state == "confirmed"]
        one.confirmed_at = now() - timedelta(hours=25)
        session.add(one)
    other = reported(shelf, second)
    remedies.confirm(shelf.workplace, remedies.propose(shelf.workplace, other, times=arrs.QUICK))
    assert row(shelf, other).state == "confirmed"


@pytest.mark.parametrize("what", ["file", "title", "renamed"])
def test_what_is_not_there_any_more_is_named(shelf: Shelf, what: str) -> None:
    path, file = shelf.add("bad.mkv")
    bad = reported(shelf, path)
    if what == "renamed":
        file.path = "/their/films/Show (2008)/another.mkv"
    else:
        shelf.fake.library.files.clear()
    if what == "title":
        shelf.fake.library.titles.clear()

    with pytest.raises(RemedyRefused, match={"file": "number", "title": "title", "renamed": "another"}[what]):
        remedies.propose(shelf.workplace, bad, times=arrs.QUICK)


def test_one_that_is_away_is_named_and_waits(shelf: Shelf) -> None:
    path, _ = shelf.add("bad.mkv")
    bad = confirmed(shelf, path)
    shelf.fake.knobs.failures = [Failure(status=503, times=99)]

    words = remedying.remedy_all(shelf.workplace, times=arrs.QUICK)

    assert words == "1 bad files: left for now."
    assert path.exists()
    shelf.fake.knobs.failures.clear()
    assert remedy(shelf, bad) is BadState.SEARCHING


def test_after_two_weeks_it_is_given_up_by_name(shelf: Shelf) -> None:
    path, _ = shelf.add("bad.mkv")
    bad = confirmed(shelf, path)
    remedy(shelf, bad)
    with database.session(shelf.workplace.database) as session:
        late = bad_files.found(session, bad)
        late.confirmed_at = now() - timedelta(days=15)
        session.add(late)

    remedy(shelf, bad)

    assert row(shelf, bad).state == "failed"
    assert [(stage, code) for stage, code, _ in shelf.failures()] == [("sync", "replacement_missing")]
    assert queue.retry(shelf.workplace, (), Which(code="replacement_missing")) == 1
    assert shelf.failures() == []


def test_another_file_of_the_title_is_no_replacement(shelf: Shelf) -> None:
    path, _ = shelf.add("bad.mkv")
    shelf.add("other.mkv")
    bad = confirmed(shelf, path)

    remedy(shelf, bad)
    shelf.add("third.mkv")

    assert remedy(shelf, bad) is BadState.SEARCHING


def test_what_another_process_is_at_is_left_to_it(shelf: Shelf) -> None:
    path, _ = shelf.add("bad.mkv")
    bad = confirmed(shelf, path)
    with database.session(shelf.workplace.database) as session:
        step = bad_files.Step(name="monitor begun", words="", at=now().isoformat(), names=("elsewhere:1:1",))
        bad_files.note(session, bad_files.found(session, bad), step)

    with pytest.raises(StateConflict):
        remedy(shelf, bad)

    assert path.exists()


def test_a_report_can_be_dismissed_until_it_is_being_removed(shelf: Shelf) -> None:
    path, _ = shelf.add("bad.mkv")
    bad = reported(shelf, path)
    assert reported(shelf, path) == bad

    with database.session(shelf.workplace.database) as session:
        bad_files.dismiss(session, bad_files.found(session, bad))

    assert row(shelf, bad).state == "dismissed"
    with pytest.raises(ReencodarrError):
        remedies.propose(shelf.workplace, bad, times=arrs.QUICK)
    again = confirmed(shelf, path)
    with database.session(shelf.workplace.database) as session, pytest.raises(StateConflict):
        bad_files.dismiss(session, bad_files.found(session, again))
