"""Films that a scan finds after a Sonarr listed them."""

from collections.abc import Iterator

import pytest

from reencodarr.library import database, notices
from reencodarr.stages import tying
from tests.arr.fake import serving
from tests.stages.arrs import both_sides
from tests.stages.arrs.both_sides import Site
from tests.stages.conftest import Place


@pytest.fixture
def site(place: Place) -> Iterator[Site]:
    with serving(both_sides.seeing(place)) as fake:
        yield both_sides.made(fake, place)


def test_a_film_of_a_library_added_since_is_tied_by_its_scan_and_its_swap_is_told(site: Site) -> None:
    listed, other = site.series(2)
    site.sync()
    before = {row.video_id for row in site.rows().values()}
    site.here(other).unlink()
    asked = len(site.fake.asked)

    site.place.scan()

    number, _ = site.video(site.here(listed))
    rows = site.rows()
    assert before == {None}
    assert (rows[listed.id].video_id, rows[other.id].video_id) == (number, None)
    assert len(site.fake.asked) == asked
    with database.session(site.workplace.database) as session:
        assert notices.write(session, number, "5" * 32) == 1


def test_what_is_tied_already_and_what_is_gone_stays_as_it_is(site: Site) -> None:
    gone = site.series(2)[1]
    site.place.scan()
    site.sync()
    site.here(gone).unlink()
    site.place.scan()
    rows = site.rows()

    assert tying.tie(site.workplace) == 0
    assert site.rows() == rows
