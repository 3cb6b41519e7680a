"""Which videos take their turn, and in which order."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, true
from sqlmodel import Session, col, select

from reencodarr.errors import FileUnreadable, StateConflict
from reencodarr.library import database, failures, holds, notices, transitions, videos
from reencodarr.library.failures import Which
from reencodarr.library.states import HOLDABLE, State
from reencodarr.library.tables import Failure, Video, VideoState
from reencodarr.paths import from_text
from reencodarr.stages import scanning
from reencodarr.stages.workplace import Workplace

TURN = (State.ENCODED, State.CRF_SEARCHED, State.ANALYZED)
"""States from which a run goes on; what is nearest to its end first."""
EVERY = Which()
AT_ONCE = 200
"""Videos of one transaction, so that nobody waits long for the database."""


def waiting(workplace: Workplace, paths: Sequence[str], *, analysis_only: bool = False) -> list[int]:
    """Videos below `paths` that can take a step: highest priority first, then nearest to the end, then largest."""
    states = (State.NEEDS_ANALYSIS,) if analysis_only else TURN
    rank = {state.value: place for place, state in enumerate(states)}
    with database.session(workplace.database, reads_only=True) as session:
        rows = session.exec(
            select(Video.id, VideoState.state, VideoState.priority, Video.size)
            .join(VideoState, col(VideoState.video_id) == col(Video.id))
            .where(col(VideoState.state).in_(rank), col(VideoState.claimed_by) == "", _under(paths), _begins())
        ).all()
    return [row[0] for row in sorted(rows, key=lambda row: (-row[2], rank[row[1]], -row[3])) if row[0] is not None]


def below(session: Session, paths: Sequence[str]) -> list[int]:
    """All videos below `paths` whose files are there, in the order of their paths."""
    gone = col(VideoState.state) != State.GONE.value
    query = select(Video.id).join(VideoState, col(VideoState.video_id) == col(Video.id)).where(gone, _under(paths))
    return [found for found in session.exec(query.order_by(col(Video.path))).all() if found is not None]


def find(workplace: Workplace, video: str) -> int:
    """The number of a video that is given by number or path.

    Raises FileUnreadable when none is known.
    """
    with database.session(workplace.database, reads_only=True) as session:
        known = session.get(Video, int(video)) if video.isdigit() else None
        if known is None and from_text(video).exists():
            known = session.exec(select(Video).where(Video.path == scanning.resolved(video))).first()
    if known is None or known.id is None:
        raise FileUnreadable(f"No video {video!r} is known.", advice="Scan its library first: `reencodarr run`.")
    return known.id


def prioritise(workplace: Workplace, video_id: int) -> int:
    """Put a video before all others; its number."""
    with database.session(workplace.database) as session:
        transitions.prioritise(session, video_id)
    return video_id


def retry(workplace: Workplace, paths: Sequence[str], which: Which = EVERY) -> int:
    """Send the failed videos below `paths` with an open failure of this cause back to analysis; their number.

    Without a cause all failed videos. Those that wait to be tried again anyway are left as they are. Without paths,
    what a Sonarr or Radarr could not be told of a swapped film is told again, and that film counts as well. May be
    repeated safely.
    """
    query = (
        select(VideoState.video_id)
        .join(Video, col(VideoState.video_id) == col(Video.id))
        .where(VideoState.state == State.FAILED.value, _under(paths))
    )
    if which != EVERY:
        caused = select(Failure.video_id).where(which.condition, col(Failure.resolved_at).is_(None))
        query = query.where(col(VideoState.video_id).in_(caused))
    with database.session(workplace.database, reads_only=True) as session:
        failed = session.exec(query).all()
    with database.session(workplace.database) as session:
        done = 0 if paths else notices.retry(session, which)
    for first in range(0, len(failed), AT_ONCE):
        with database.session(workplace.database) as session:
            done += sum(_retry(session, video_id) for video_id in failed[first : first + AT_ONCE])
    return done


def _retry(session: Session, video_id: int) -> bool:
    try:
        transitions.move(session, video_id, State.FAILED, State.NEEDS_ANALYSIS, attempt=None, note="asked to try again")
    except StateConflict:  # Somebody else asked, too.
        return False
    failures.resolve(session, video_id)
    return True


def _begins() -> ColumnElement[bool]:
    """All but those whose search or encode a person wants to rest."""
    return holds.none() | col(VideoState.state).not_in([state.value for state in HOLDABLE])


def _under(paths: Sequence[str]) -> ColumnElement[bool]:
    """Videos that are, or lie below, one of some paths; no path at all means everywhere."""
    if not paths:
        return true()
    roots = [scanning.resolved(path) for path in paths]
    return or_(*(videos.below(root) for root in roots), col(Video.path).in_(roots))
