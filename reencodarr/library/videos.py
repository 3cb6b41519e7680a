"""Rows of videos: their identity, their name, and what is known only as long as their file stays the same."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Text, delete, or_, type_coerce
from sqlmodel import Session, col, select

from reencodarr import paths
from reencodarr.library import failures, transitions
from reencodarr.library.tables import Facts, MediaInfoDocument, PlanRow, Search, Video, VmafProbe, now
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.units import Bytes


def at(session: Session, path: Path) -> Video | None:
    """The video of this name, also when its file is gone."""
    return session.exec(select(Video).where(Video.path == path)).first()


def below(folder: Path) -> ColumnElement[bool]:
    """A condition: the path lies somewhere below `folder`. No wildcard in a name can match more than was meant."""
    stored = type_coerce(col(Video.path), Text())
    return or_(*(stored.startswith(start, autoescape=True) for start in paths.starts_below(folder)))


def identity(video: Video) -> Fingerprint:
    """The identity that was recorded; its `sparse_hash` is empty when the file could not be read."""
    return Fingerprint(
        device=video.device,
        inode=video.inode,
        size=Bytes(video.size),
        mtime_ns=video.mtime_ns,
        sparse_hash=video.sparse_hash,
        links=video.links,
    )


def new(library_id: int, path: Path, found: Fingerprint, moment: datetime) -> Video:
    """A row for a film that was found just now."""
    return Video(
        library_id=library_id,
        path=path,
        device=found.device,
        inode=found.inode,
        size=found.size,
        mtime_ns=found.mtime_ns,
        sparse_hash=found.sparse_hash,
        links=found.links,
        found_at=moment,
        seen_at=moment,
    )


def identify(video: Video, found: Fingerprint) -> None:
    """Record a new identity."""
    video.device, video.inode, video.links = found.device, found.inode, found.links
    video.size, video.mtime_ns, video.sparse_hash = found.size, found.mtime_ns, found.sparse_hash


def adopt(session: Session, video_id: int, path: Path, found: Fingerprint) -> None:
    """Record that a swap (or its undo) put another file in a video's place, so that no scan takes it for a change."""
    video = session.get_one(Video, video_id)
    rename(session, video, path)
    identify(video, found)
    video.seen_at = now()
    session.add(video)
    session.flush()


def rename(session: Session, video: Video, path: Path) -> None:
    """Give a video a name. Another video of that name, whose file then cannot be there any more, gives it up."""
    if video.path == path:
        return
    other = at(session, path)
    if other is not None and other.id is not None:
        transitions.tombstone(session, other.id, f"its name belongs to video {video.id} now")
        other.path = path.with_name(f"{path.name[:200]} (gone, {other.id})")
        session.add(other)
        session.flush()
    video.path = path
    session.add(video)
    session.flush()


def forget_results(session: Session, video_id: int) -> None:
    """Drop what was learned about a file that is another one now; history and ledger stay."""
    for table in (Facts, MediaInfoDocument, PlanRow, VmafProbe, Search):
        session.exec(delete(table).where(col(table.video_id) == video_id))
    failures.resolve(session, video_id)
