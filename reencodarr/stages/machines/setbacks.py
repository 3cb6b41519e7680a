"""Setbacks: the bucket did not take a film. The next try waits as long as the trouble has lasted, up to a limit.

Told by the jobs that staging gave back, so that it outlives every process. A film that alone is not taken (it is too
large, say) rests alone; when two or more are not taken, the bucket itself is in trouble, and nothing is brought there.
A film that is taken ends the trouble; of another film, only its own being taken does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from sqlmodel import Session

from reencodarr.library import jobs
from reencodarr.stages.machines import blame, queues
from reencodarr.work.orders import Kind

SHORTEST = timedelta(seconds=10)
LONGEST = timedelta(minutes=15)
BREAK = 2 * LONGEST
"""Without a setback for so long, the next one is the first of another trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback:
    """One film that the bucket did not take."""

    video_id: int
    at: datetime
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One film that the bucket took: it was given away at that moment, and a worker could begin."""

    video_id: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rests:
    """Until when what is not brought into the bucket."""

    everything: datetime | None = None
    films: dict[int, datetime] = field(default_factory=dict)
    words: str = ""
    """Why, where something rests."""

    def hold(self, video_id: int) -> bool:
        """Whether a film is not brought now."""
        return self.everything is not None or video_id in self.films


def found(session: Session, moment: datetime) -> Rests:
    """What rests at a moment. Reads only."""
    since = moment - 2 * BREAK
    told = [(row, blame.failure(row)) for row in jobs.unstaged(session, since=since)]
    setbacks = [
        Setback(video_id=row.video_id, at=row.ended_at or row.started_at, words=failure.message)
        for row, failure in told
        if failure is not None
    ]
    if not setbacks:
        return Rests()
    again = {one.video_id for one in setbacks}
    taken = [
        Taken(video_id=row.video_id, at=row.started_at)
        for row in jobs.claimed(session, since=since)
        # An encode reads what its search was brought; where no bucket is between, nothing was.
        if (row.kind == Kind.CRF_SEARCH or row.video_id in again) and not row.queue.startswith(queues.LOCAL)
    ]
    return rests(setbacks, moment, taken)


def rests(setbacks: Sequence[Setback], moment: datetime, taken: Sequence[Taken] = ()) -> Rests:
    """What rests at a moment, after these setbacks, the oldest first, and with these films taken."""
    films = {one.video_id for one in setbacks}
    since = {one.video_id: one.at for one in sorted(taken, key=lambda one: one.at)}
    of_films = {
        film: [one for one in setbacks if one.video_id == film and not _over(one, since.get(film))] for film in films
    }
    resting = {film: end for film, own in of_films.items() if own and (end := _end(own)) > moment}
    last = max(since.values(), default=None)
    trouble = _unbroken([one for one in setbacks if not _over(one, last)])
    common = _end(trouble) if len({one.video_id for one in trouble}) > 1 else moment
    if common > moment:
        words = f"{setbacks[-1].words} Nothing is brought into the bucket until {common:%H:%M:%S} UTC."
        return Rests(everything=common, films=resting, words=words)
    if not resting:
        return Rests()
    words = f"{setbacks[-1].words} Films that are not brought into the bucket now: {len(resting)}."
    return Rests(films=resting, words=words)


def _over(setback: Setback, taken: datetime | None) -> bool:
    return taken is not None and setback.at <= taken


def _end(setbacks: Sequence[Setback]) -> datetime:
    """When the next try is due: it waits as long as the trouble has lasted, so that each wait doubles it."""
    trouble = _unbroken(setbacks)
    last = trouble[-1].at
    return last + min(LONGEST, max(SHORTEST, last - trouble[0].at))


def _unbroken(setbacks: Sequence[Setback]) -> Sequence[Setback]:
    """The last ones between which there was no long break."""
    first = 0
    for number, (one, following) in enumerate(pairwise(setbacks), start=1):
        if following.at - one.at > BREAK:
            first = number
    return setbacks[first:]
