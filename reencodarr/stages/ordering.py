"""What a search or an encode of one video needs, out of the database: the terms of its order. Writes nothing."""

from dataclasses import replace
from pathlib import Path

from sqlmodel import Session

from reencodarr import __version__
from reencodarr.encoding.plan import EncodePlan
from reencodarr.library import facts, lessons, plans, searches, videos
from reencodarr.library.tables import Video
from reencodarr.media.facts import Hdr
from reencodarr.quality import bias, keys
from reencodarr.quality import prior as priors
from reencodarr.quality import proxy as proxies
from reencodarr.quality.engine import Probe
from reencodarr.quality.prior import Origin
from reencodarr.quality.proxy import Proxy
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
    terms = SearchTerms(
        engine=engine,
        duration=known_facts.duration,
        width=video.width,
        height=video.height,
        video=plan.video,
        target=plan.target,
        largest_percent=plan.largest_ratio * 100,
        hdr=video.hdr,
    )
    row = session.get_one(Video, video_id)
    key = search_key(session, video_id, plan, engine=engine, build=build)
    known = searches.known_probes(session, key, preset=plan.video.preset, video_id=video_id)
    return experienced(session, terms, path=row.path, hdr=video.hdr, known=known, build=build)


def experienced(
    session: Session, terms: SearchTerms, *, path: Path, hdr: Hdr, known: tuple[Probe, ...], build: str
) -> SearchTerms:
    """The terms with all that probes of this film and films alike have shown before."""
    alike = class_key(terms, hdr=hdr, build=build)
    seen = lessons.siblings(session, path, alike)
    prior = priors.of(seen, terms.target, Origin.SIBLINGS)
    if prior is None:
        prior = priors.of(lessons.library(session, alike, but=path), terms.target, Origin.LIBRARY)
    proxy = proxies.of(terms.video.preset, lessons.proxies(session, alike)) if terms.engine == "native" else None
    return replace(
        terms,
        known=tuple(probe for probe in known if _fits(probe, proxy)),
        prior=prior or priors.default(terms.target),
        bias=bias.learned(lessons.deviations(session, alike)),
        proxy=proxy,
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
        slope=answer.slope,
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


def class_key(terms: SearchTerms, *, hdr: Hdr, build: str) -> str:
    """The key of films that are like this one; see `quality.keys`."""
    return keys.class_key(
        video=terms.video,
        target=terms.target,
        engine=terms.engine,
        build=build,
        width=terms.width,
        height=terms.height,
        hdr=hdr,
    )


def _fits(probe: Probe, proxy: Proxy | None) -> bool:
    """Whether a probe that was kept still means something: those of the film's own preset always do."""
    if probe.preset is None:
        return True
    return proxy is not None and probe.preset == proxy.preset and (probe.pilot or proxy.offset is not None)
