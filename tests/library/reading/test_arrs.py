"""What is known of Sonarr and Radarr."""

from sqlmodel import Session

from reencodarr.library import reading
from reencodarr.library.reading import Listed, Unseen
from reencodarr.library.tables import ArrInstance
from tests.library import arrs


def test_each_is_told_with_what_waits_and_what_is_not_seen(session: Session, ids: dict[str, int]) -> None:
    arrs.fill(session, ids)

    main, movies = reading.arrs(session)

    assert (main.name, main.version) == ("main", "4.0.19.2979")
    assert (main.files, main.films, main.wishes, main.untold) == (3, 2, 1, 1)
    assert (movies.failing, movies.files, movies.webhook) == (True, 0, "missing")
    assert movies.unseen == (Unseen(folder="/data/movies", files=3, words="No mapping leads there."),)


def test_what_another_version_wrote_of_folders_is_nothing(session: Session) -> None:
    for number, text in enumerate(["{", "[1]", '["x"]', '[{"folder": 1}]', "{}"]):
        session.add(ArrInstance(name=f"i{number}", kind="sonarr", unmapped=text))
    session.flush()

    assert [one.unseen for one in reading.arrs(session)] == [()] * 5


def test_a_film_says_which_series_it_belongs_to(session: Session, ids: dict[str, int]) -> None:
    arrs.fill(session, ids)

    assert reading.listed(session, ids["replaced"]) == (Listed(instance="main", title=arrs.HOSTILE, slug="the-show"),)
    assert reading.listed(session, ids["new"]) == ()
