"""What a search or an encode of one video needs, out of the database: the terms of its order. Writes nothing."""

from sqlmodel import Session

from reencodarr import __version__
from reencodarr.encoding.plan import EncodePlan
from reencodarr.library import facts, plans, searches, videos
from reencodarr.library.tables import Video
from reencodarr.quality import keys
from reencodarr.units import Crf, VmafScore
from reencodarr.work.orders import EncodeTerms, SearchTerms

ENGINE = "+ab-av1-"
"""What follows the encoder's build in the build of a search that ab-av1 led."""


def encoder(build: str) -> str:
    """The encoder build within the build that a search is kept under."""
    return build.split(ENGINE, maxsplit=1)[0]


def search_terms(session: Session, video_id: int, *, engine: str, build: str) -> SearchTerms:
    """The terms of a search by `engine` on a machine with the encoder `build`; its known probes are among them."""
    known_facts, plan = facts.of(session, video_id), plans.encode_plan(session, video_id)
    video = known_facts.video
    assert video is not None  # the rules leave a film without video alone
    return SearchTerms(
        engine=engine,
        duration=known_facts.duration,
        width=video.width,
        height=video.height,
        video=plan.video,
        target=plan.target,
        largest_percent=plan.largest_ratio * 100,
        known=searches.known_probes(session, video_id, search_key(session, video_id, plan, engine=engine, build=build)),
        first_crf=searches.suggested_crf(session, video_id),
    )


def encode_terms(session: Session, video_id: int) -> EncodeTerms:
    """The terms of an encode with the CRF that was found.

    Raises StateConflict when no CRF was searched.
    """
    answer, plan = searches.newest(session, video_id), plans.encode_plan(session, video_id)
    return EncodeTerms(
        facts=facts.of(session, video_id),
        plan=plan,
        crf=Crf(answer.crf),
        predicted=VmafScore(answer.predicted),
        provenance=f"{__version__} crf={{crf}} preset={plan.video.preset} target={plan.target.mean:g}",
    )


def search_key(session: Session, video_id: int, plan: EncodePlan, *, engine: str, build: str) -> str:
    """The key under which probes of this video are kept; see `quality.keys`."""
    identity = videos.identity(session.get_one(Video, video_id))
    return keys.search_key(
        identity=f"{identity.size}:{identity.sparse_hash}",
        video=plan.video,
        target=plan.target,
        engine=engine,
        build=build,
    )
