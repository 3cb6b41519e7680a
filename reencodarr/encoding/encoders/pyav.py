"""PyAV's libsvtav1, for an ffmpeg that has none: its wheels carry one on every system (4.1.0 in 18.1 and 19.0).

ffmpeg still decodes and filters, so that every frame and its time are what they are with the other encoder; it hands
the frames raw to a process of ours (`pyav_child`), and for a film it puts the encoded video together with all else.
"""

import sys
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

from av.stream import Disposition

from reencodarr.encoding import arguments, film
from reencodarr.encoding.encoders import head, pyav_order
from reencodarr.encoding.encoders.encoder import PROGRESS, QUIET_SVT, Clip, FilmJob, OnLine
from reencodarr.encoding.encoders.ffmpeg import reading, shown
from reencodarr.encoding.encoders.pyav_order import SHIFT, PyavOrder
from reencodarr.encoding.film import Encoded
from reencodarr.media import demuxer
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs, scratch
from reencodarr.tools.programs import Finished
from reencodarr.units import Bytes, Seconds

_CHILD = "reencodarr.encoding.encoders.pyav_child"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pyav:
    """See `encoder.Encoder`."""

    name: ClassVar[str] = "pyav"

    program: Path
    """The ffmpeg that decodes and filters."""

    def clip(self, clip: Clip, result: Path, *, on_line: OnLine) -> Finished:
        encoded, video = self._encode(clip, result, on_line=on_line)
        words = ["-v", "error", "-y", "-copyts", *film.encoded_input(video), "-map", "0:0", "-c", "copy"]
        words += [*film.encoded_rate(video), "-f", "matroska"]
        moved = programs.run([self.program, *ffmpeg_tool.QUIET, *words, result], about=clip.about)
        scratch.discard([video.path])
        return _both(encoded, moved)

    def film(self, job: FilmJob, result: Path, *, on_line: OnLine, on_muxing: OnLine) -> Finished:
        clip, labels, dispositions = _whole(job)
        encoded, video = self._encode(clip, result, on_line=on_line)
        labelled = replace(video, labels=labels, dispositions=dispositions)
        muxed = self._put_together(job, labelled, result, on_line=on_muxing)
        scratch.discard([video.path])
        return _both(encoded, muxed)

    def _encode(self, clip: Clip, result: Path, *, on_line: OnLine) -> tuple[Finished, Encoded]:
        """The video in a file beside `result`.

        Two programs: one picture that tells what the encoder must know, then the encode.
        """
        told, video = (result.with_name(f"{result.stem}-{name}") for name in ("head.mkv", "video.mp4"))
        start = reading(self.program, clip)
        look = [*start, *PROGRESS, "-y", *shown(clip, clip.filters), *head.ARGUMENTS, told]
        looked = programs.run(look, on_line=lambda line: _alive(line, on_line), about=clip.about)
        said: dict[str, str] = {}

        def heard(line: str) -> None:
            key, _, value = line.partition("=")
            if key in (pyav_order.FIRST, pyav_order.RATE):
                said[key] = value
            on_line(line)

        command = [sys.executable, "-m", _CHILD, pyav_order.to_json(self._order(clip, told, video))]
        encoded = programs.run(command, on_line=heard, environment=QUIET_SVT, about=clip.about)
        scratch.discard([told])
        first = int(said[pyav_order.FIRST]) * clip.time_base.numerator
        return _both(looked, encoded), Encoded(path=video, start=first, rate=said[pyav_order.RATE])

    def _order(self, clip: Clip, told: Path, video: Path) -> PyavOrder:
        base = clip.time_base
        moved = (*clip.filters, f"settb={base.numerator}/{base.denominator}", f"setpts=PTS+{SHIFT}")
        raw = ["-c:v", "rawvideo", "-pix_fmt", clip.video.pixel_format, "-f", "nut", "-"]
        return PyavOrder(
            frames=[str(word) for word in [*reading(self.program, clip), *shown(clip, moved), *raw]],
            head=str(told),
            result=str(video),
            preset=clip.video.preset,
            crf=arguments.whole_crf(clip.crf),
            svt_parameters=arguments.svt_parameters(clip.video, clip.crf, threads=clip.threads),
            pixel_format=clip.video.pixel_format,
            keyframe_interval=clip.video.keyframe_interval,
            ticks=(base.numerator, base.denominator),
        )

    def _put_together(self, job: FilmJob, video: Encoded, result: Path, *, on_line: OnLine) -> Finished:
        words = film.muxing_arguments(
            job.source, result, video, facts=job.facts, plan=job.plan, provenance=job.provenance, found=job.found
        )
        return programs.run([self.program, *ffmpeg_tool.QUIET, *words], on_line=on_line, about=job.source)


def _whole(job: FilmJob) -> tuple[Clip, tuple[tuple[str, str], ...], tuple[str, ...]]:
    """All pictures of a film; how their track is labelled and marked."""
    with demuxer.opened(job.source) as source:
        stream = source.video if job.found.video is None else source.container.streams[job.found.video]
        base, labels, marks = stream.time_base, tuple(stream.metadata.items()), stream.disposition
    assert base is not None
    clip = Clip(
        opened=("-xerror", *film.clock(job.facts), "-i", str(job.source)),
        stream=film.video_stream(job.found),
        time_base=Fraction(base),
        filters=job.plan.video.filters,
        video=job.plan.video,
        crf=job.crf,
        threads=job.threads,
        about=job.source,
    )
    return clip, labels, tuple(mark.name for mark in Disposition if mark & marks and mark.name)


def _alive(line: str, on_line: OnLine) -> None:
    """Tell that a program lives which encodes nothing: its frame is not one of those that count."""
    if line.startswith("progress="):
        on_line("progress=continue")


def _both(first: Finished, second: Finished) -> Finished:
    """Two programs as if they were one."""
    return replace(
        second,
        command=f"{first.command} && {second.command}",
        stderr=first.stderr + second.stderr,
        wall=Seconds(first.wall + second.wall),
        cpu=Seconds(first.cpu + second.cpu),
        peak_memory=Bytes(max(first.peak_memory, second.peak_memory)),
    )
