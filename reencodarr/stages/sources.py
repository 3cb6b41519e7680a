"""A video's file: is it still the one that was analysed, could it be replaced, and how does work here get it?"""

import os
from pathlib import Path

from sqlmodel import Session

from reencodarr.errors import SourceGone
from reencodarr.library import database, roots, videos
from reencodarr.library.states import State
from reencodarr.library.tables import Library, Video
from reencodarr.media import fingerprint as identity
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.paths import to_text
from reencodarr.stages import settling
from reencodarr.stages.step import Verdict
from reencodarr.stages.workplace import Workplace
from reencodarr.swap import guard, trash
from reencodarr.work.orders import LocalSource, Order, Terms
from reencodarr.work.staging import OnDisk

CHANGED = Verdict(
    after=State.NEEDS_ANALYSIS, words="The file changed since it was analysed; the next scan looks again."
)


def path(session: Session, video_id: int) -> Path:
    """Where a video's file is."""
    return session.get_one(Video, video_id).path


def unchanged(workplace: Workplace, video_id: int) -> Fingerprint | None:
    """The file's identity now, or None when it is not the file that was analysed.

    Raises SourceGone where it is not there while its library is, RootMissing where that is away, FileUnreadable.
    """
    with database.session(workplace.database, reads_only=True) as session:
        video = session.get_one(Video, video_id)
        known, where = videos.identity(video), video.path
        library = session.get_one(Library, video.library_id)
    if not os.path.lexists(where):
        _require_mounted(library, where)
    present = identity.fingerprint(where)
    return present if present.same_file(known) else None


def _require_mounted(library: Library, film: Path) -> None:
    """Tell a film that somebody deleted from one whose disk is away."""
    roots.check_mounted(library)
    if film.parent.is_dir():
        raise SourceGone(f"{film} is gone: it was deleted, or replaced under another name.", path=film)


def require_replaceable(workplace: Workplace, video_id: int) -> None:
    """Check that a result could be swapped in and the original kept, before hours go into it; makes the trash folder.

    Raises DestinationReadOnly, TrashUnavailable.
    """
    with database.session(workplace.database, reads_only=True) as session:
        video = session.get_one(Video, video_id)
        film, root = video.path, session.get_one(Library, video.library_id).path
    guard.require_writable(film.parent, film)
    trash.place(film, root, "")


def order(
    workplace: Workplace,
    session: Session,
    video_id: int,
    *,
    attempt: int,
    source: Fingerprint,
    terms: Terms,
    job: str = "",
) -> Order:
    """The order for work on the machine that has the library."""
    film = path(session, video_id)
    place = LocalSource(path=to_text(film), fingerprint=source, results=to_text(workplace.results))
    name = job or settling.result_stem(video_id, attempt)
    return Order(job=name, attempt=attempt, label=film.name, source=place, terms=terms)


def on_disk(order: Order, *, video_id: int) -> OnDisk:
    """The staging of such an order."""
    assert isinstance(order.source, LocalSource)
    return OnDisk(source=order.source, name=settling.result_stem(video_id, order.attempt))
