"""Failures by cause: how many, since when, on which machines, with an example; and what became of them. Reads only."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, case, func, select
from sqlalchemy.orm import Session

from reencodarr.library import tables
from reencodarr.library.failures import Which
from reencodarr.library.reading.rows import shown, table, videos

_failures = table(tables.Failure)
_jobs = table(tables.Job)
_exclusions = table(tables.Exclusion)
_CAUSE = (_failures.c.stage, _failures.c.category, _failures.c.code)
_OPEN = _failures.c.resolved_at.is_(None)
_EVERY = Which()
_Cause = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """Failures with one cause, with the newest open one as the example."""

    stage: str
    category: str
    code: str
    number: int
    """Open failures."""
    videos: int
    """That have them."""
    resolved: int
    """Failures of this cause that do not stand any more."""
    first_at: datetime
    """Of the open ones."""
    last_at: datetime
    machines: tuple[tuple[str, int], ...]
    """Where the open ones happened, and how many there; the machine with most of them first."""
    message: str
    advice: str
    video: int
    """The id of the example's video."""
    film: str
    """Its name, safe to show."""
    context: tuple[tuple[str, str], ...]
    """Of the example: command, exit code, last lines of output, machine, versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The failures of one stage or category."""

    name: str
    total: int
    resolved: int

    @property
    def open(self) -> int:
        """Those that still stand."""
        return self.total - self.resolved


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedGroup:
    """Videos that a person excluded for one cause."""

    stage: str
    category: str
    code: str
    videos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureReport:
    """Failures since some time, or all of them."""

    groups: tuple[FailureGroup, ...]
    """Causes that still stand, the most frequent first."""
    stages: tuple[Tally, ...]
    """The stage with most failures first."""
    categories: tuple[Tally, ...]
    excluded: tuple[ExcludedGroup, ...]

    @property
    def total(self) -> int:
        """All failures, resolved ones as well."""
        return sum(one.total for one in self.stages)

    @property
    def resolved(self) -> int:
        """Those that do not stand any more."""
        return sum(one.resolved for one in self.stages)


def report(
    session: Session, *, library: int | None = None, since: datetime | None = None, which: Which = _EVERY
) -> FailureReport:
    """Failures of one library, since a time, of some causes; all where not said. Reads only."""
    where = _where(library, since, which)
    cells = list(session.execute(_cells(where)).mappings())
    standing = sorted(
        (cell for cell in cells if cell["number"]), key=lambda cell: (-cell["number"], cell["stage"], cell["code"])
    )
    return FailureReport(
        groups=_groups(session, standing, where),
        stages=_tallies((cell["stage"], cell) for cell in cells),
        categories=_tallies((cell["category"], cell) for cell in cells),
        excluded=_excluded(session, library, which),
    )


def failures(session: Session, *, library: int | None = None) -> tuple[FailureGroup, ...]:
    """Open failures by stage, category and code, the most frequent first. Reads only."""
    return report(session, library=library).groups


def _where(library: int | None, since: datetime | None, which: Which) -> ColumnElement[bool]:
    conditions = [which.condition]
    if since is not None:
        conditions.append(_failures.c.failed_at >= since)
    if library is not None:
        conditions.append(_failures.c.video_id.in_(_of(library)))
    return and_(*conditions)


def _of(library: int) -> Select[Any]:
    return select(videos.c.id).where(videos.c.library_id == library)


def _cells(where: ColumnElement[bool]) -> Select[Any]:
    """A line a cause, those with no open failure as well."""
    return (
        select(
            *_CAUSE,
            func.sum(case((_OPEN, 1), else_=0)).label("number"),
            func.sum(case((_OPEN, 0), else_=1)).label("resolved"),
            func.count(func.distinct(case((_OPEN, _failures.c.video_id)))).label("videos"),
            func.min(case((_OPEN, _failures.c.failed_at))).label("first_at"),
            func.max(case((_OPEN, _failures.c.failed_at))).label("last_at"),
            func.max(case((_OPEN, _failures.c.id))).label("newest"),
        )
        .where(where)
        .group_by(*_CAUSE)
    )


