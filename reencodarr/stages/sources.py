"""Is a video's file still the one that was analysed?"""

from pathlib import Path

from sqlmodel import Session

from reencodarr.library import database, videos
from reencodarr.library.states import State
from reencodarr.library.tables import Video
from reencodarr.media import fingerprint as identity
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.stages.step import Verdict
from reencodarr.stages.workplace import Workplace

CHANGED = Verdict(
    after=State.NEEDS_ANALYSIS, words="The file changed since it was analysed; the next scan looks again."
)


def path(session: Session, video_id: int) -> Path:
    """Where a video's file is."""
    return session.get_one(Video, video_id).path


def unchanged(workplace: Workplace, video_id: int) -> Fingerprint | None:
    """The file's identity now, or None when it is not the file that was analysed.

    Raises FileUnreadable.
    """
    with database.session(workplace.database, reads_only=True) as session:
        video = session.get_one(Video, video_id)
        known, where = videos.identity(video), video.path
    present = identity.fingerprint(where)
    return present if present.same_file(known) else None
