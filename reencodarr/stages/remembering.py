"""What the database knows of a film that is only looked at. A database that cannot be asked is no error here.

Reads only; where there is no database, none is made.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from sqlmodel import Session

from reencodarr.encoding.policy import Policy
from reencodarr.errors import DatabaseError
from reencodarr.library import database, searches, transitions, videos
from reencodarr.library.tables import Video
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.quality import keys
from reencodarr.settings import Settings
from reencodarr.stages import choosing
from reencodarr.stages.choosing import Hint
from reencodarr.stages.workplace import Workplace
from reencodarr.work.bench import Bench
from reencodarr.work.orders import SearchTerms

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A database that can be asked, and the film in it; neither need be there."""

    workplace: Workplace | None = None
    video_id: int | None = None
    hint: Hint = choosing.NONE
    trouble: str = ""
    """Why the database could not be asked, as a sentence."""


def of_film(settings: Settings, policy: Policy, path: Path, *, bench: Bench) -> Memory:
    """What is known of the film of this name."""
    if not database.exists(settings.database):
        return Memory()
    try:
        engine = database.engine(settings.database)
        database.check(engine)
        workplace = Workplace(
            settings=settings,
            policy=policy,
            database=engine,
            ffmpeg=bench.ffmpeg,
            build=bench.build,
            holder=transitions.holder_name(),
        )
        with database.session(engine, reads_only=True) as session:
            video = _video(session, path)
            if video is None or video.id is None:
                return Memory(workplace=workplace)
            hint = choosing.hints(session, workplace, [video.id]).get(video.id, choosing.NONE)
            return Memory(workplace=workplace, video_id=video.id, hint=hint)
    except DatabaseError as error:
        return Memory(trouble=_trouble(error))


def with_known(
    terms: SearchTerms, memory: Memory, found: Fingerprint, *, build: str, siblings: bool
) -> tuple[SearchTerms, str]:
    """The terms with the probes that earlier searches left, and why there may be none, as a sentence.

    They are found by what the film is, not by its name. `siblings`: also begin where films alike in its folder ended.
    """
    if memory.workplace is None:
        return terms, memory.trouble
    key = keys.search_key(
        identity=f"{found.size}:{found.sparse_hash}",
        video=terms.video,
        target=terms.target,
        engine=terms.engine,
        build=build,
    )
    try:
        with database.session(memory.workplace.database, reads_only=True) as session:
            known = searches.probes_of_key(session, key)
            asked = memory.video_id if siblings else None
            first = None if asked is None else searches.suggested_crf(session, asked)
    except DatabaseError as error:
        return terms, _trouble(error)
    log.info("%d probes are remembered; siblings suggest CRF %s", len(known), first)
    return replace(terms, known=known, first_crf=first), ""


def _video(session: Session, path: Path) -> Video | None:
    """The row of the film, under the name that was given or the one that it leads to."""
    return videos.at(session, path.absolute()) or videos.at(session, path.resolve())


def _trouble(error: DatabaseError) -> str:
    return f"Nothing is remembered: {error}"
