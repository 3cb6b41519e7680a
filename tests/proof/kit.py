"""Films to encode and prove: short pieces of real ones, their facts and plans, and results that somebody spoilt."""

import dataclasses
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from reencodarr.encoding import audio, containers, encode, picture, policy
from reencodarr.encoding.encode import EncodeOrder, EncodeResult
from reencodarr.encoding.plan import EncodePlan
from reencodarr.media import fingerprint, mediainfo
from reencodarr.media.facts import MediaFacts
from reencodarr.proof import verdict
from reencodarr.proof.verdict import Proof
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.units import Bytes, Crf


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A source, what is known and planned about it, and its encode."""

    source: Path
    facts: MediaFacts
    plan: EncodePlan
    result: EncodeResult


def cut(ffmpeg: Path, source: Path, folder: Path, *, seconds: float, streams: tuple[str, ...] = ("0",)) -> Path:
    """The first seconds of a film as they are, in the same container, without data tracks."""
    piece = folder / source.name
    maps = [word for stream in streams for word in ("-map", stream)]
    programs.run(
        [
            ffmpeg,
            *ffmpeg_tool.QUIET,
            "-y",
            "-i",
            source,
            "-t",
            str(seconds),
            *maps,
            "-map",
            "-0:d?",
            "-c",
            "copy",
            piece,
        ]
    )
    return piece


def facts(source: Path) -> MediaFacts:
    return mediainfo.read(source).facts


def plan(found: MediaFacts, **changes: Any) -> EncodePlan:
    """What the built-in policy says of a film, whether or not it would leave it alone; quick and of any size."""
    rules = policy.load(None)
    assert found.video is not None
    tracks = audio.plan(found, rules)
    container, _ = containers.choice(found, tracks, rules)
    container = changes.pop("container", container)
    video = picture.video_plan(found.video, duration=found.duration, year=None, policy=rules)
    planned = EncodePlan(
        video=dataclasses.replace(video, preset=12),
        audio=tracks,
        target=picture.target(found, found.video, rules),
        container=container,
        largest_ratio=20.0,
        smallest_ratio=0.0001,
        text=containers.text_plans(found, container),
        dropped=containers.dropped(found),
    )
    return dataclasses.replace(planned, **changes)


def with_filters(planned: EncodePlan, *filters: str) -> EncodePlan:
    return dataclasses.replace(planned, video=dataclasses.replace(planned.video, filters=filters))


def order(source: Path, *, planned: EncodePlan | None = None, crf: float = 50.0) -> EncodeOrder:
    found = facts(source)
    return EncodeOrder(
        source=source,
        label=source.name,
        facts=found,
        plan=planned or plan(found),
        crf=Crf(crf),
        provenance=f"0.1.0 crf={crf:g}",
    )


def encoded(ffmpeg: Path, source: Path, folder: Path, *, planned: EncodePlan | None = None) -> Film:
    wanted = order(source, planned=planned)
    result = encode.encode(wanted, ffmpeg=ffmpeg, scratch=folder)
    return Film(source=source, facts=wanted.facts, plan=wanted.plan, result=result)


def proof(ffmpeg: Path, film: Film, **changes: Any) -> Proof:
    """The proof of a film's own result."""
    told: dict[str, Any] = {"result_size": film.result.size, "result_sha256": film.result.sha256, "achieved": None}
    told |= {"facts": film.facts, "plan": film.plan, **changes}
    return verdict.prove(film.source, film.result.path, ffmpeg=ffmpeg, **told)


def proof_of(ffmpeg: Path, film: Film, other: Path) -> Proof:
    """The proof of another file in the place of the film's result, which the encode would have reported so."""
    size, sha256 = Bytes(other.stat().st_size), fingerprint.sha256(other)
    result = dataclasses.replace(film.result, path=other, size=size, sha256=sha256)
    return proof(ffmpeg, dataclasses.replace(film, result=result))


def spoilt(ffmpeg: Path, film: Film, folder: Path, *words: str) -> Path:
    """The film's result, copied by ffmpeg with further arguments."""
    other = folder / f"spoilt{film.result.path.suffix}"
    whole: list[str | Path] = ["-copyts", "-i", film.result.path, "-map", "0", "-c", "copy"]
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-y", *whole, *words, "-default_mode", "passthrough", other])
    return other


def second(ticks: int, base: Fraction) -> float:
    return float(ticks * base)
