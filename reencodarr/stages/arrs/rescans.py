"""Telling one Sonarr or Radarr of one title's swapped films: have it look, read back what it knows, let it rename them.

Everything here may be done again at any time: a rescan that finds nothing new changes nothing, and what is named right
is not renamed. The films are ours; nothing is deleted, moved or repaired here.
"""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reencodarr.arr import mapping
from reencodarr.arr.application import Application
from reencodarr.arr.models import MediaFile
from reencodarr.errors import ArrIsNot, ArrNotFound, ArrStale, FileUnreadable, LibraryError, ReencodarrError
from reencodarr.library import arr_files, database, roots, videos
from reencodarr.library.states import State
from reencodarr.library.tables import ArrNotice, Library, Video, VideoState
from reencodarr.stages import scanning
from reencodarr.stages.workplace import Workplace
from reencodarr.units import Bytes

log = logging.getLogger(__name__)

_MANY = 3
"""Files of a title from which on they are read at once: two calls at most."""


@dataclass(slots=True, kw_only=True)
class Told:
    """One film of a title, and what the application has to know of it."""

    notice: int
    video_id: int
    file_id: int
    path: Path
    size: Bytes
    """Of the file that is there."""
    renameable: bool = True
    """Nobody works on it, nobody else names it, and it is the file that we know."""
    say: Callable[[str, str], None] = field(repr=False)
    """Keeps a step: its name, and words."""
    trouble: ReencodarrError | None = None
    """Why it could not be told of this film, while it could of others."""


def find(workplace: Workplace, app: Application, video_id: int, file_id: int) -> Path | None:
    """Where a film is now; None where it is gone. One that was renamed meanwhile is followed.

    Raises RootMissing where its whole library is away; ArrError.
    """
    with database.session(workplace.database, reads_only=True) as session:
        video = session.get_one(Video, video_id)
        library = session.get_one(Library, video.library_id)
        gone = State(session.get_one(VideoState, video_id).state) is State.GONE
    if video.path.is_file():
        return video.path
    roots.check_mounted(library)
    there = _ours(app, _known(app, file_id))
    if there is not None and there.is_file() and there.stat().st_size == video.size:
        return follow(workplace, video_id, there)
    log.info("%s is %s; there is nothing to tell of it", video.path, "gone" if gone else "not there any more")
    return None


def told(workplace: Workplace, row: ArrNotice, path: Path, say: Callable[[str, str], None]) -> Told:
    """What the application has to know of a film that is there.

    Raises FileUnreadable.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.", path=path) from error
    with database.session(workplace.database, reads_only=True) as session:
        video, state = session.get_one(Video, row.video_id), session.get_one(VideoState, row.video_id)
        owners = {file.instance for file in arr_files.of_video(session, row.video_id)}
    return Told(
        notice=row.id or 0,
        video_id=row.video_id,
        file_id=row.file_id,
        path=path,
        size=Bytes(size),
        renameable=len(owners) < 2 and not state.claimed_by and size == video.size,
        say=say,
    )


def rescan(app: Application, title_id: int, films: Sequence[Told]) -> None:
    """Have it look at the title's folder again, and see that it knows each film as it is; their ids may change.

    What it does not know is that film's `trouble`. Raises ArrError.
    """
    app.wait(app.rescan(title_id))
    books = _books(app, title_id, films)
    for film in films:
        try:
            known = _read_back(app, title_id, film, books)
        except ArrStale as error:
            film.trouble = error
            continue
        changed = f" It is its file {known.id} now." if known.id != film.file_id else ""
        film.file_id = known.id
        film.say("rescan", f"{app.instance} looked again and knows its {film.size} bytes.{changed}")


def rename(workplace: Workplace, app: Application, title_id: int, films: Sequence[Told]) -> None:
    """Let it name these films, and no others, where it would name them otherwise; follow them in our library.

    One that is not named as announced, or leaves our libraries, has its `trouble`. Raises ArrError.
    """
    ours = {film.file_id: film for film in films if film.renameable and film.trouble is None}
    if not app.instance.rename or not ours:
        return
    wanted = {one.file_id: one.new_path for one in app.renames(title_id) if one.file_id in ours}
    if not wanted:
        return
    app.wait(app.rename(title_id, sorted(wanted)))
    books = _books(app, title_id, [ours[file_id] for file_id in wanted])
    for file_id, announced in wanted.items():
        film = ours[file_id]
        try:
            there = follow(workplace, film.video_id, _renamed(app, film, announced, books))
        except (ArrStale, LibraryError, FileUnreadable) as error:
            film.trouble = error
            continue
        film.say("rename", f"{film.path.name} is called {there.name} now.")
        film.path = there


def follow(workplace: Workplace, video_id: int, path: Path) -> Path:
    """Have our library know a film under its new name, with all that it knows of it; that name, without links.

    Raises LibraryError where it is another file or lies outside, FileUnreadable, RootMissing.
    """
    where = scanning.resolved(path)
    with database.session(workplace.database, reads_only=True) as session:
        inside = roots.containing(session, where) is not None
    if not inside:
        raise LibraryError(f"{where} lies in no library of ours.", path=where, advice="Add its folder as a library.")
    scanning.scan(workplace, where)
    with database.session(workplace.database, reads_only=True) as session:
        video = videos.at(session, where)
    if video is None or video.id != video_id:
        raise LibraryError(f"{where} is not the film that was renamed.", path=where, advice="Scan its library.")
    return where


def _books(app: Application, title_id: int, films: Sequence[Told]) -> dict[int, MediaFile]:
    """All files of the title, where that is fewer calls than to ask for each film's; else none."""
    if len(films) < _MANY:
        return {}
    try:
        return {file.id: file for file in app.files(title_id)}
    except ArrIsNot as error:
        log.info("each file is asked for: %s", error)
        return {}


def _read_back(app: Application, title_id: int, film: Told, books: dict[int, MediaFile]) -> MediaFile:
    known = books.get(film.file_id) or _known(app, film.file_id)
    if known is None or not _same(_ours(app, known), film.path):
        listed = books.values() or app.files(title_id)
        known = next((one for one in listed if _same(_ours(app, one), film.path)), None)
    if known is None:
        theirs = mapping.to_theirs(film.path, app.instance.mappings) or str(film.path)
        raise ArrStale(
            f"{app.instance} does not know {theirs}, after it looked at its folder again.",
            path=film.path,
            advice="Check that it sees the file, and import it there by hand if need be.",
        )
    if known.size != film.size:
        raise ArrStale(
            f"{app.instance} says that {film.path.name} has {known.size} bytes, after it looked again; it has "
            f"{film.size}.",
            path=film.path,
            advice="Check that its mapping leads to the folder that it sees itself.",
        )
    return known


def _renamed(app: Application, film: Told, announced: str, books: dict[int, MediaFile]) -> Path:
    there = _ours(app, books.get(film.file_id) or _known(app, film.file_id))
    if there is None or there == film.path:
        raise ArrStale(
            f"{app.instance} was to name {film.path.name} {announced}, and did not.",
            path=film.path,
            advice="See its log; another file may have that name.",
        )
    return there


def _known(app: Application, file_id: int) -> MediaFile | None:
    try:
        return app.file(file_id)
    except ArrNotFound:
        return None


def _ours(app: Application, file: MediaFile | None) -> Path | None:
    """Where a file of theirs is here; None where it is none, or no mapping leads there."""
    return None if file is None else mapping.to_ours(file.path, app.instance.mappings)


def _same(one: Path | None, other: Path) -> bool:
    return one is not None and (one == other or os.path.realpath(one) == str(other))
