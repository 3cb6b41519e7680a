"""Small files that a scan takes for films, and what tests ask about the rows it made of them."""

import os
import time
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import select

from reencodarr.encoding import documents
from reencodarr.encoding.plan import EncodePlan, QualityTarget, VideoPlan
from reencodarr.library import database, encodes, facts, plans, roots, scan, searches
from reencodarr.library.states import State
from reencodarr.library.tables import Encode, Video, VideoState
from reencodarr.media.facts import MediaFacts, VideoTrack
from reencodarr.quality.engine import Probe, SearchResult
from reencodarr.units import Bytes, Crf, Seconds, VmafScore

PLAN = EncodePlan(
    video=VideoPlan(preset=6),
    audio=(),
    target=QualityTarget(mean=VmafScore(95.0), lowest_mean=VmafScore(90.0), floor_p5=VmafScore(88.0)),
    container="mkv",
    largest_ratio=0.8,
    smallest_ratio=0.02,
)
PROBE = Probe(
    crf=Crf(30.25),
    mean=VmafScore(95.1),
    p5=VmafScore(92.0),
    percent=41.5,
    seconds=Seconds(3.0),
    cpu_seconds=Seconds(5.0),
)


def scanned(engine: Engine, root: Path) -> list[int]:
    """The videos that a scan of the folder finds, by name."""
    with database.session(engine) as session:
        library = roots.ensure(session, root)
    scan.scan(engine, library, scan.ScanOptions(stable_seconds=0))
    return ids(engine)


def write(path: Path, content: bytes = b"", *, age: float = 3600.0) -> Path:
    """A file with content of its own, last changed `age` seconds ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content or os.urandom(300))
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def rows(engine: Engine) -> dict[str, tuple[int, State]]:
    """Number and state of every video by its file's name."""
    with database.session(engine) as session:
        found = session.exec(select(Video, VideoState).where(Video.id == VideoState.video_id)).all()
        return {video.path.name: (state.video_id, State(state.state)) for video, state in found}


def states(engine: Engine) -> dict[str, State]:
    return {name: state for name, (_, state) in rows(engine).items()}


def state(engine: Engine, video_id: int) -> VideoState:
    with database.session(engine) as session:
        return session.get_one(VideoState, video_id)


def ids(engine: Engine) -> list[int]:
    return [video_id for _, (video_id, _) in sorted(rows(engine).items())]


def media_facts(*, width: int = 1920, title: str | None = None) -> MediaFacts:
    return MediaFacts(
        container="matroska",
        size=Bytes(1000),
        duration=Seconds(60.0),
        bitrate=8_000_000,
        title=title,
        video=VideoTrack(codec="h264", width=width, height=1080),
    )


def result(crf: float = 30.25, *, met: bool = True) -> SearchResult:
    return SearchResult(
        crf=Crf(crf),
        predicted=VmafScore(95.1),
        interval=VmafScore(0.6),
        percent=41.5,
        met=met,
        reason="",
        probes=(PROBE,),
        engine="native",
        build="b1",
    )


def learn(engine: Engine, video_id: int, *, crf: float = 30.25, width: int = 1920, met: bool = True) -> None:
    """Everything that the pipeline records about a film, up to its encode."""
    with database.session(engine) as session:
        facts.record(session, video_id, media_facts(width=width), document="{}")
        plans.record(
            session,
            video_id,
            policy_digest="d",
            action="encode",
            reason="",
            text="because\nso it is",
            document=documents.decision_json(PLAN),
        )
        searches.record_probe(
            session,
            video_id,
            PROBE,
            search_key="k",
            video=PLAN.video,
            target=VmafScore(95.0),
            engine="native",
            build="b1",
        )
        searches.record(
            session, video_id, result(crf, met=met), search_key="k", target=VmafScore(95.0), class_key=f"{width}"
        )
        encodes.record(session, encode(video_id))


def encode(video_id: int, **changes: object) -> Encode:
    values: dict[str, object] = {
        "attempt": 1,
        "crf": 30.25,
        "result_path": Path("/scratch/1.mkv"),
        "sha256": "0" * 64,
        "size": 400,
        "source_size": 1000,
        "seconds": 10.0,
        "frames": 100,
        "predicted": 95.1,
    }
    return Encode(video_id=video_id, **(values | changes))
