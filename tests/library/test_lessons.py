"""What finished films teach the next search."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlmodel import select

from reencodarr.library import database, lessons
from reencodarr.library.tables import Encode, Search, Video, now
from reencodarr.quality.prior import Past
from reencodarr.quality.proxy import Seen
from tests.library import films

CLASS = "1920"
"""What `films.learn` files films of its usual width under."""


def path_of(engine: Engine, video_id: int) -> Path:
    with database.session(engine) as session:
        return session.get_one(Video, video_id).path


def finish(engine: Engine, video_id: int, *, crf: float, achieved: float, deviation: float = 0.0) -> None:
    """The newest encode of a film was measured."""
    with database.session(engine) as session:
        row = session.exec(select(Encode).where(Encode.video_id == video_id)).all()[-1]
        row.crf, row.achieved, row.achieved_p5, row.deviation = crf, achieved, achieved - 3, deviation
        row.ended_at = now() + timedelta(seconds=1)
        session.add(row)


def change(engine: Engine, video_id: int, **values: object) -> None:
    """The search of a film was another one."""
    with database.session(engine) as session:
        row = session.exec(select(Search).where(Search.video_id == video_id)).all()[-1]
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)


def siblings(engine: Engine, video_id: int, class_key: str = CLASS) -> list[Past]:
    with database.session(engine) as session:
        return sorted(lessons.siblings(session, path_of(engine, video_id), class_key), key=lambda past: past.crf)


def test_siblings_are_met_films_of_the_class_each_with_its_newest_search(
    engine: Engine, make_videos: Callable[[int], list[int]]
) -> None:
    one, two, other_class, missed, me = make_videos(5)
    assert siblings(engine, me) == []
    films.learn(engine, one, crf=20.0)
    films.learn(engine, one, crf=24.0)
    films.learn(engine, two, crf=30.0)
    films.learn(engine, other_class, crf=60.0, width=1280)
    films.learn(engine, missed, crf=12.0, met=False)
    films.learn(engine, me, crf=63.0)

    assert [past.crf for past in siblings(engine, me)] == [24.0, 30.0]
    assert siblings(engine, other_class, "1280") == []


def test_what_siblings_have_shown_is_one_query(engine: Engine, make_videos: Callable[[int], list[int]]) -> None:
    *others, me = make_videos(4)
    for other in others:
        films.learn(engine, other, crf=30.0)
        finish(engine, other, crf=28.0, achieved=93.5)
    path = path_of(engine, me)
    sent: list[str] = []

    with database.session(engine) as session:
        event.listen(session.get_bind(), "before_cursor_execute", lambda *args: sent.append(args[2]))
        found = lessons.siblings(session, path, CLASS)

    assert [past.crf for past in found] == [28.0] * len(others)
    assert len([words for words in sent if words.startswith("SELECT")]) == 1


def test_what_was_measured_on_a_film_counts_more_than_what_was_predicted(
    engine: Engine, make_videos: Callable[[int], list[int]]
) -> None:
    one, me = make_videos(2)
    films.learn(engine, one, crf=30.0)
    finish(engine, one, crf=28.0, achieved=94.8)

    (past,) = siblings(engine, me)

    assert (past.crf, past.mean, past.p5) == (28.0, 94.8, 91.8)
    assert past.percent > 41.5  # the search's own, at a higher CRF


def test_a_search_that_trusted_its_siblings_is_no_news_until_its_film_is_measured(
    engine: Engine, make_videos: Callable[[int], list[int]]
) -> None:
    echo, me = make_videos(2)
    films.learn(engine, echo, crf=30.0)
    change(engine, echo, probed=False)

    before = siblings(engine, me)
    finish(engine, echo, crf=30.0, achieved=95.2)

    assert before == []
    assert [past.mean for past in siblings(engine, me)] == [95.2]


@pytest.mark.parametrize("folder", [b"tv/100% _ok\\", b"tv/\xff"])
def test_only_the_same_folder_holds_siblings(engine: Engine, root: Path, folder: bytes) -> None:
    here = Path(os.fsdecode(os.fsencode(root) + b"/" + folder))
    names = [here / "a.mkv", here / os.fsdecode(b"b\xff.mkv"), here / "deeper" / "c.mkv", root / "tv" / "d.mkv"]
    for path in names:
        films.write(path)
    films.scanned(engine, root)
    found = {name: number for name, (number, _) in films.rows(engine).items()}
    for name, crf in ((names[1].name, 31.0), ("c.mkv", 50.0), ("d.mkv", 51.0), ("a.mkv", 20.0)):
        films.learn(engine, found[name], crf=crf)

    assert [past.crf for past in siblings(engine, found["a.mkv"])] == [31.0]
    with database.session(engine) as session:
        everywhere = lessons.library(session, CLASS, but=path_of(engine, found["a.mkv"]))
    assert sorted(past.crf for past in everywhere) == [31.0, 50.0, 51.0]


def test_the_first_film_of_a_season_has_the_whole_series_for_siblings(engine: Engine, root: Path) -> None:
    for name in ("Season 1/a.mkv", "Season 1/b.mkv", "Season 2/c.mkv"):
        films.write(root / "tv" / "Show" / name)
    films.scanned(engine, root)
    found = {name: number for name, (number, _) in films.rows(engine).items()}
    films.learn(engine, found["a.mkv"], crf=31.0)
    films.learn(engine, found["b.mkv"], crf=33.0)

    assert [past.crf for past in siblings(engine, found["c.mkv"])] == [31.0, 33.0]
    films.learn(engine, found["c.mkv"], crf=40.0)
    assert [past.crf for past in siblings(engine, found["a.mkv"])] == [33.0]


def test_deviations_are_those_of_sampled_films_without_what_was_known_then(
    engine: Engine, make_videos: Callable[[int], list[int]]
) -> None:
    sampled, biased, whole, unmeasured = make_videos(4)
    for video_id in (sampled, biased, whole, unmeasured):
        films.learn(engine, video_id)
    change(engine, sampled, sampled=True)
    change(engine, biased, sampled=True, bias=0.25)
    change(engine, unmeasured, sampled=True)
    finish(engine, sampled, crf=30.25, achieved=95.5, deviation=0.4)
    finish(engine, biased, crf=30.25, achieved=95.5, deviation=0.1)
    finish(engine, whole, crf=30.25, achieved=95.5, deviation=9.0)

    with database.session(engine) as session:
        assert sorted(lessons.deviations(session, CLASS)) == pytest.approx([0.35, 0.4])
        assert lessons.deviations(session, "another") == ()


def test_proxies_are_told_by_films_that_were_probed_at_both_presets(
    engine: Engine, make_videos: Callable[[int], list[int]]
) -> None:
    both, one = make_videos(2)
    films.learn(engine, both)
    films.learn(engine, one)
    change(engine, both, proxy_offset=0.4, proxy_size=0.9)

    with database.session(engine) as session:
        assert lessons.proxies(session, CLASS) == (Seen(offset=0.4, size=0.9),)
