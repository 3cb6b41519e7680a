import string
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event
from sqlmodel import Session, SQLModel

from reencodarr.library import reading
from reencodarr.library.reading import Query, Sort
from reencodarr.library.states import State
from tests.library import specimens


def _names(session: Session, **wanted: object) -> list[str]:
    return [row.name for row in reading.page(session, Query(**wanted)).rows]  # type: ignore[arg-type]


def test_states_and_reasons_are_counted_and_gone_is_not_in_the_total(session: Session) -> None:
    counts = reading.counts(session)

    assert counts.states[State.REPLACED] == 2
    assert counts.states[State.GONE] == 1
    assert counts.total == sum(counts.states.values()) - 1
    assert set(counts.states) == set(State)
    assert counts.reasons[State.FAILED, "damaged_source"] == 2
    assert counts.reasons[State.SKIPPED, "already_av1"] == 1


def test_another_library_counts_nothing(session: Session) -> None:
    assert reading.counts(session, library=99).states == {}
    assert reading.page(session, Query(library=99)).total == 0
    assert [root.path for root in reading.roots(session)] == [str(specimens.ROOT)]


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_pages_put_together_are_the_whole_list_once(session: Session, size: int) -> None:
    first = reading.page(session, Query(size=size))

    rows = [row for n in range(first.pages) for row in reading.page(session, Query(size=size, number=n + 1)).rows]

    assert len(rows) == first.total == reading.counts(session).total
    assert len({row.id for row in rows}) == first.total


@pytest.mark.parametrize("number", [-5, 0, 10**30])
def test_a_page_out_of_range_is_the_nearest_that_there_is(session: Session, number: int) -> None:
    page = reading.page(session, Query(number=number, size=4))

    assert page.number == (1 if number < 1 else page.pages)
    assert page.rows


def test_gone_videos_show_only_when_asked_for(session: Session) -> None:
    assert "Away.mkv" not in _names(session)
    assert _names(session, state=(State.GONE,)) == ["Away.mkv"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("BLUE hill", ["Blue Hill.mkv"]),
        ("in blue", ["Blue Hill.mkv"]),  # the title
        ("inbox", ["Night Train (2019).mkv"]),
        ("über", ["Über dem Meer.mp4"]),
        ("ÜBER", ["Über dem Meer.mp4"]),
        ("U\u0308ber", ["Über dem Meer.mp4"]),
        ("hill missing", []),
        ("lie (2001)", ["Am\ufffdlie (2001).avi"]),
        ("100%", []),
        ("_ero", []),
        ("*b*", [specimens.HOSTILE]),
    ],
)
def test_search_finds_every_word_in_path_or_title(session: Session, text: str, names: list[str]) -> None:
    assert _names(session, text=text) == names


def test_states_and_reasons_filter(session: Session) -> None:
    assert _names(session, state=(State.FAILED, State.ENCODED)) == [
        "Slow River (2008).mkv",
        "Zero Hour.mkv",
        "Zulu.mkv",
    ]
    assert _names(session, reason="dolby_vision") == ["Winter Light (2022).mkv"]
    assert _names(session, state=(State.FAILED,), reason="dolby_vision") == []


def test_lists_sort_by_path_size_saving_and_change(session: Session) -> None:
    assert _names(session)[:3] == [specimens.HOSTILE, "Blue Hill.mkv", "Cold Coast (2012).mkv"]
    assert _names(session, sort=Sort.SIZE)[0] == "Winter Light (2022).mkv"
    assert _names(session, sort=Sort.SAVED)[:2] == ["Cold Coast (2012).mkv", "Blue Hill.mkv"]
    assert _names(session, sort=Sort.CHANGED)[:2] == ["Dry Field (2001).mkv", "Blue Hill.mkv"]


def test_a_summary_is_of_these_videos_or_of_what_changed(session: Session, ids: dict[str, int]) -> None:
    some = reading.summary(session, ids=[ids["freed"], ids["gone"], 12345])
    late = reading.summary(session, changed_since=specimens.START + timedelta(hours=2.5))

    assert [row.id for row in some] == [ids["gone"], ids["freed"]]
    assert [row.id for row in late] == [ids["replaced"], ids["undone"]]
    assert len(reading.summary(session)) == reading.counts(session).total
    assert reading.summary(session, library=99) == ()


def test_reading_sends_no_statement_that_writes(session: Session, ids: dict[str, int]) -> None:
    sent: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: sent.append(args[2]))

    reading.page(session, Query(text="x", sort=Sort.SAVED))
    reading.film(session, ids["replaced"])
    reading.savings(session)
    reading.failures(session)
    reading.summary(session)

    assert len(sent) > 10
    assert all(statement.startswith(("SELECT", "BEGIN")) for statement in sent)


@settings(deadline=None, max_examples=50)
@given(names=st.lists(st.text(string.ascii_lowercase + "%_é/\\'", min_size=1, max_size=6), min_size=1, max_size=8))
def test_a_name_is_found_by_any_part_of_itself(names: list[str]) -> None:
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        made = specimens.Specimens(session)
        paths = {str(Path("/r") / name) for name in names}
        for path in sorted(paths):
            made.video(path, path, State.ANALYZED)
        part = names[0].strip("/")[1:4].replace("//", "/")

        found = reading.page(session, Query(text=part, size=100)).total

        assert found == sum(part.casefold() in path.casefold() for path in paths)
