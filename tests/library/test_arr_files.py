"""Rows of what Sonarr and Radarr say, on both databases."""

from datetime import timedelta

from sqlalchemy import Engine
from sqlmodel import select

from reencodarr.library import arr_files, database
from reencodarr.library.tables import ArrFile, ArrInstance, ArrWish, now


def row(number: int, *, instance: str = "main", title: int = 1, **changes: object) -> ArrFile:
    values: dict[str, object] = {"theirs": f"/tv/{number}.mkv", "size": 10**12 + number, "seen_at": now()}
    return ArrFile(instance=instance, file_id=number, title_id=title, **(values | changes))


def test_rows_are_written_changed_and_dropped(engine: Engine) -> None:
    with database.session(engine) as session:
        arr_files.write(session, [row(number) for number in range(1, 451)])
        arr_files.write(session, [row(1, size=5)])
        arr_files.write(session, [])
    with database.session(engine) as session:
        dropped = arr_files.drop(session, "main", range(2, 450), before=now())
    with database.session(engine, reads_only=True) as session:
        left = arr_files.of_titles(session, "main", range(1, 500))
        known, titles = arr_files.known(session, "main"), arr_files.title_ids(session, "main")

    assert dropped == 448
    assert [(one.file_id, one.size) for one in left] == [(1, 5), (450, 10**12 + 450)]
    assert (known, titles) == (2, {1})


def test_what_a_later_look_wrote_stays(engine: Engine) -> None:
    moment = now()
    with database.session(engine) as session:
        arr_files.write(session, [row(1, size=2, seen_at=moment)])
        arr_files.write(session, [row(1, size=1, seen_at=moment - timedelta(seconds=1))])
        dropped = arr_files.drop(session, "main", [1], before=moment - timedelta(seconds=1))
    with database.session(engine, reads_only=True) as session:
        [left] = arr_files.of_titles(session, "main", [1])

    assert (left.size, dropped) == (2, 0)


def test_a_film_is_found_on_the_books_of_every_instance(engine: Engine, video: int) -> None:
    with database.session(engine) as session:
        rows = [row(2, video_id=video), row(1, video_id=video), row(9, instance="hd", video_id=video), row(3)]
        arr_files.write(session, rows)
    with database.session(engine, reads_only=True) as session:
        found = arr_files.of_video(session, video)

    assert [(one.instance, one.file_id) for one in found] == [("hd", 9), ("main", 1), ("main", 2)]


def test_tags_are_read_back(engine: Engine) -> None:
    with database.session(engine) as session:
        arr_files.write(session, [row(1, tags='["4k", "ünïcode"]'), row(2)])
    with database.session(engine, reads_only=True) as session:
        first, second = arr_files.of_titles(session, "main", [1])

    assert (arr_files.tags(first), arr_files.tags(second)) == (("4k", "ünïcode"), ())


def test_what_is_noted_of_an_instance_leaves_the_rest_of_its_row(engine: Engine) -> None:
    with database.session(engine) as session:
        arr_files.note(session, "main", "sonarr", version="4.0.1")
        arr_files.note(session, "main", "sonarr", failing=True, sync_words="It does not answer.")
    with database.session(engine, reads_only=True) as session:
        found = session.get_one(ArrInstance, "main")

    assert (found.kind, found.version, found.failing, found.unmapped) == ("sonarr", "4.0.1", True, "")


def test_others_are_forgotten_with_their_files_and_wishes(engine: Engine) -> None:
    with database.session(engine) as session:
        for name in ("main", "old"):
            arr_files.note(session, name, "sonarr")
            session.add(ArrWish(instance=name, title_id=1))
        arr_files.write(session, [row(1), row(1, instance="old")])
        gone = arr_files.forget_others(session, ["main"])
    with database.session(engine, reads_only=True) as session:
        left = [session.exec(select(table)).all() for table in (ArrInstance, ArrFile, ArrWish)]

    assert gone == ["old"]
    assert [len(rows) for rows in left] == [1, 1, 1]
