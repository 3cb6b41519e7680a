"""CRF searches: every probe that was ever tried, the answers, and where a new search best begins."""

import statistics

from pydantic import TypeAdapter
from sqlalchemy import Text, func, or_, type_coerce
from sqlmodel import Session, col, select

from reencodarr import paths
from reencodarr.encoding.plan import EncodePlan
from reencodarr.errors import StateConflict
from reencodarr.library import plans
from reencodarr.library.tables import Facts, Search, Video, VmafProbe, now
from reencodarr.quality.engine import Probe, SearchResult, WindowScore
from reencodarr.units import Crf, Seconds, VmafScore

_WINDOWS: TypeAdapter[tuple[WindowScore, ...]] = TypeAdapter(tuple[WindowScore, ...])
SIBLINGS_ASKED = 200
"""The newest searches in a folder that a suggestion rests on."""


def record_probe(
    session: Session,
    video_id: int,
    probe: Probe,
    *,
    search_key: str,
    target: VmafScore,
    engine: str,
    build: str,
    parameters: str,
) -> None:
    """Keep a probe; the same one again replaces the first."""
    same = (VmafProbe.video_id == video_id, VmafProbe.search_key == search_key, VmafProbe.crf == probe.crf)
    row = VmafProbe(
        id=session.exec(select(VmafProbe.id).where(*same)).first(),
        video_id=video_id,
        search_key=search_key,
        crf=probe.crf,
        mean=probe.mean,
        p5=probe.p5,
        percent=probe.percent,
        seconds=probe.seconds,
        cpu_seconds=probe.cpu_seconds,
        target=target,
        windows=_WINDOWS.dump_json(probe.windows).decode(),
        engine=engine,
        build=build,
        parameters=parameters,
        probed_at=now(),
    )
    session.merge(row)
    session.flush()


def known_probes(session: Session, video_id: int, search_key: str) -> tuple[Probe, ...]:
    """The probes of a video that a search with this key can use, by CRF."""
    query = select(VmafProbe).where(VmafProbe.video_id == video_id, VmafProbe.search_key == search_key)
    return tuple(_probe(row) for row in session.exec(query.order_by(col(VmafProbe.crf))).all())


def probes_of_key(session: Session, search_key: str) -> tuple[Probe, ...]:
    """The newest probe of each CRF under a key, by CRF, whatever its film is called; reads the whole table."""
    query = select(VmafProbe).where(VmafProbe.search_key == search_key).order_by(col(VmafProbe.probed_at))
    newest_each = {row.crf: row for row in session.exec(query).all()}
    return tuple(_probe(newest_each[crf]) for crf in sorted(newest_each))


def record(session: Session, video_id: int, result: SearchResult, *, search_key: str, target: VmafScore) -> None:
    """Keep a search's answer; the newest one of a video counts. Its preset is that of the video's plan."""
    decision = plans.found(session, video_id)
    session.add(
        Search(
            video_id=video_id,
            search_key=search_key,
            crf=result.crf,
            predicted=result.predicted,
            interval=result.interval,
            percent=result.percent,
            target=target,
            met=result.met,
            preset=decision.video.preset if isinstance(decision, EncodePlan) else None,
            reason=result.reason,
            engine=result.engine,
            build=result.build,
        )
    )


def newest(session: Session, video_id: int) -> Search:
    """The answer that counts.

    Raises StateConflict when the video was not searched.
    """
    query = select(Search).where(Search.video_id == video_id).order_by(col(Search.id).desc())
    found = session.exec(query).first()
    if found is None:
        raise StateConflict(f"No CRF was searched for video {video_id} yet.")
    return found


def suggested_crf(session: Session, video_id: int) -> Crf | None:
    """Where a search best begins: the median CRF that films alike in the same folder were given; None without any.

    Alike means the same size of picture, dynamic range, preset and target; an episode's siblings mostly are
    (the original Reencodarr's bracket of hints rests on the same observation).
    """
    plan, video, own = plans.found(session, video_id), session.get(Video, video_id), session.get(Facts, video_id)
    if video is None or own is None or not isinstance(plan, EncodePlan):
        return None
    stored = type_coerce(col(Video.path), Text())
    newest_each = select(func.max(Search.id)).group_by(col(Search.video_id)).scalar_subquery()
    query = (
        select(col(Video.path), Search.crf)
        .join(Search, col(Search.video_id) == col(Video.id))
        .join(Facts, col(Facts.video_id) == col(Video.id))
        .where(
            or_(*(stored.startswith(start, autoescape=True) for start in paths.starts_below(video.path.parent))),
            Video.id != video_id,
            col(Search.id).in_(newest_each),
            col(Search.met),
            Search.preset == plan.video.preset,
            Search.target == plan.target.mean,
            (Facts.width == own.width) & (Facts.height == own.height) & (Facts.hdr == own.hdr),
        )
        .order_by(col(Search.id).desc())
        .limit(SIBLINGS_ASKED)
    )
    found = [crf for path, crf in session.exec(query).all() if path.parent == video.path.parent]
    return Crf(statistics.median(found)) if found else None


def _probe(row: VmafProbe) -> Probe:
    return Probe(
        crf=Crf(row.crf),
        mean=VmafScore(row.mean),
        p5=None if row.p5 is None else VmafScore(row.p5),
        percent=row.percent,
        seconds=Seconds(row.seconds),
        cpu_seconds=Seconds(row.cpu_seconds),
        windows=_WINDOWS.validate_json(row.windows),
    )
