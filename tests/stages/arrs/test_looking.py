"""Single titles and wishes: the same look as a sync's, woken by hints that may come late, twice or never."""

from collections.abc import Iterator

import pytest
from sqlmodel import select

from reencodarr.library import database, wishes
from reencodarr.library.states import State
from reencodarr.library.tables import ArrWish, VideoState
from reencodarr.stages.arrs import fulfilling
from reencodarr.stages.arrs.comparing import Change
from reencodarr.stages.arrs.fulfilling import Fulfilled
from tests.arr.conftest import QUICK
from tests.arr.fake import Failure, serving
from tests.library import films
from tests.stages.arrs import both_sides
from tests.stages.arrs.both_sides import Site
from tests.stages.conftest import Place


@pytest.fixture
def site(place: Place) -> Iterator[Site]:
    with serving(both_sides.seeing(place)) as fake:
        found = both_sides.made(fake, place)
        found.place.films.mkdir(exist_ok=True)
        films.write(found.films / "other.mkv")
        found.place.scan()
        yield found


def wish(site: Site, title_id: int, *, instance: str = "main", event: str = "Download") -> None:
    with database.session(site.workplace.database) as session:
        wishes.wish(session, instance, title_id, event)


def waiting(site: Site) -> list[int]:
    with database.session(site.workplace.database, reads_only=True) as session:
        return sorted(session.exec(select(ArrWish.title_id)).all())


def fulfil(site: Site) -> Fulfilled:
    return fulfilling.fulfil(site.workplace, times=QUICK)


def test_one_title_is_looked_at_and_no_other(site: Site) -> None:
    [wanted], [other] = site.series(1, title="Wanted"), site.series(1, title="Other")

    looked = site.look(wanted.title_id)

    assert looked.changes[Change.NEW] == 1
    assert set(site.rows()) == {wanted.id}
    assert site.video(site.here(wanted))[1] is State.NEEDS_ANALYSIS
    assert site.here(other).name not in site.known()


def test_a_file_that_was_imported_this_moment_is_believed_to_be_complete(site: Site) -> None:
    [file] = site.series(1)
    films.write(site.here(file), b"x" * file.size, age=0)

    site.look(file.title_id)

    assert site.video(site.here(file))[1] is State.NEEDS_ANALYSIS


def test_a_title_that_they_no_longer_have_is_empty(site: Site) -> None:
    files = site.series(2)
    site.look(files[0].title_id)
    for file in files:
        site.fake.library.delete(file.id)
    del site.fake.library.titles[files[0].title_id]

    looked = site.look(files[0].title_id)

    assert looked.changes == {Change.GONE: 2}
    assert site.rows() == {}
    assert site.video(site.here(files[0]))[1] is State.GONE


def test_a_whole_season_that_is_deleted_may_go_when_the_library_is_large_enough(site: Site) -> None:
    files = site.series(5)
    for number in range(200):
        films.write(site.films / "more" / f"{number}.mkv")
    site.place.scan()
    site.look(files[0].title_id)
    for file in files:
        site.fake.library.delete(file.id)

    looked = site.look(files[0].title_id)

    assert looked.troubles == ()
    assert site.video(site.here(files[0]))[1] is State.GONE


def test_more_films_than_the_brake_allows_stay_known_and_are_told(site: Site) -> None:
    files = site.series(5)
    site.look(files[0].title_id)
    for file in files:
        site.fake.library.delete(file.id)

    looked = site.look(files[0].title_id)

    assert "looks like a disk that is not mounted" in looked.troubles[0].words
    assert site.video(site.here(files[0]))[1] is State.NEEDS_ANALYSIS
    assert len(site.rows()) == 5


def test_wishes_are_fulfilled_once_each(site: Site) -> None:
    one, two = site.series(1, title="One"), site.series(1, title="Two")
    for title in (one[0].title_id, two[0].title_id, one[0].title_id):
        wish(site, title)

    done = fulfil(site)

    assert (done.titles, done.changes[Change.NEW], done.left) == (2, 2, 0)
    assert waiting(site) == []
    assert sum(one == f"GET /series/{two[0].title_id}" for one in site.fake.asked) == 1


def test_who_asks_again_during_the_look_is_heard(site: Site) -> None:
    [file] = site.series(1)
    wish(site, file.title_id)
    asked = []

    def again(path: str, answer: object) -> object:
        if path == "/episodefile" and not asked:
            asked.append(path)
            wish(site, file.title_id, event="Rename")
        return answer

    site.fake.knobs.mangle = again
    done = fulfil(site)

    assert done.titles == 2
    assert waiting(site) == []


def test_a_film_that_is_being_swapped_is_left_to_the_next_run(site: Site) -> None:
    [file] = site.series(1)
    site.look(file.title_id)
    number, _ = site.video(site.here(file))
    with database.session(site.workplace.database) as session:
        state = session.get_one(VideoState, number)
        state.state, state.claimed_by = State.ENCODED.value, "somebody"
        session.add(state)
    new = site.fake.library.upgrade(file.id, size=700)[1]
    films.write(site.here(new), b"x" * 700)
    wish(site, file.title_id)

    done = fulfil(site)

    assert (done.titles, done.left) == (1, 1)
    assert set(site.rows()) == {file.id}


def test_a_wish_for_all_is_a_sync(site: Site) -> None:
    files = site.series(2, title="One") + site.series(1, title="Two")
    wish(site, wishes.ALL)
    wish(site, files[0].title_id)

    done = fulfil(site)

    assert done.titles == 2
    assert set(site.rows()) == {file.id for file in files}
    assert site.row().synced_at is not None
    assert waiting(site) == []


def test_wishes_for_an_instance_in_trouble_wait(site: Site) -> None:
    [file] = site.series(1)
    wish(site, file.title_id)
    site.fake.knobs.failures.append(Failure(status=503, times=99))

    done = fulfil(site)
    site.fake.knobs.failures.clear()
    after = fulfil(site)

    assert (done.left, len(done.troubles)) == (1, 1)
    assert (after.left, after.titles) == (0, 1)


def test_a_title_that_makes_no_sense_does_not_stand_before_the_others(site: Site) -> None:
    bad, good = site.series(1, title="Bad"), site.series(1, title="Good")
    wish(site, bad[0].title_id)
    wish(site, good[0].title_id)
    site.fake.knobs.mangle = lambda path, answer: [] if path == f"/series/{bad[0].title_id}" else answer

    done = fulfil(site)

    assert len(done.troubles) == 1
    assert set(site.rows()) == {good[0].id}
    assert waiting(site) == []


def test_wishes_for_an_instance_that_is_in_no_setting_end(site: Site) -> None:
    wish(site, 5, instance="old")

    done = fulfil(site)

    assert (done.titles, done.left) == (0, 0)


def test_nothing_is_asked_where_nothing_is_wished(site: Site) -> None:
    done = fulfil(site)

    assert (done.titles, site.fake.asked) == (0, [])
