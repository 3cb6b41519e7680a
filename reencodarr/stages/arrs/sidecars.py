"""Files beside a film that belong to it (subtitles, artwork, descriptions): which there are, and what became of them.

A Sonarr or Radarr that finds a film under another name deletes or renames what it had imported beside it. Nothing
here puts anything right: what is missing is named, and a person decides.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from reencodarr.errors import FileUnreadable
from reencodarr.library import walk
from reencodarr.library.walk import ScanOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of the files beside a film."""

    missing: tuple[str, ...] = ()
    """Neither there under their names nor under the film's new one."""
    left: tuple[str, ...] = ()
    """There still, under the film's former name, by which no player finds them."""


def beside(film: Path) -> tuple[str, ...]:
    """Names beside a film that are its own or the folder's; those of its neighbours are theirs. Reads only.

    Raises FileUnreadable.
    """
    chosen = walk.selected(film.parent, ScanOptions())
    try:
        names = sorted(entry.name for entry in film.parent.iterdir())
    except OSError as error:
        raise FileUnreadable(f"{film.parent} cannot be listed: {error.strerror}.", path=film.parent) from error
    films = [name for name in names if chosen.video(name)]
    others = [PurePath(name).stem for name in films if name != film.name]
    return tuple(
        name for name in names if name not in films and not name.startswith(".") and _whose(name, film.stem, others)
    )


def fate(before: Sequence[str], here: Collection[str], *, stem: str, now: str, behind: Collection[str] = ()) -> Fate:
    """Compare the names beside a film. `stem` is how it was called before, `now` how it is called.

    `here` are the names beside it now, `behind` those in its former folder, where that is another one. A renamed file
    may be given another language or number in its name; its ending stays.
    """
    fresh = [name for name in here if name not in before and belongs(name, now)]
    missing = []
    for name in before:
        if name in here or name in behind:
            continue
        own = [one for one in fresh if one == now + name.removeprefix(stem)]
        alike = [one for one in fresh if PurePath(one).suffix.lower() == PurePath(name).suffix.lower()]
        heir = next(iter(own + alike), None) if belongs(name, stem) else None
        if heir is None:
            missing.append(name)
        else:
            fresh.remove(heir)
    old = behind or (here if stem != now else ())
    left = tuple(name for name in before if name in old and name not in fresh and belongs(name, stem))
    return Fate(missing=tuple(missing), left=left)


def belongs(name: str, stem: str) -> bool:
    """Whether a name is made of a film's: `Film.en.srt` and `Film-thumb.jpg` of `Film`, but not `Films.nfo`."""
    return name.startswith(stem) and not name[len(stem) :][:1].isalnum()


def _whose(name: str, stem: str, others: Sequence[str]) -> bool:
    """Whether a name is this film's or nobody's; of two films whose names it begins with, the longer one's."""
    best = max((one for one in (stem, *others) if belongs(name, one)), key=len, default=stem)
    return best == stem
