"""CRF searches: every probe that was ever tried, and the answers."""

from typing import Any

from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from reencodarr.encoding import documents
from reencodarr.encoding.plan import EncodePlan, VideoPlan
from reencodarr.errors import StateConflict
from reencodarr.library import plans
from reencodarr.library.tables import Search, VmafProbe, now
from reencodarr.quality.engine import Probe, SearchResult, WindowScore
from reencodarr.units import Crf, Seconds, VmafScore

_WINDOWS: TypeAdapter[tuple[WindowScore, ...]] = TypeAdapter(tuple[WindowScore, ...])


def record_probe(
    session: Session,
    video_id: int,
    found: Probe,
    *,
    search_key: str,
    video: VideoPlan,
    target: VmafScore,
    engine: str,
    build: str,
) -> None:
    """Keep a probe of a film that `video` will encode; the same one again replaces the first."""
    used = video.preset if found.preset is None else found.preset
    same: dict[str, Any] = {"video_id": video_id, "search_key": search_key}
    same |= {"crf": found.crf, "pilot": found.pilot, "preset": used}
    row = VmafProbe(
        id=session.exec(select(VmafProbe.id).filter_by(**same)).first(),
        **same,
        mean=found.mean,
        p5=found.p5,
        percent=found.percent,
        seconds=found.seconds,
        cpu_seconds=found.cpu_seconds,
        target=target,
        windows=_WINDOWS.dump_json(found.windows).decode(),
        engine=engine,
        build=build,
        parameters=documents.video_plan_json(video),
        probed_at=now(),
    )
    session.merge(row)
    session.flush()


def known_probes(session: Session, search_key: str, *, preset: int, video_id: int | None = None) -> tuple[Probe, ...]:
    """The newest probe of each kind under a key, by CRF: of one video, or whatever its film is called.

    `preset` is the film's own.
    """
    query = select(VmafProbe).where(VmafProbe.search_key == search_key)
    if video_id is not None:
        query = query.where(VmafProbe.video_id == video_id)
    found = session.exec(query.order_by(col(VmafProbe.probed_at))).all()
    newest_each = {(row.crf, row.pilot, row.preset): row for row in found}
    return tuple(probe(newest_each[kind], preset=preset) for kind in sorted(newest_each))


def record(
    session: Session,
    video_id: int,
    result: SearchResult,
    *,
    search_key: str,
    target: VmafScore,
    class_key: str = "",
    bias: float = 0.0,
) -> None:
    """Keep a search's answer; the newest one of a video counts. Its preset is that of the video's plan.

    `bias` is what the search was told of films alike and has added to its prediction.
    """
    decision = plans.found(session, video_id)
    seen = result.proxy_seen
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
            class_key=class_key,
            slope=result.slope,
            bias=bias if result.sampled else 0.0,
            sampled=result.sampled,
            probed=bool(result.probes),
            proxy_offset=None if seen is None else seen.offset,
            proxy_size=None if seen is None else seen.size,
            engine=result.engine,
            build=result.build,
        )
    )


def probe(row: VmafProbe, *, preset: int) -> Probe:
    """A row as the probe that was kept in it. `preset` is the film's own."""
    return Probe(
        crf=Crf(row.crf),
        mean=VmafScore(row.mean),
        p5=None if row.p5 is None else VmafScore(row.p5),
        percent=row.percent,
        seconds=Seconds(row.seconds),
        cpu_seconds=Seconds(row.cpu_seconds),
        windows=_WINDOWS.validate_json(row.windows),
        pilot=row.pilot,
        preset=None if row.preset == preset else row.preset,
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
