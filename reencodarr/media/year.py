"""The year in which a film was made, from its name, its folder's name or its tags. Reads no file."""

import re
from datetime import UTC, datetime
from pathlib import PurePath

FIRST_YEAR = 1920
"""Nothing older is filmed in a way that the rules would treat differently, and names hold «1917» or «1080»."""

_BRACKETED = re.compile(r"[(\[](\d{4})(?:\s?[-–]\s?(?:\d{4})?)?[)\]]")
"""`(2008)`, `[2008]`, and of a series' span `(1999-2003)` its first year."""
_BARE = re.compile(r"(?<=[ ._-])(\d{4})(?=[ ._-]|$)")
"""`.2008.`, ` 2008 ` and at the end; never at the start, where a number is a title («2012», «1984»)."""
_LEADING = re.compile(r"\s*(\d{4})(?!\d)")
_SEASON = re.compile(r"(?:season|series|staffel|saison)[ ._-]*\d+|s\d+|specials", re.IGNORECASE)


def content_year(path: PurePath, *, recorded: str | None = None) -> int | None:
    """The year of the film at `path`; None where nothing says it.

    The file's own name decides, then the name of its folder (of a season's folder, the series' folder above it),
    then `recorded`, a date from the tags, which may be the year of the disc instead of the film's. Folders further
    up say nothing: «/mnt/1999/» is no year. Years lie between `FIRST_YEAR` and the next; so 1080, 2160 and «2049»
    are none.
    """
    folder = path.parent.parent if _SEASON.fullmatch(path.parent.name) else path.parent
    return year_in(path.stem) or year_in(folder.name) or _leading_year(recorded or "")


def year_in(name: str) -> int | None:
    """The year that a name holds: the last one in brackets, else the last one between separators.

    The last, because a title comes first: «2001 A Space Odyssey (1968)», «Blade.Runner.2049.2017.1080p».
    """
    for pattern in (_BRACKETED, _BARE):
        years = [int(found) for found in pattern.findall(name) if _is_year(int(found))]
        if years:
            return years[-1]
    return None


def _leading_year(date: str) -> int | None:
    found = _LEADING.match(date)
    return int(found[1]) if found and _is_year(int(found[1])) else None


def _is_year(number: int) -> bool:
    return FIRST_YEAR <= number <= datetime.now(UTC).year + 1
