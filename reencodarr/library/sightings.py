"""What a scan makes of the films it saw: new, the same, changed, moved, or a second name of one it knows.

Files are hashed before the transaction begins, and only those whose size, time or inode is not as it was, so that an
interrupted scan loses no work and the database is never locked while a slow disk is read.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Engine, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from reencodarr.encoding.plan import LeaveReason
from reencodarr.errors import FileUnreadable
from reencodarr.library import database, transitions, videos
from reencodarr.library.states import State
from reencodarr.library.tables import Exclusion, Library, Video, VideoState
from reencodarr.media import fingerprint as fingerprints
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.units import Bytes

LONGEST_PATH = 2500
"""Bytes as stored; PostgreSQL's index takes 2704."""


class Change(StrEnum):
    """What a scan found out about one film."""

    SAME = "same"
    NEW = "new"
    CHANGED = "changed"
    MOVED = "moved"
    TWICE = "twice"
    """Another name of a file that is known by its first name."""
    UNSTABLE = "unstable"
    """Still being written, or being swapped right now: the next scan looks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A film as its folder listed it."""

    path: Path
    status: os.stat_result


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of a batch."""

    changes: Mapping[Change, int]
    hard_linked: int
    unreadable: tuple[tuple[Path, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What reading the files of a batch gave."""

    prints: Mapping[Path, Fingerprint]
    unreadable: Mapping[Path, str]
    """Files that cannot be read are known all the same, so that their analysis becomes a failure people see."""
    unstable: frozenset[Path]
    vanished: frozenset[Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A row as far as it tells whether its file has to be read."""

    id: int
    hashed: bool
    stat: tuple[int, ...]


_STAT = (Video.device, Video.inode, Video.size, Video.mtime_ns, Video.links)


def record(
    engine: Engine, library: Library, found: Sequence[Found], moment: datetime, *, afresh: bool = False
) -> Recorded:
    """Write down a batch of films. `moment` is the scan's beginning. May be repeated safely.

    `afresh` reads every file, also one whose size, time and inode are as they were.
    """
    long = {film.path: "its name is too long" for film in found if _too_long(film.path)}
    films = [film for film in found if film.path not in long]
    with database.session(engine, reads_only=True) as session:
        known = _known(session, [film.path for film in films])
    same = {
        film.path: known[film.path].id for film in films if not afresh and _same_stat(known.get(film.path), film.status)
    }
    looked = _look([film for film in films if film.path not in same])
    changes: Counter[Change] = Counter({Change.SAME: len(same), Change.UNSTABLE: len(looked.unstable)})
    with database.session(engine) as session:
        _see_again(session, list(same.values()), moment)
        fresh, others = _divided(session, looked.prints)
        _welcome(session, library, fresh, moment)
        changes[Change.NEW] += len(fresh)
        for path, print_ in others.items():
            changes[_placed(session, library, path, print_, moment)] += 1
    return Recorded(
        changes=changes,
        hard_linked=sum(film.status.st_nlink > 1 for film in films if film.path not in looked.vanished),
        unreadable=(*looked.unreadable.items(), *long.items()),
    )


def _too_long(path: Path) -> bool:
    return len(os.fsencode(path)) > LONGEST_PATH


def _known(session: Session, paths: Sequence[Path]) -> dict[Path, _Known]:
    columns = (Video.id, Video.path, Video.sparse_hash, *_STAT)
    rows = session.execute(select_columns(*columns).where(col(Video.path).in_(paths)))  # type: ignore[call-overload]
    return {path: _Known(id=id_, hashed=bool(hash_), stat=tuple(stat)) for id_, path, hash_, *stat in rows}


def _same_stat(known: _Known | None, status: os.stat_result) -> bool:
    now = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_nlink)
    return known is not None and known.hashed and known.stat == now


def _look(films: Sequence[Found]) -> _Looked:
    prints: dict[Path, Fingerprint] = {}
    unreadable: dict[Path, str] = {}
    unstable, vanished = set(), set()
    for film in films:
        try:
            print_ = fingerprints.fingerprint(film.path)
            after = film.path.stat()
        except FileUnreadable as error:
            if isinstance(error.__cause__, FileNotFoundError):
                vanished.add(film.path)
                continue
            unreadable[film.path] = str(error.__cause__.strerror if isinstance(error.__cause__, OSError) else error)
            prints[film.path] = _unread(film.status)
            continue
        except FileNotFoundError:
            vanished.add(film.path)
            continue
        times = {(s.st_size, s.st_mtime_ns) for s in (film.status, after)} | {(print_.size, print_.mtime_ns)}
        if len(times) > 1:
            unstable.add(film.path)
        else:
            prints[film.path] = print_
    return _Looked(prints=prints, unreadable=unreadable, unstable=frozenset(unstable), vanished=frozenset(vanished))


def _unread(status: os.stat_result) -> Fingerprint:
    return Fingerprint(
        device=status.st_dev,
        inode=status.st_ino,
        size=Bytes(status.st_size),
        mtime_ns=status.st_mtime_ns,
        sparse_hash="",
        links=status.st_nlink,
    )


def _see_again(session: Session, ids: Sequence[int], moment: datetime) -> None:
    session.exec(update(Video).where(col(Video.id).in_(ids)).values(seen_at=moment))
    gone = col(VideoState.state) == State.GONE.value
    left_out = (col(VideoState.state) == State.SKIPPED.value) & (VideoState.reason == LeaveReason.EXCLUDED.value)
    # A pattern left it out; what a person excluded has the same reason, and a row of its own.
    left_out &= col(VideoState.video_id).not_in(select(Exclusion.video_id))
    back = select(VideoState.video_id).where(col(VideoState.video_id).in_(ids), gone | left_out)
    for video_id in session.exec(back).all():
        transitions.requeue(session, video_id, "the scan found it again")


def _divided(
    session: Session, prints: Mapping[Path, Fingerprint]
) -> tuple[dict[Path, Fingerprint], dict[Path, Fingerprint]]:
    """Films that are new beyond doubt (no such name, no such inode, not twice in the batch), and all others."""
    known = set(session.exec(select(col(Video.path)).where(col(Video.path).in_(prints))).all())
    inodes = {print_.inode for print_ in prints.values()}
    taken = set(session.exec(select(Video.inode).where(col(Video.inode).in_(inodes))).all())
    fresh: dict[Path, Fingerprint] = {}
    others: dict[Path, Fingerprint] = {}
    for path, print_ in prints.items():
        new = path not in known and print_.inode not in taken
        (fresh if new else others)[path] = print_
        taken.add(print_.inode)
    return fresh, others


def _welcome(session: Session, library: Library, fresh: Mapping[Path, Fingerprint], moment: datetime) -> None:
    rows = [videos.new(_id(library), path, print_, moment) for path, print_ in fresh.items()]
    session.add_all(rows)
    session.flush()
    transitions.register(session, [_id(row) for row in rows])


def _placed(session: Session, library: Library, path: Path, found: Fingerprint, moment: datetime) -> Change:
    """Find the row that this film belongs to, and bring it up to date."""
    here = videos.at(session, path)
    if here is None or (here.device, here.inode) != (found.device, found.inode):
        for other in _with_identity(session, found, but=path):
            if not _still_at(other.path, found):
                return _moved(session, library, other, path, found, moment)
            if here is None:
                return Change.TWICE
    if here is None:
        _welcome(session, library, {path: found}, moment)
        return Change.NEW
    return _updated(session, here, found, moment)


def _updated(session: Session, here: Video, found: Fingerprint, moment: datetime) -> Change:
    state = session.get_one(VideoState, here.id)
    if state.state == State.ENCODED.value and state.claimed_by:
        return Change.UNSTABLE  # its swap is under way, and says itself what became of the file
    same_bytes = (here.size, here.mtime_ns, here.sparse_hash) == (found.size, found.mtime_ns, found.sparse_hash)
    other_inode = here.inode != found.inode
    videos.identify(here, found)
    here.seen_at = moment
    session.add(here)
    session.flush()
    if not same_bytes:
        videos.forget_results(session, _id(here))
        transitions.requeue(session, _id(here), "its file changed on disk")
        return Change.CHANGED
    # Device and inode numbers change with a mount on many filesystems: alone they are no change of the film. One
    # that had failed may have been restored from a backup, though, whole this time.
    if state.state == State.GONE.value or (other_inode and state.state == State.FAILED.value):
        transitions.requeue(session, _id(here), "the scan found it again")
    return Change.SAME


def _moved(
    session: Session, library: Library, video: Video, path: Path, found: Fingerprint, moment: datetime
) -> Change:
    videos.rename(session, video, path)
    videos.identify(video, found)
    video.library_id, video.seen_at = _id(library), moment
    session.add(video)
    session.flush()
    _see_again(session, [_id(video)], moment)
    return Change.MOVED


def _with_identity(session: Session, found: Fingerprint, *, but: Path) -> list[Video]:
    """Other rows that describe exactly this file; living ones first."""
    query = (
        select(Video)
        .join(VideoState, col(VideoState.video_id) == col(Video.id))
        .where(Video.inode == found.inode, Video.device == found.device, Video.path != but)
        .where(Video.size == found.size, Video.mtime_ns == found.mtime_ns, Video.sparse_hash == found.sparse_hash)
        .order_by(col(VideoState.state) == State.GONE.value, col(Video.id))
    )
    return [video for video in session.exec(query).all() if found.sparse_hash]


def _still_at(path: Path, found: Fingerprint) -> bool:
    """Whether a name still leads to this file, and not through a link."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == (found.device, found.inode) and os.path.realpath(path) == str(path)


def _id(row: Video | Library) -> int:
    assert row.id is not None
    return row.id