def _groups(
    session: Session, cells: list[RowMapping], where: ColumnElement[bool]
) -> tuple[FailureGroup, ...]:  # fmt: skip
    query = (
        select(_failures, videos.c.path)
        .join(videos, videos.c.id == _failures.c.video_id)
        .where(_failures.c.id.in_([cell["newest"] for cell in cells]))
    )
    examples = {row["id"]: row for row in session.execute(query).mappings()} if cells else {}
    machines = _machines(session, where) if cells else {}
    return tuple(_group(cell, examples[cell["newest"]], machines) for cell in cells)


def _group(cell: RowMapping, example: RowMapping, machines: Mapping[_Cause, Counter[str]]) -> FailureGroup:
    context = document(example["context"])
    involved = machines.get((cell["stage"], cell["category"], cell["code"]), Counter())
    said = next((value for name, value in context if name in {"worker", "machine"} and value), "")
    names = ("stage", "category", "code", "number", "videos", "resolved", "first_at", "last_at")
    return FailureGroup(
        **{name: cell[name] for name in names},
        machines=tuple(involved.most_common()) or (((said, 1),) if said else ()),
        message=example["message"],
        advice=example["advice"],
        video=example["video_id"],
        film=shown(example["path"].name),
        context=context,
    )


def _machines(session: Session, where: ColumnElement[bool]) -> dict[_Cause, Counter[str]]:
    """Where open failures happened, as the attempt's job says."""
    attempt = and_(
        _jobs.c.video_id == _failures.c.video_id,
        _jobs.c.kind == _failures.c.stage,
        _jobs.c.attempt == _failures.c.attempt,
    )
    query = (
        select(*_CAUSE, _jobs.c.worker, func.count())
        .select_from(_failures.join(_jobs, attempt))
        .where(where, _OPEN, _jobs.c.worker != "")
        .group_by(*_CAUSE, _jobs.c.worker)
    )
    found: dict[_Cause, Counter[str]] = {}
    for stage, category, code, worker, number in session.execute(query):
        # Work of the server's own is held by host, process and start; every process of a host is one machine.
        found.setdefault((stage, category, code), Counter())[worker.partition(":")[0]] += number
    return found


def _tallies(cells: Iterable[tuple[str, RowMapping]]) -> tuple[Tally, ...]:
    found: dict[str, list[int]] = {}
    for name, cell in cells:
        sums = found.setdefault(name, [0, 0])
        sums[0] += cell["number"] + cell["resolved"]
        sums[1] += cell["resolved"]
    tallies = (Tally(name=name, total=total, resolved=resolved) for name, (total, resolved) in found.items())
    return tuple(sorted(tallies, key=lambda one: (-one.total, one.name)))


def _excluded(session: Session, library: int | None, which: Which) -> tuple[ExcludedGroup, ...]:
    cause = (_exclusions.c.stage, _exclusions.c.category, _exclusions.c.code)
    query = select(*cause, func.count().label("videos")).group_by(*cause).order_by(func.count().desc(), *cause)
    for column, word in zip(cause, (which.stage, which.category, which.code), strict=True):
        query = query.where(column == word) if word else query
    if library is not None:
        query = query.where(_exclusions.c.video_id.in_(_of(library)))
    return tuple(ExcludedGroup(**row) for row in session.execute(query).mappings())


def document(text: str) -> tuple[tuple[str, str], ...]:
    """What a failure's context says, as words; nothing where another version wrote something else."""
    try:
        said = json.loads(text)
    except ValueError:
        return ()
    pairs = said.items() if isinstance(said, dict) else ()
    return tuple((name, value if isinstance(value, str) else json.dumps(value)) for name, value in pairs)
