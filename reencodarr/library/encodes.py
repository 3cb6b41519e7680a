"""Finished encodes and what was measured on them."""

import json
from collections.abc import Sequence
from pathlib import Path

from sqlmodel import Session, col, select

from reencodarr.encoding import estimate
from reencodarr.errors import StateConflict
from reencodarr.library.tables import Encode, Facts
from reencodarr.units import Bytes

HISTORY = 500
"""The newest encodes that an estimate learns from."""
PROVEN = "proven"


def record(session: Session, encode: Encode) -> None:
    """Keep a finished encode; the newest one of a video counts."""
    session.add(encode)
    session.flush()


def newest(session: Session, video_id: int) -> Encode:
    """The encode that counts.

    Raises StateConflict when the video was not encoded.
    """
    encode = found(session, video_id)
    if encode is None:
        raise StateConflict(f"Video {video_id} was not encoded yet.")
    return encode


def found(session: Session, video_id: int) -> Encode | None:
    """The encode that counts; None when the video was not encoded."""
    return session.exec(select(Encode).where(Encode.video_id == video_id).order_by(col(Encode.id).desc())).first()


def record_verdict(
    session: Session, encode: Encode, *, before: Sequence[str], after: Sequence[str], differences: Sequence[str]
) -> None:
    """Keep what the proof found: the streams of both films in words, and every difference."""
    row = session.get_one(Encode, encode.id)
    row.streams_before, row.streams_after = json.dumps(list(before)), json.dumps(list(after))
    row.verdict = "; ".join(differences) or PROVEN
    session.add(row)


def in_place(session: Session, video_id: int, path: Path) -> None:
    """Note that the newest result is the film at `path` now. May be repeated safely."""
    row = found(session, video_id)
    if row is not None:
        row.result_path = path
        session.add(row)


def bits_per_pixel(session: Session) -> tuple[float, ...]:
    """What the newest encodes spent on a pixel; what forecasts learn from. Reads only."""
    query = (
        select(Encode.size, Encode.frames, Facts.width, Facts.height)
        .join(Facts, col(Facts.video_id) == col(Encode.video_id))
        .where(Encode.frames > 0, col(Facts.width).is_not(None), col(Facts.height).is_not(None))
        .order_by(col(Encode.id).desc())
        .limit(HISTORY)
    )
    return tuple(
        estimate.bits_per_pixel(Bytes(size), width=width, height=height, frames=frames)
        for size, frames, width, height in session.exec(query).all()
        if width and height
    )
