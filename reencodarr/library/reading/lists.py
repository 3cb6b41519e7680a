"""Which videos, in which order, how many: searching, filtering, sorting and paging, all of it in SQL.

A page is read in two steps: the ids, with nothing joined that the filter or the order does not need, then the lines
of those few. With 200,000 videos in SQLite a page takes 0.03 to 0.3 s, a search for words 0.3 to 0.6 s, for it reads
every title (measured on 2 busy cores; `benchmarks/reading.py` measures it again).
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from sqlalchemy import ColumnElement, Select, Text, and_, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from reencodarr.library.reading.rows import Row, chunks, facts, libraries, rows, shown, standing, states, videos
from reencodarr.library.states import State


class Sort(StrEnum):
    """An order of a list; ties go by path."""

    NAME = "name"
    """By path."""
    SIZE = "size"
    """The largest file first, by its size today."""
    SAVED = "saved"
    """The greatest saving first."""
    CHANGED = "changed"
    """The latest change of state first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a list shows. Videos that are gone are left out unless `state` asks for them."""

    text: str = ""
    """Every word of it is in the path or the title; upper and lower case are the same."""
    state: tuple[State, ...] = ()
    """Any of these; empty: all."""
    reason: str = ""
    library: int | None = None
    sort: Sort = Sort.NAME
    number: int = 1
    """The page, from 1; beyond the last it is the last."""
    size: int = 50
    """Videos a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list."""

    rows: tuple[Row, ...]
    total: int
    """Videos on all pages."""
    number: int
    pages: int
    """At least 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Videos by state, and by state and reason where there is one; nothing is listed that counts zero."""

    states: dict[State, int]
    reasons: dict[tuple[State, str], int]

    @property
    def total(self) -> int:
        """All videos but those that are gone."""
        return sum(number for state, number in self.states.items() if state is not State.GONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A library."""

    id: int
    path: str
    """Safe to show."""
    scanned_at: datetime | None


_STATED = videos.join(states, states.c.video_id == videos.c.id)


def roots(session: Session) -> tuple[Root, ...]:
    """All libraries by path. Reads only."""
    query = select(libraries.c.id, libraries.c.path, libraries.c.scanned_at).order_by(libraries.c.path)
    return tuple(Root(id=key, path=shown(path), scanned_at=at) for key, path, at in session.execute(query))


def counts(session: Session, *, library: int | None = None) -> Counts:
    """How many videos are in which state and why. Reads only."""
    query = select(states.c.state, states.c.reason, func.count()).group_by(states.c.state, states.c.reason)
    if library is not None:
        query = query.join(videos, videos.c.id == states.c.video_id).where(videos.c.library_id == library)
    by_state: dict[State, int] = {}
    by_reason: dict[tuple[State, str], int] = {}
    for value, reason, number in session.execute(query.order_by(states.c.state, states.c.reason)):
        state = State(value)
        by_state[state] = by_state.get(state, 0) + number
        if reason:
            by_reason[state, reason] = number
    return Counts(states=by_state, reasons=by_reason)


def page(session: Session, query: Query) -> Page:
    """One page of the videos that `query` asks for. Reads only."""
    conditions = _conditions(query, folds=session.get_bind().dialect.name == "sqlite")
    counting = select(func.count()).select_from(_STATED).where(*conditions)
    total = session.execute(counting).scalar_one()
    pages = max(1, -(-total // query.size))
    number = min(max(query.number, 1), pages)
    chosen = _ordered(query).where(*conditions).limit(query.size).offset((number - 1) * query.size)
    ids = session.execute(chosen).scalars().all() if total else ()
    return Page(rows=rows(session, ids), total=total, number=number, pages=pages)


def summary(
    session: Session,
    *,
    library: int | None = None,
    ids: Iterable[int] | None = None,
    changed_since: datetime | None = None,
) -> tuple[Row, ...]:
    """The lines of a run's table, by path: of one library, of these videos, of what changed; all where not said.

    Reads only. Videos that are gone are listed only when `ids` names them.
    """
    query = select(videos.c.path, videos.c.id).join(states, states.c.video_id == videos.c.id)
    if library is not None:
        query = query.where(videos.c.library_id == library)
    if changed_since is not None:
        query = query.where(states.c.changed_at >= changed_since)
    if ids is None:
        asked = [query.where(states.c.state != State.GONE.value)]
    else:
        asked = [query.where(videos.c.id.in_(some)) for some in chunks(sorted(set(ids)))]
    found = sorted((str(path), key) for one in asked for path, key in session.execute(one))
    return rows(session, [key for _, key in found])


def _ordered(query: Query) -> Select[Any]:
    """The ids of all videos in the order of `query`; joins what the order needs, no more."""
    if query.sort is Sort.NAME:
        return select(videos.c.id).select_from(_STATED).order_by(videos.c.path)
    if query.sort is not Sort.SAVED:
        key = videos.c.size if query.sort is Sort.SIZE else states.c.changed_at
        return select(videos.c.id).select_from(_STATED).order_by(key.desc(), videos.c.id)
    entries = standing()
    saved = func.sum(entries.c.bytes_before - entries.c.bytes_after).label("saved")
    sums = select(entries.c.video_id, saved).group_by(entries.c.video_id).subquery()
    joined = _STATED.outerjoin(sums, sums.c.video_id == videos.c.id)
    return select(videos.c.id).select_from(joined).order_by(func.coalesce(sums.c.saved, -(2**62)).desc(), videos.c.id)


def _conditions(query: Query, *, folds: bool) -> list[ColumnElement[bool]]:
    wanted = [state.value for state in query.state]
    gone = select(states.c.video_id).where(states.c.state == State.GONE.value)
    conditions: list[ColumnElement[bool]] = [states.c.state.in_(wanted) if wanted else videos.c.id.not_in(gone)]
    if query.reason:
        conditions.append(states.c.reason == query.reason)
    if query.library is not None:
        conditions.append(videos.c.library_id == query.library)
    return conditions + [_has(word, folds=folds) for word in query.text.split()]


def _has(word: str, *, folds: bool) -> ColumnElement[bool]:
    """Whether path or title has `word`. Paths that are no UTF-8 are stored percent-encoded and searched so.

    `folds`: the database's plain LIKE takes upper and lower case as the same, which is SQLite's way and its fastest.
    """

    def contains(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        return column.contains(text, autoescape=True) if folds else column.icontains(text, autoescape=True)

    path = type_coerce(videos.c.path, Text())
    cases = _cases(word)
    titled = select(facts.c.video_id).where(or_(*(contains(facts.c.title, text) for text in cases)))
    conditions = [contains(path, text) for text in cases] + [videos.c.id.in_(titled)]
    encoded = quote(word, safe="/ ", errors="surrogateescape")
    if encoded != word:
        conditions.append(and_(path.startswith("bytes:"), contains(path, encoded)))
    return or_(*conditions)


def _cases(word: str) -> list[str]:
    """The spellings to look for: SQLite folds the case of ASCII only, and file systems differ in normal forms."""
    if word.isascii():
        return [word]
    cases = (word, word.lower(), word.upper(), word.capitalize())
    return sorted({unicodedata.normalize(form, text) for form in ("NFC", "NFD") for text in cases})
