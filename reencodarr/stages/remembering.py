"""What the database knows of a film that is only looked at. A database that cannot be asked is no error here.

Reads only; where there is no database, none is made.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from reencodarr.encoding.policy import Policy
from reencodarr.errors import DatabaseError
from reencodarr.library import database, searches, transitions, videos
from reencodarr.library.tables import Video
from reencodarr.media.facts import Hdr
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.quality import keys
from reencodarr.settings import Settings
from reencodarr.stages import choosing, ordering
from reencodarr.stages.choosing import Hint
from reencodarr.stages.workplace import Workplace
from reencodarr.work.bench import Bench
from reencodarr.work.orders import SearchTerms

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A database that can be asked, and the film in it; neither need be there."""

    workplace: Workplace | None = None
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
            return Memory(workplace=workplace, hint=hint)
    except DatabaseError as error:
        return Memory(trouble=_trouble(error))


def with_experience(
    terms: SearchTerms, memory: Memory, path: Path, found: Fingerprint, *, hdr: Hdr, build: str
) -> tuple[SearchTerms, str]:
    """The terms with what earlier searches have shown, and why that may be nothing, as a sentence.

    Probes of the film are found by what it is, not by its name; films alike by their folder.
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
            known = searches.known_probes(session, key, preset=terms.video.preset)
            taught = ordering.experienced(session, terms, path=path.absolute(), hdr=hdr, known=known, build=build)
    except DatabaseError as error:
        return terms, _trouble(error)
    log.info("%d probes are remembered; CRF %g is expected", len(taught.known), taught.prior.crf)
    return taught, ""


def _video(session: Session, path: Path) -> Video | None:
    """The row of the film, under the name that was given or the one that it leads to."""
    return videos.at(session, path.absolute()) or videos.at(session, path.resolve())


def _trouble(error: DatabaseError) -> str:
    return f"Nothing is remembered: {error}"
