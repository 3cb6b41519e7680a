"""Pausing, cancelling and resuming searches and encodes, wherever they run: the wish is noted here, and heeded there.

Work in this machine's own runs hears of it within seconds, work on other machines at its next beat.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from reencodarr.library import database, holds
from reencodarr.library.states import HOLDABLE, State
from reencodarr.library.tables import Video, VideoState
from reencodarr.stages.workplace import Workplace

log = logging.getLogger(__name__)

UNDER_WAY = (State.CRF_SEARCHING, State.ENCODING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What became of one video's wish."""

    video_id: int
    name: str
    state: State
    done: bool
    """False where there was nothing to pause, cancel or resume."""

    @property
    def under_way(self) -> bool:
        """Whether somebody works on it now."""
        return self.state in UNDER_WAY


def under_way(workplace: Workplace) -> list[int]:
    """The videos that are searched or encoded now, here or elsewhere. Reads only."""
    query = select(VideoState.video_id).where(col(VideoState.state).in_([state.value for state in UNDER_WAY]))
    with database.session(workplace.database, reads_only=True) as session:
        return list(session.exec(query.order_by(col(VideoState.video_id))).all())


def resting(workplace: Workplace) -> list[int]:
    """The videos that were paused or cancelled and not resumed. Reads only."""
    with database.session(workplace.database, reads_only=True) as session:
        return list(holds.every(session))


def pause(workplace: Workplace, video_ids: Sequence[int]) -> list[Held]:
    """Have videos rest where they are, in mid-work too; those that wait are not begun. May be repeated safely.

    Raises DatabaseError.
    """
    return _hold(workplace, video_ids, holds.PAUSED)


def cancel(workplace: Workplace, video_ids: Sequence[int]) -> list[Held]:
    """End the work on videos without a result; they wait, and are not begun before they are resumed.

    Raises DatabaseError.
    """
    return _hold(workplace, video_ids, holds.CANCELLED)


def resume(workplace: Workplace, video_ids: Sequence[int]) -> list[Held]:
    """Let paused videos go on, and cancelled ones be begun again. May be repeated safely.

    Raises DatabaseError.
    """
    with database.session(workplace.database) as session:
        return [_held(session, video_id, done=holds.drop(session, video_id)) for video_id in video_ids]


def _hold(workplace: Workplace, video_ids: Sequence[int], kind: str) -> list[Held]:
    done = []
    with database.session(workplace.database) as session:
        for video_id in video_ids:
            state = State(session.get_one(VideoState, video_id).state)
            can = state in UNDER_WAY or state in HOLDABLE
            if can:
                holds.keep(session, video_id, kind)
                log.info("video %d is %s by a person", video_id, kind)
            done.append(_held(session, video_id, done=can))
    return done


def _held(session: Session, video_id: int, *, done: bool) -> Held:
    state = State(session.get_one(VideoState, video_id).state)
    return Held(video_id=video_id, name=session.get_one(Video, video_id).path.name, state=state, done=done)
