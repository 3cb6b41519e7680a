"""Libraries: their roots, the marker that tells the right disk from an empty mount point, and one run at a time.

A marker file with a random id lies in every root that can be written. A disk that is not mounted has none, a disk
mounted in another's place has another one; either is a reason to stop, never to forget films.
"""

import json
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from reencodarr.errors import LibraryBusy, LibraryOverlap, RootMissing
from reencodarr.library import locks
from reencodarr.library.tables import Library, Video, now

log = logging.getLogger(__name__)

MARKER = Path(".reencodarr", "library.json")


def ensure(session: Session, path: Path, *, data_dir: Path | None = None, mark: bool = True) -> Library:
    """The library whose root is `path`; made when it is new. `mark=False` writes nothing beside the films.

    Roots never lie inside one another. A folder inside a known library is refused. A folder around known ones makes
    that library grow, when `data_dir` is given and nobody works on them; without it, it is refused as well.

    Raises RootMissing, LibraryOverlap, LibraryBusy.
    """
    root = path.resolve()
    if not root.is_dir():
        raise RootMissing(f"{root} is no folder that is there.", path=root, advice="Mount the disk, or check the name.")
    library = session.exec(select(Library).where(Library.path == root)).first()
    if library is None:
        library = _made(session, root, data_dir)
        session.add(library)
        session.flush()
        log.info("new library %s", root)
    if mark and (not library.sentinel or _films(session, library) == 0):
        library.sentinel = _marked(root)
        session.flush()
    return library


def confirm(session: Session, library: Library) -> None:
    """Note that its owner wants films in it replaced."""
    session.exec(update(Library).where(col(Library.id) == library.id).values(confirmed_at=now()))


def containing(session: Session, path: Path) -> Library | None:
    """The library that `path` lies in, or is the root of."""
    resolved = path.resolve()
    above = (resolved, *resolved.parents)
    return session.exec(select(Library).where(col(Library.path).in_(above))).first()


def check_mounted(library: Library, *, known: int = 1) -> None:
    """Check that the library's root is there and is the disk that was scanned before. Reads only.

    `known` is the number of films known to be in it; it matters only for roots that cannot be marked.

    Raises RootMissing.
    """
    root, advice = library.path, "Mount the disk and try again; nothing was forgotten."
    try:
        with os.scandir(root) as entries:
            empty = next(entries, None) is None
    except OSError as error:
        raise RootMissing(
            f"The library {root} cannot be opened: {error.strerror}.", path=root, advice=advice
        ) from error
    if empty and known:
        raise RootMissing(f"The library {root} is empty, but {known} films are known.", path=root, advice=advice)
    if not library.sentinel:
        return
    found = marker(root)
    if found == library.sentinel:
        return
    state = "has no marker" if found is None else "is another disk than the one that was scanned"
    raise RootMissing(
        f"The library {root} {state} ({MARKER} should say {library.sentinel}).",
        path=root,
        advice=f'{advice} If it is mounted and the marker was lost, put back {{"id": "{library.sentinel}"}}.',
    )


@contextmanager
def lock(data_dir: Path, library: Library) -> Iterator[None]:
    """Work on a library alone on this machine. The system ends the lock with the process, however that ends.

    Raises LibraryBusy, which names the holder.
    """
    with locks.held(data_dir, f"library-{library.id}") as holder:
        if holder:
            raise LibraryBusy(
                f"Another run works on {library.path} ({holder}).",
                path=library.path,
                advice="Wait for it, or stop it; what it has done so far is kept.",
            )
        yield


def marker(root: Path) -> str | None:
    """The id in a root's marker file; None where there is none that can be read."""
    try:
        found = json.loads((root / MARKER).read_text())
        return str(found["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _made(session: Session, root: Path, data_dir: Path | None) -> Library:
    """A new library, or known ones inside it that grow into it."""
    outer = containing(session, root)
    if outer is not None:
        raise LibraryOverlap(
            f"{root} lies inside the library {outer.path}.",
            path=root,
            advice=f"Name {outer.path}, or single files in it.",
        )
    inner = [library for library in session.exec(select(Library)).all() if library.path.is_relative_to(root)]
    if not inner:
        return Library(path=root)
    if data_dir is None:
        names = ", ".join(str(library.path) for library in inner)
        raise LibraryOverlap(f"{root} has libraries inside it: {names}.", path=root, advice="Name these instead.")
    with ExitStack() as locks:
        for library in inner:
            locks.enter_context(lock(data_dir, library))
        return _grown(session, inner, root)


def _grown(session: Session, inner: list[Library], root: Path) -> Library:
    first, *others = inner
    for library in others:
        session.exec(update(Video).where(col(Video.library_id) == library.id).values(library_id=first.id))
        session.delete(library)
    log.info("library %s grows to %s", ", ".join(str(library.path) for library in inner), root)
    first.path, first.sentinel, first.confirmed_at, first.scanned_at = root, _marked(root), None, None
    return first


def _films(session: Session, library: Library) -> int:
    return session.exec(select(func.count()).select_from(Video).where(Video.library_id == library.id)).one()


def _marked(root: Path) -> str:
    """The id in the root's marker, which is written where there is none; empty where that cannot be."""
    with os.scandir(root) as entries:
        if next(entries, None) is None:
            return ""  # an empty folder may be a mount point that waits for its disk
    present = marker(root)
    if present is not None:
        return present
    made = uuid.uuid4().hex
    content = json.dumps({"id": made, "about": "Reencodarr knows this library by this file. Please keep it."})
    try:
        (root / MARKER).parent.mkdir(exist_ok=True)
        with (root / MARKER).open("x") as file:
            file.write(content + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return marker(root) or ""
    except OSError as error:
        log.info(
            "%s cannot be marked (%s); an empty root is then the only sign of a missing disk", root, error.strerror
        )
        return ""
    return made
