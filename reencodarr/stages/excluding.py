"""What a person excludes is left alone by every scan and policy, until that person includes it again."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from reencodarr.encoding.plan import LeaveReason, LeftAlone
from reencodarr.errors import StateConflict
from reencodarr.library import database, exclusions, failures, transitions
from reencodarr.library.failures import Which
from reencodarr.library.states import State
from reencodarr.library.tables import Failure, VideoState
from reencodarr.stages.workplace import Workplace

log = logging.getLogger(__name__)

DECISION = LeftAlone(
    reason=LeaveReason.EXCLUDED,
    text="A person excluded it; `reencodarr failures --include` brings it back.",
)
AT_ONCE = 200
"""Videos of one transaction, so that nobody waits long for the database."""
_ENDED = (State.GONE.value, State.REPLACED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """What came of asking to exclude."""

    videos: int
    busy: int
    """Videos that somebody works on now; they were left as they are."""


def exclude(workplace: Workplace, which: Which) -> Excluded:
    """Leave alone every video with an open failure of this cause. May be repeated safely.

    A video that waits to be tried again is excluded as well; one that is worked on is not.

    Raises DatabaseError.
    """
    with database.session(workplace.database, reads_only=True) as session:
        causes = _causes(session, which)
    done = 0
    for some in _chunks(list(causes)):
        with database.session(workplace.database) as session:
            done += sum(_exclude(session, video_id, causes[video_id]) for video_id in some)
    if causes:
        log.info("%d videos are excluded, %d are worked on", done, len(causes) - done)
    return Excluded(videos=done, busy=len(causes) - done)


def include(workplace: Workplace, which: Which) -> int:
    """Let every video that was excluded for this cause be analysed again; their number. May be repeated safely.

    Raises DatabaseError.
    """
    with database.session(workplace.database, reads_only=True) as session:
        excluded = exclusions.caused_by(session, which)
    for some in _chunks(excluded):
        with database.session(workplace.database) as session:
            for video_id in some:
                _include(session, video_id)
    if excluded:
        log.info("%d videos are included again", len(excluded))
    return len(excluded)


def _causes(session: Session, which: Which) -> dict[int, Which]:
    """Videos with open failures of this cause, each with the newest of them; not those that are gone, or done."""
    query = (
        select(Failure.video_id, Failure.stage, Failure.category, Failure.code)
        .join(VideoState, col(VideoState.video_id) == col(Failure.video_id))
        .where(which.condition, col(Failure.resolved_at).is_(None), col(VideoState.state).not_in(_ENDED))
        .order_by(col(Failure.id))
    )
    found = session.exec(query).all()
    return {video_id: Which(stage=stage, category=category, code=code) for video_id, stage, category, code in found}


def _exclude(session: Session, video_id: int, cause: Which) -> bool:
    state = session.get_one(VideoState, video_id)
    before, reason = State(state.state), DECISION.reason.value
    if before is not State.SKIPPED:
        try:
            transitions.move(
                session, video_id, before, State.SKIPPED, attempt=None, reason=reason, note="a person excluded it"
            )
        except (StateConflict, ValueError):  # Somebody works on it: a claim's states are left by its holder only.
            return False
    exclusions.keep(session, video_id, cause)
    failures.resolve(session, video_id)
    return True


def _include(session: Session, video_id: int) -> None:
    state = session.get_one(VideoState, video_id)
    exclusions.drop(session, video_id)
    if state.state == State.SKIPPED.value and state.reason == DECISION.reason.value:
        transitions.requeue(session, video_id, "a person included it again")


def _chunks(videos: Sequence[int]) -> Iterator[Sequence[int]]:
    return (videos[first : first + AT_ONCE] for first in range(0, len(videos), AT_ONCE))
