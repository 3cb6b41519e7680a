from datetime import timedelta

import pytest
from sqlmodel import Session, SQLModel, create_engine

from reencodarr.library import reading
from reencodarr.units import GIB, MIB
from tests.library import specimens
from tests.library.specimens import Specimens


def test_freed_and_still_in_trash_are_told_apart_and_undone_counts_nothing(session: Session) -> None:
    savings = reading.savings(session)

    assert savings.freed == 3 * GIB
    assert savings.pending == 2560 * MIB
    assert savings.trash == 4 * GIB
    assert savings.next_expiry == specimens.START + timedelta(days=30)
    assert savings.replaced_videos == 2
    assert savings.bytes_before == 8 * GIB


def test_the_projection_is_measured_where_encoded_and_corrected_by_what_came_true(session: Session) -> None:
    savings = reading.savings(session)

    came_true = (3 * GIB + 2560 * MIB) / (8 * GIB * 0.67)
    assert savings.projected_videos == 3
    assert savings.projected == pytest.approx(2 * GIB + 3 * GIB * 0.67 * came_true, rel=1e-9)


def test_an_empty_database_saved_nothing() -> None:
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        savings = reading.savings(session)

        assert (savings.freed, savings.pending, savings.trash, savings.projected) == (0, 0, 0, 0)
        assert savings.next_expiry is None
        assert reading.failures(session) == ()
        assert reading.page(session, reading.Query()).pages == 1


def test_another_library_saved_nothing(session: Session) -> None:
    savings = reading.savings(session, library=99)

    assert (savings.freed, savings.pending, savings.projected, savings.projected_videos) == (0, 0, 0, 0)
    assert reading.failures(session, library=99) == ()


def test_open_failures_are_grouped_by_cause_with_the_newest_as_example(session: Session, ids: dict[str, int]) -> None:
    made = Specimens.__new__(Specimens)
    made.session, made.ids = session, ids
    made.failure("dovi", stage="encode", code="no_space", message="Full.", advice="Make room.")

    first, second = reading.failures(session)

    assert (first.stage, first.code, first.number) == ("analysis", "damaged_source", 2)
    assert (first.message, first.advice, first.video) == ("Zulu.mkv is cut.", "Get it again.", ids["failed2"])
    assert (second.code, second.number) == ("no_space", 1)
