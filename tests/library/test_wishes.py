"""Many events make one wish, and none is forgotten that came after the look."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from reencodarr.library import database, wishes
from reencodarr.library.tables import ArrWish


def _wish(engine: Engine, title_id: int, event: str = "Download", instance: str = "main") -> bool:
    with database.session(engine) as session:
        return wishes.wish(session, instance, title_id, event)


def _waiting(engine: Engine, limit: int = 100) -> list[ArrWish]:
    with database.session(engine, reads_only=True) as session:
        return list(wishes.waiting(session, limit))


def test_many_events_of_one_title_make_one_wish(engine: Engine) -> None:
    new = [_wish(engine, 7, event) for event in ("Download", "Rename", "x" * 100)]

    found = _waiting(engine)

    assert new == [True, False, False]
    assert [(one.instance, one.title_id, one.event, one.events) for one in found] == [("main", 7, "x" * 64, 3)]


def test_one_call_may_stand_for_many_events(engine: Engine) -> None:
    with database.session(engine) as session:
        new = [wishes.wish(session, "main", 7, "Download", events=number) for number in (150, 50)]

    assert new == [True, False]
    assert [one.events for one in _waiting(engine)] == [200]


def test_events_that_come_at_once_are_all_counted(engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        new = list(pool.map(lambda title: _wish(engine, title), [1, 2] * 20))

    assert sum(new) == 2
    assert sorted((one.title_id, one.events) for one in _waiting(engine)) == [(1, 20), (2, 20)]


def test_the_oldest_comes_first_also_if_it_is_wished_again(engine: Engine) -> None:
    _wish(engine, 9)
    _wish(engine, 3)
    _wish(engine, wishes.ALL, instance="other")
    _wish(engine, 9)

    assert [(one.instance, one.title_id) for one in _waiting(engine)] == [("main", 9), ("main", 3), ("other", 0)]
    assert [one.title_id for one in _waiting(engine, limit=1)] == [9]


def test_a_wish_that_was_fulfilled_is_forgotten(engine: Engine) -> None:
    _wish(engine, 7)
    _wish(engine, 8)

    with database.session(engine) as session:
        wishes.fulfilled(session, wishes.waiting(session, 1)[0])

    assert [one.title_id for one in _waiting(engine)] == [8]


def test_an_event_during_the_look_keeps_the_wish(engine: Engine) -> None:
    _wish(engine, 7)
    (seen,) = _waiting(engine)
    _wish(engine, 7)

    with database.session(engine) as session:
        wishes.fulfilled(session, seen)

    assert [one.events for one in _waiting(engine)] == [2]


def test_a_wish_made_anew_is_another_one(engine: Engine) -> None:
    _wish(engine, 7)
    (seen,) = _waiting(engine)
    with database.session(engine) as session:
        wishes.fulfilled(session, seen)
    _wish(engine, 7)

    with database.session(engine) as session:
        wishes.fulfilled(session, seen)

    assert [one.events for one in _waiting(engine)] == [1]
