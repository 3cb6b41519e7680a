"""What differs between a file as a Sonarr or Radarr lists it, as it was known, and the film that we know. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reencodarr.arr.models import MediaFile
from reencodarr.library.tables import ArrFile


class Change(StrEnum):
    """What became of a file on their books."""

    SAME = "same"
    NEW = "new"
    REPLACED = "replaced"
    """Another file, under another id, has its path."""
    RENAMED = "renamed"
    RESIZED = "resized"
    """The same file by its id, of another size: they saw it again."""
    GONE = "gone"


class Look(StrEnum):
    """What our own scan has to look at."""

    NOTHING = "nothing"
    SIZE = "size"
    """The size alone: what differs may be their news, which is older than ours."""
    FILE = "file"
    AFRESH = "afresh"
    """The file's bytes, whatever its size, time and inode are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A film of ours, as far as it is compared."""

    id: int
    size: int
    gone: bool
    """A tombstone."""


def news(changes: Mapping[Change, int]) -> str:
    """What became of some files, counted, for people."""
    counted = ((changes.get(change, 0), change) for change in Change if change is not Change.SAME)
    return ", ".join(f"{number} {change}" for number, change in counted if number) or "nothing new"


def change(file: MediaFile, row: ArrFile | None, left: Collection[str]) -> Change:
    """What became of a file; `left` are paths of theirs whose files are not listed any more."""
    if row is None:
        return Change.REPLACED if file.path in left else Change.NEW
    if row.theirs != file.path:
        return Change.RENAMED
    return Change.SAME if row.size == file.size else Change.RESIZED


def look(found: Change, file: MediaFile, film: Film | None) -> Look:
    """What has to be looked at, given the film that we know at the place of a file.

    A file that is as it was, and of which we see nothing, is left to the scans of the whole library.
    """
    if found is Change.REPLACED:
        return Look.AFRESH
    if found is Change.RENAMED or (found is not Change.SAME and (film is None or film.gone)):
        return Look.FILE
    return Look.NOTHING if film is None or film.size == file.size else Look.SIZE
