"""Whose turn it is: videos that wait for a search or an encode, priority first, then gain per hour of computing.

Hours of computing go with the pixels that pass through (SVT-AV1 at one preset), so bytes that may be saved over pixels
is the order; which number the machines make of a pixel does not matter. A search that was not made yet is taken to
save what films save on average. All of it is SQL: only as many rows leave the database as there is room for.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, Float, Select, cast, false, func, literal, not_, or_, true
from sqlmodel import Session, col, select

from reencodarr.library import holds
from reencodarr.library.states import State
from reencodarr.library.tables import Facts, Library, Search, Video, VideoState
from reencodarr.stages import ordering
from reencodarr.units import Bytes
from reencodarr.work.orders import Kind

TYPICAL_SAVED = 0.55
"""Share of a film's size, before it was searched; searches are compared among themselves only."""
UNKNOWN_PIXELS = 1920 * 1080 * 3600.0
"""Width x height x seconds of a film whose duration nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A video that can take a step."""

    video_id: int
    kind: Kind
    size: Bytes
    priority: int
    build: str = ""
    """The encoder build that searched it."""

    @property
    def before(self) -> State:
        """The state in which it waits."""
        return State.CRF_SEARCHED if self.kind is Kind.ENCODE else State.ANALYZED


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Which of the waiting videos are asked for."""

    number: int
    size: Bytes | None = None
    """The largest film; None: any."""
    without: frozenset[int] = frozenset()
    """Libraries."""


def encodes(session: Session, builds: Collection[str], limits: Limits) -> list[Turn]:
    """Videos whose CRF was found by one of these builds, the best first. Reads only."""
    newest = select(func.max(Search.id)).where(col(Search.video_id) == col(VideoState.video_id))
    searched = newest.correlate(VideoState).scalar_subquery()
    query = (
        _waiting(State.CRF_SEARCHED, limits, saved=1 - col(Search.percent) / 100)
        .add_columns(col(Search.build))
        .join(Search, col(Search.id) == searched)
        .where(or_(false(), *(_made_by(build) for build in builds)))
    )
    return [
        Turn(video_id=video, kind=Kind.ENCODE, size=Bytes(size), priority=priority, build=ordering.encoder(build))
        for video, size, priority, build in session.execute(query).all()
    ]


def searches(session: Session, limits: Limits) -> list[Turn]:
    """Videos that wait for their search, the best first. Reads only."""
    return [
        Turn(video_id=video, kind=Kind.CRF_SEARCH, size=Bytes(size), priority=priority)
        for video, size, priority in session.execute(
            _waiting(State.ANALYZED, limits, saved=literal(TYPICAL_SAVED))
        ).all()
    ]


def stranded(session: Session, builds: Collection[str], limit: int) -> list[int]:
    """Videos that were searched by a build that no worker has any more, so that nobody could encode them."""
    newest = select(func.max(Search.id)).where(col(Search.video_id) == col(VideoState.video_id))
    searched = newest.correlate(VideoState).scalar_subquery()
    query = (
        select(VideoState.video_id)
        .join(Search, col(Search.id) == searched)
        .where(
            VideoState.state == State.CRF_SEARCHED.value,
            VideoState.claimed_by == "",
            not_(or_(false(), *(_made_by(build) for build in builds))),
        )
        .limit(limit)
    )
    return list(session.exec(query).all())


def _waiting(state: State, limits: Limits, *, saved: ColumnElement[Any]) -> Select[Any]:
    """The videos that nobody holds in a state, with the share of their size that may be saved."""
    pixels = func.coalesce(col(Facts.duration) * col(Facts.width) * col(Facts.height), UNKNOWN_PIXELS)
    gain = cast(col(Video.size), Float) * saved / pixels
    return (
        sqlalchemy.select(col(VideoState.video_id), col(Video.size), col(VideoState.priority))
        .select_from(VideoState)
        .join(Video, col(Video.id) == col(VideoState.video_id))
        .join(Facts, col(Facts.video_id) == col(VideoState.video_id))
        .join(Library, col(Library.id) == col(Video.library_id))
        .where(col(VideoState.state) == state.value, col(VideoState.claimed_by) == "", holds.none())
        # Nobody is at hand to be asked: only films that their owner wants replaced.
        .where(col(Library.confirmed_at).is_not(None))
        .where(true() if limits.size is None else col(Video.size) <= limits.size)
        .where(col(Video.library_id).not_in(limits.without))
        .order_by(col(VideoState.priority).desc(), gain.desc(), col(VideoState.video_id))
        .limit(limits.number)
    )


def _made_by(build: str) -> ColumnElement[bool]:
    """Searched with this encoder build, whichever engine led the search."""
    return or_(col(Search.build) == build, col(Search.build).startswith(f"{build}{ordering.ENGINE}", autoescape=True))
