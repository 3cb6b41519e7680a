from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.media import year

NEXT = datetime.now(UTC).year + 1


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/films/2001 A Space Odyssey (1968).mkv", 1968),
        ("/films/Blade Runner 2049 (2017).mkv", 2017),
        ("/films/Blade.Runner.2049.2017.1080p.mkv", 2017),
        ("/films/Movie.1994.1080p.BluRay.mkv", 1994),
        ("/films/Movie.1994.2160p.mkv", 1994),
        ("/films/Movie [2005].mkv", 2005),
        ("/films/Movie 2005 Directors Cut.mkv", 2005),
        ("/films/Movie.2008.mkv", 2008),
        ("/films/Movie.1234.Name.(2008).mkv", 2008),
        ("/films/Show.9999.[2005].mkv", 2005),
        ("/films/2012.2009.1080p.mkv", 2009),
        ("/films/1917 (2019).mkv", 2019),
        ("/films/Summer of (1942) (1971).mkv", 1971),
        ("/films/Summer.of.1942.1971.1080p.mkv", 1971),
        ("/films/Amélie – der Film (2001).mkv", 2001),
        ("/films/Show (1999-2003) S01E01.mkv", 1999),
        ("/films/Film (1972)/movie.mkv", 1972),
        ("/films/Film (1972)/Film (1980 remaster of it) [2010].mkv", 2010),
        ("/tv/Show (2006)/Season 02/Show - S02E01.mkv", 2006),
        ("/tv/Show (2006)/Specials/Show - S00E01.mkv", 2006),
        ("/tv/Show (2006)/Season 02/Show - S02E01 (2008).mkv", 2008),
        ("/tv/Show (2006)/Extras/Trailer.mkv", None),
        ("/mnt/1999/films/Movie.mkv", None),
        ("/mnt/1999/Movie.mkv", None),
        ("/mnt/Films (1999)/a/Movie.mkv", None),
        ("/films/1984.mkv", None),
        ("/films/Movie.1080p.2160p.mkv", None),
        ("/films/Movie.1080.mkv", None),
        ("/films/Movie 1920x1080.mkv", None),
        ("/films/Five 12345 digits.mkv", None),
        ("/films/Movie 2049.mkv", None),
        ("/films/Movie (1919).mkv", None),
        ("/films/Movie (1920).mkv", 1920),
        ("Movie.mkv", None),
    ],
)
def test_a_name_tells_its_year(path: str, expected: int | None) -> None:
    assert year.content_year(Path(path)) == expected


@given(made=st.integers(year.FIRST_YEAR, NEXT), title=st.text(st.characters(exclude_characters="()[]/\0"), max_size=30))
def test_a_year_in_brackets_wins_over_any_title(made: int, title: str) -> None:
    assert year.year_in(f"{title} ({made})") == made


@given(number=st.integers(0, 9999).filter(lambda number: not year.FIRST_YEAR <= number <= NEXT))
def test_a_number_that_is_no_year_is_none(number: int) -> None:
    assert year.year_in(f"Film ({number:04}) .{number:04}. {number:04} ") is None


def test_the_date_in_the_tags_counts_only_where_names_say_nothing() -> None:
    assert year.content_year(Path("/films/Movie.mkv"), recorded="2005-03-01 UTC") == 2005
    assert year.content_year(Path("/films/Movie (1972).mkv"), recorded="2005") == 1972
    assert year.content_year(Path("/films/Movie.mkv"), recorded="0000") is None
    assert year.content_year(Path("/films/Movie.mkv"), recorded="20051") is None


def test_a_name_that_is_not_utf_8_tells_its_year() -> None:
    assert year.content_year(Path("/films/Am\udce9lie (2001).mkv")) == 2001
