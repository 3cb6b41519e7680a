"""ffmpeg's own libsvtav1: one program reads, filters, encodes and writes."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from reencodarr.encoding import arguments, film
from reencodarr.encoding.encoders.encoder import PROGRESS, QUIET_SVT, Clip, FilmJob, OnLine
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.tools.programs import Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Ffmpeg:
    """See `encoder.Encoder`."""

    name: ClassVar[str] = "ffmpeg"

    program: Path

    def clip(self, clip: Clip, result: Path, *, on_line: OnLine) -> Finished:
        command = [*reading(self.program, clip), *PROGRESS, "-y", *shown(clip, clip.filters)]
        command += arguments.video_encoder(clip.video, clip.crf, threads=clip.threads)
        command += ["-f", "matroska", result.name]
        return programs.run(command, on_line=on_line, cwd=result.parent, environment=QUIET_SVT, about=clip.about)

    def film(self, job: FilmJob, result: Path, *, on_line: OnLine, on_muxing: OnLine) -> Finished:
        words = film.film_arguments(
            job.source,
            result,
            facts=job.facts,
            plan=job.plan,
            crf=job.crf,
            provenance=job.provenance,
            found=job.found,
            threads=job.threads,
        )
        command: list[str | Path] = [self.program, *ffmpeg_tool.QUIET, *words]
        return programs.run(command, on_line=on_line, environment=QUIET_SVT, about=job.source)


def reading(program: Path, clip: Clip) -> list[str | Path]:
    """The start of every command that reads a clip."""
    return [program, *ffmpeg_tool.QUIET, "-v", "error", "-copyts"]


def shown(clip: Clip, filters: tuple[str, ...]) -> list[str | Path]:
    """The pictures of a clip through filters, each exactly once and at its own time."""
    chain = ["-vf", ",".join(filters)] if filters else []
    threads: list[str | Path] = [] if clip.threads is None else ["-threads", str(clip.threads)]
    return [*threads, *clip.opened, "-map", clip.stream, *chain, "-fps_mode", "passthrough", "-enc_time_base", "demux"]
