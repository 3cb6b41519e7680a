"""Films that lie in the bucket, or shall: what they must be there, and how much room they take."""

from collections.abc import Sequence

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from reencodarr.library.tables import StagedFilm, now
from reencodarr.units import Bytes


def ready(session: Session, key: str) -> StagedFilm | None:
    """A film all of which is there."""
    row = session.get(StagedFilm, key)
    return row if row is not None and row.sha256 else None


def promise(session: Session, key: str, *, video_id: int, size: Bytes) -> None:
    """Reserve room for a film that will be there. May be repeated safely."""
    row = session.get(StagedFilm, key)
    if row is None:
        session.add(StagedFilm(key=key, video_id=video_id, size=size))
    else:
        row.wanted_at = now()
        session.add(row)
    session.flush()


def arrived(session: Session, key: str, *, size: Bytes, sha256: str, sheet_sha256: str, excerpt_sha256: str) -> bool:
    """Note that a film, its sheet and its excerpt are there; False when nobody reserved room for it (any more)."""
    values = {"size": size, "sha256": sha256, "sheet_sha256": sheet_sha256, "excerpt_sha256": excerpt_sha256}
    return session.exec(update(StagedFilm).where(col(StagedFilm.key) == key).values(values)).rowcount == 1


def every(session: Session) -> Sequence[StagedFilm]:
    """All of them; what nobody wanted for longest first."""
    return session.exec(select(StagedFilm).order_by(col(StagedFilm.wanted_at))).all()


def used(session: Session) -> Bytes:
    """The room that they take and will take."""
    return Bytes(int(session.exec(select(func.coalesce(func.sum(StagedFilm.size), 0))).one()))


def arriving(session: Session) -> Bytes:
    """The part of that room whose films are not there yet."""
    coming = select(func.coalesce(func.sum(StagedFilm.size), 0)).where(StagedFilm.sha256 == "")
    return Bytes(int(session.exec(coming).one()))


def spoil(session: Session, key: str) -> None:
    """Note that what lies there is not the film: it is brought again before anybody reads it."""
    session.exec(update(StagedFilm).where(col(StagedFilm.key) == key).values(sha256=""))


def forget(session: Session, row: StagedFilm) -> bool:
    """Note that a film is to leave the bucket; False when somebody wants it meanwhile.

    Whoever reserves room for it again begins anew.
    """
    same = (col(StagedFilm.key) == row.key) & (col(StagedFilm.wanted_at) == row.wanted_at)
    return session.exec(delete(StagedFilm).where(same)).rowcount == 1
