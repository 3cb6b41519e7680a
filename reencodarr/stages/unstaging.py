"""What leaves the bucket: films that no job will read any more, results that were collected, and what nobody knows."""

import logging
from datetime import timedelta

from sqlmodel import Session, col, select

from reencodarr.library import database, jobs, staged
from reencodarr.library.states import State
from reencodarr.library.tables import Encode, Job, StagedFilm, Video, VideoState, now
from reencodarr.stages import objects
from reencodarr.stages.workplace import Workplace
from reencodarr.storage import janitor
from reencodarr.storage.bucket import Bucket
from reencodarr.storage.janitor import Swept

log = logging.getLogger(__name__)

OLD = timedelta(days=2)
"""No worker takes so long for an upload, no server for staging a film."""
UNUSED = timedelta(days=1)
"""A film that waits for its encode so long makes room for others; it is brought again when its turn comes."""
_WANTED = {State.ANALYZED.value, State.CRF_SEARCHING.value, State.CRF_SEARCHED.value, State.ENCODING.value}


def discard(workplace: Workplace, bucket: Bucket) -> int:
    """Delete films from the bucket that no job reads or will read; how many. May be repeated safely."""
    with database.session(workplace.database, reads_only=True) as session:
        doomed = [row for row in staged.every(session) if not _is_wanted(session, row)]
    gone = 0
    for row in doomed:
        # First the row: whoever wants the film from now on finds none, and brings it anew.
        with database.session(workplace.database) as session:
            forgotten = staged.forget(session, row)
        if forgotten:
            bucket.delete(objects.everything(row.key))
            log.info("%s left the bucket", row.key)
            gone += 1
    return gone


def sweep(workplace: Workplace, bucket: Bucket) -> Swept:
    """Delete whatever lies in the bucket and is wanted by nothing in the database. May be repeated safely.

    Raises BucketUnreachable, BucketRefused.
    """
    with database.session(workplace.database, reads_only=True) as session:
        sources = {row.key for row in staged.every(session)}
        results = {f"jobs/{row.key}/{row.attempt}" for row in jobs.unsettled(session)} | _uncollected(session)
    return janitor.sweep(
        bucket,
        wanted=lambda key: key.rpartition("/")[0] in sources | results,
        older_than=OLD,
        moment=now(),
    )


def _is_wanted(session: Session, row: StagedFilm) -> bool:
    """Whether a job reads a staged film, or will: it waits for its encode, and is still the same film."""
    video, state = session.get_one(Video, row.video_id), session.get_one(VideoState, row.video_id)
    if state.state not in _WANTED or objects.source(video) != row.key:
        return False
    return bool(state.claimed_by) or now() - row.wanted_at < UNUSED


def _uncollected(session: Session) -> set[str]:
    """The folders of results that wait to be collected."""
    query = (
        select(Job)
        .join(Encode, (col(Encode.video_id) == col(Job.video_id)) & (col(Encode.attempt) == col(Job.attempt)))
        .join(VideoState, col(VideoState.video_id) == col(Job.video_id))
        .where(VideoState.state == State.ENCODED.value, col(Job.key).is_not(None))
    )
    return {f"jobs/{row.key}/{row.attempt}" for row in session.exec(query).all()}
