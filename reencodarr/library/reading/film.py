"""Everything known about one video: identity, facts, plan, search and probes, encodes, swaps, failures, history."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from reencodarr.library import tables
from reencodarr.library.reading import causes, curves, streams
from reencodarr.library.reading.parts import (
    Change,
    Encoded,
    Failed,
    Identity,
    Known,
    Planned,
    Probed,
    Searched,
    Swapped,
)
from reencodarr.library.reading.rows import (
    Row,
    encodes,
    facts,
    ledger,
    libraries,
    rows,
    searches,
    shown,
    table,
    videos,
)
from reencodarr.library.states import State

_plans = table(tables.PlanRow)
_swaps = table(tables.SwapRow)
_failures = table(tables.Failure)
_changes = table(tables.StateChange)


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """One video in full. Sequences are newest first, but for `probes` (by CRF) and `changes` (as they happened)."""

    row: Row
    identity: Identity
    facts: Known | None
    plan: Planned | None
    search: Searched | None
    probes: tuple[Probed, ...]
    """Of the newest search; of the one that runs or failed where none has finished."""
    encodes: tuple[Encoded, ...]
    swaps: tuple[Swapped, ...]
    failures: tuple[Failed, ...]
    changes: tuple[Change, ...]

    @property
    def failure(self) -> Failed | None:
        """The newest failure that is not resolved."""
        return next((failure for failure in self.failures if failure.resolved_at is None), None)

    @property
    def streams_before(self) -> tuple[str, ...]:
        """As the newest encode saw its source, else as the analysis did."""
        return (self.encodes[0].before if self.encodes else ()) or (self.facts.streams if self.facts else ())

    @property
    def streams_after(self) -> tuple[str, ...]:
        """Of the newest encode; empty before any."""
        return self.encodes[0].after if self.encodes else ()


def film(session: Session, video: int) -> Film | None:
    """Everything about the video with this id; None where there is none. Reads only."""
    row = next(iter(rows(session, [video])), None)
    if row is None:
        return None
    changes = _all(session, _changes, video, _changes.c.id)
    return Film(
        row=row,
        identity=_identity(session, video),
        facts=next((_known(found) for found in _all(session, facts, video, facts.c.video_id)), None),
        plan=next((_planned(found) for found in _all(session, _plans, video, _plans.c.video_id)), None),
        search=next((_searched(found) for found in _all(session, searches, video, searches.c.id.desc())), None),
        probes=curves.of_film(session, video),
        encodes=tuple(_encoded(found) for found in _all(session, encodes, video, encodes.c.id.desc())),
        swaps=_swapped(session, video),
        failures=tuple(_failed(found) for found in _all(session, _failures, video, _failures.c.id.desc())),
        changes=tuple(_change(found) for found in changes),
    )


def _all(session: Session, of: Any, video: int, order: ColumnElement[Any]) -> list[dict[str, Any]]:
    query = select(of).where(of.c.video_id == video).order_by(order)
    return [dict(found) for found in session.execute(query).mappings()]


def _some(found: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: found[name] for name in names}


def _identity(session: Session, video: int) -> Identity:
    query = select(videos, libraries.c.path.label("root")).join(libraries, libraries.c.id == videos.c.library_id)
    found = dict(session.execute(query.where(videos.c.id == video)).mappings().one())
    return Identity(
        path=shown(found["path"]),
        library=shown(found["root"]),
        modified_at=datetime.fromtimestamp(0, UTC) + timedelta(microseconds=found["mtime_ns"] // 1000),
        **_some(found, "size", "inode", "links", "sparse_hash", "found_at", "seen_at"),
    )


def _known(found: dict[str, Any]) -> Known:
    return Known(
        frame_rate=Fraction(found["frame_rate"]) if found["frame_rate"] else None,
        streams=streams.described(found["document"]),
        **_some(found, "container", "title", "codec", "width", "height", "bit_depth", "chroma", "scan", "hdr"),
        **_some(found, "duration", "bitrate", "probed_at"),
    )


def _planned(found: dict[str, Any]) -> Planned:
    sentences = tuple(line for line in found["text"].splitlines() if line.strip())
    return Planned(sentences=sentences, **_some(found, "action", "reason", "decided_at"))


def _searched(found: dict[str, Any]) -> Searched:
    return Searched(**_some(found, *Searched.__slots__))


def _encoded(found: dict[str, Any]) -> Encoded:
    return Encoded(
        before=tuple(str(line) for line in _json(found["streams_before"], [])),
        after=tuple(str(line) for line in _json(found["streams_after"], [])),
        **_some(found, "crf", "size", "source_size", "seconds", "predicted", "achieved", "achieved_p5"),
        **_some(found, "deviation", "note", "scored_share", "verdict", "build", "ended_at"),
    )


def _swapped(session: Session, video: int) -> tuple[Swapped, ...]:
    outcomes = {found["swap_id"]: found["kind"] for found in _all(session, ledger, video, ledger.c.id)}
    return tuple(
        Swapped(
            trash=shown(found["trash"]),
            outcome=outcomes.get(found["id"], ""),
            **_some(found, "id", "state", "keep_until", "started_at", "changed_at"),
        )
        for found in _all(session, _swaps, video, _swaps.c.started_at.desc())
    )


def _failed(found: dict[str, Any]) -> Failed:
    context = causes.document(found["context"])
    names = ("stage", "category", "code", "message", "advice", "failed_at", "resolved_at")
    return Failed(context=context, **_some(found, *names))


def _change(found: dict[str, Any]) -> Change:
    return Change(before=State(found["before"]), after=State(found["after"]), note=found["note"], at=found["at"])


def _json(text: str, empty: Any) -> Any:
    """The value in `text`; `empty` where it is no JSON of that kind (written by another version)."""
    try:
        value = json.loads(text)
    except ValueError:
        return empty
    return value if isinstance(value, type(empty)) else empty
