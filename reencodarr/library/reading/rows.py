"""One line about each of a few videos: what a list shows. Which videos, and in which order, `lists` decides.

Which of several searches, encodes and swaps of a video counts is decided here, once: the newest search; the newest
encode, unless a newer search made it stale; every swap that was not undone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, FromClause, RowMapping, Select, Table, func, select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from reencodarr.library import tables
from reencodarr.library.states import State
from reencodarr.units import Bytes, Crf, Seconds, VmafScore

CHUNK = 500
"""Videos read by one query; below every database's limit on parameters."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNKNOWN = frozenset({State.NEEDS_ANALYSIS, State.ANALYZING, State.ANALYZED, State.CRF_SEARCHING, State.GONE})
"""States in which an older search says nothing about the file as it is now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A video as one line of a list."""

    id: int
    name: str
    """The file's name, safe to show."""
    folder: str
    """Its folder below the library's root, safe to show; empty for the root itself."""
    state: State
    reason: str
    codec: str | None
    """Of the file that the last analysis saw."""
    width: int | None
    height: int | None
    duration: Seconds | None
    hdr: str | None
    """Its dynamic range: what its scores are worth, `quality.dynamic_range` tells."""
    size_before: Bytes
    """Of the original."""
    size_after: Bytes | None
    """Of the result, once there is one."""
    saved: Bytes | None
    """`size_before` - `size_after` once the result is in place; whether freed or still in trash, `savings` tells."""
    crf: Crf | None
    predicted: VmafScore | None
    achieved: VmafScore | None
    """Measured on the finished film."""
    deviation: float | None
    """What the first encode of the searched CRF achieved less what was predicted for it."""
    note: str
    """Why it was encoded twice, or lies further from its target than promised; else empty."""
    seconds: Seconds | None
    """Wall time of its probes and its encode; None before any."""
    changed_at: datetime
    """When its state last changed."""
    hold: str = ""
    """`paused` or `cancelled` where a person wants it to rest."""


def shown(path: Path | str) -> str:
    """A path for people: bytes that are no UTF-8 become U+FFFD, control characters their pictures (newline: ␊)."""
    text = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _CONTROL.sub(lambda found: "␡" if found[0] == "\x7f" else chr(0x2400 + ord(found[0])), text)


def table(model: type[SQLModel]) -> Table:
    """The table of a model, for plain selects."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


videos = table(tables.Video)
states = table(tables.VideoState)
holds = table(tables.Hold)
facts = table(tables.Facts)
libraries = table(tables.Library)
searches = table(tables.Search)
probes = table(tables.VmafProbe)
encodes = table(tables.Encode)
ledger = table(tables.LedgerEntry)


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ids in groups of at most `CHUNK`."""
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def newest(of: Table) -> ColumnElement[int]:
    """The id of the newest row that a video of the enclosing select has in `of`."""
    inner = of.alias()
    return select(func.max(inner.c.id)).where(inner.c.video_id == videos.c.id).correlate(videos).scalar_subquery()


def standing() -> FromClause:
    """Ledger entries of swaps whose result is in place, that is: which were not undone."""
    undone = ledger.alias()
    revoked = select(undone.c.id).where(undone.c.swap_id == ledger.c.swap_id, undone.c.kind == "undone").exists()
    return select(ledger).where(ledger.c.kind == "replaced", ~revoked).subquery("standing")


def rows(session: Session, ids: Sequence[int]) -> tuple[Row, ...]:
    """The lines of these videos, in the order of `ids`; ids that are not there are left out. Reads only."""
    found = {row.id: row for chunk in chunks(ids) for row in _chunk(session, chunk)}
    return tuple(found[key] for key in ids if key in found)


def _chunk(session: Session, ids: Sequence[int]) -> Iterator[Row]:
    swapped = _swapped(session, ids)
    for found in session.execute(_lines().where(videos.c.id.in_(ids))).mappings():
        yield _row(found, swapped.get(found["id"]))


def _lines() -> Select[Any]:
    probing = (
        select(func.sum(probes.c.seconds))
        .where(probes.c.video_id == videos.c.id, probes.c.search_key == searches.c.search_key)
        .correlate(videos, searches)
        .scalar_subquery()
    )
    joined = (
        videos.join(libraries, libraries.c.id == videos.c.library_id)
        .join(states, states.c.video_id == videos.c.id)
        .outerjoin(holds, holds.c.video_id == videos.c.id)
        .outerjoin(facts, facts.c.video_id == videos.c.id)
        .outerjoin(searches, searches.c.id == newest(searches))
        .outerjoin(encodes, encodes.c.id == newest(encodes))
    )
    return select(
        *(videos.c.id, videos.c.path, videos.c.size, libraries.c.path.label("root")),
        *(states.c.state, states.c.reason, states.c.changed_at, holds.c.kind.label("hold")),
        *(facts.c.codec, facts.c.width, facts.c.height, facts.c.duration, facts.c.hdr),
        *(searches.c.crf, searches.c.predicted, searches.c.searched_at, probing.label("probing")),
        *(encodes.c.crf.label("encode_crf"), encodes.c.predicted.label("encode_predicted"), encodes.c.achieved),
        *(encodes.c.deviation, encodes.c.note),
        *(encodes.c.size.label("encode_size"), encodes.c.source_size, encodes.c.seconds, encodes.c.ended_at),
    ).select_from(joined)


def _swapped(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Bytes before the first and after the last standing swap of each video that has one."""
    entries = standing()
    query = (
        select(entries.c.video_id, entries.c.bytes_before, entries.c.bytes_after)
        .where(entries.c.video_id.in_(ids))
        .order_by(entries.c.id)
    )
    found: dict[int, tuple[int, int]] = {}
    for video, before, after in session.execute(query):
        found[video] = (found[video][0] if video in found else before, after)
    return found


def _row(found: RowMapping, swapped: tuple[int, int] | None) -> Row:
    state = State(found["state"])
    ended, searched = found["ended_at"], found["searched_at"]
    encoded = ended is not None and (searched is None or ended >= searched) and state not in _UNKNOWN
    known = searched is not None and state not in _UNKNOWN
    before, after = swapped or (found["size"], found["encode_size"] if encoded and state is State.ENCODED else None)
    spent = [found[name] for name, counts in (("probing", known), ("seconds", encoded)) if counts and found[name]]
    return Row(
        id=found["id"],
        name=shown(found["path"].name),
        folder=shown(_folder(found["path"], found["root"])),
        state=state,
        reason=found["reason"],
        codec=found["codec"],
        width=found["width"],
        height=found["height"],
        duration=found["duration"],
        hdr=found["hdr"],
        size_before=Bytes(before),
        size_after=None if after is None else Bytes(after),
        saved=Bytes(swapped[0] - swapped[1]) if swapped else None,
        crf=found["encode_crf"] if encoded else found["crf"] if known else None,
        predicted=found["encode_predicted"] if encoded else found["predicted"] if known else None,
        achieved=found["achieved"] if encoded else None,
        deviation=found["deviation"] if encoded else None,
        note=found["note"] if encoded else "",
        seconds=Seconds(sum(spent)) if spent else None,
        changed_at=found["changed_at"],
        hold=found["hold"] or "",
    )


def _folder(path: Path, root: Path) -> str:
    inside = path.parent.relative_to(root) if path.is_relative_to(root) else path.parent
    return "" if inside == Path() else str(inside)
