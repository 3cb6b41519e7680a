"""Decodes with ffmpeg for the proof: the whole result, and a source's frames where its packets do not tell them.

ffmpeg's exit code alone is not believed, which is 0 for a truncated Matroska file (measured): what it writes to
standard error is read too.
"""

import logging
import re
from fractions import Fraction
from pathlib import Path

from reencodarr.encoding import complaints
from reencodarr.encoding.ffprogress import Reader
from reencodarr.encoding.plan import AudioAction, EncodePlan
from reencodarr.errors import ProgramFailed, ProgramInterrupted, Stage
from reencodarr.progress import Progress, Report, silent
from reencodarr.proof.frames import Times
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs

log = logging.getLogger(__name__)

_TIME_BASE = re.compile(r"^#tb 0: (\d+)/(\d+)$")
_FRAME = re.compile(r"^0,\s*(-?\d+),\s*(-?\d+),")
_DECODERS = ("libdav1d", "libaom-av1", "av1")
_EVERYTHING = ("0:v", "0:a?", "0:s?")


def differences(
    source: Path, result: Path, *, plan: EncodePlan, ffmpeg: Path, report: Report = silent
) -> tuple[str, ...]:
    """What does not decode in the result, in words; nothing when all of it does.

    A copied audio track that already did not decode in the source is not the result's fault: that it came through byte
    by byte is proven elsewhere.

    Raises ProgramMissing, ProgramStalled, ProgramInterrupted.
    """
    told = _complaint(result, _EVERYTHING, ffmpeg=ffmpeg, label=source.name, report=report)
    if not told:
        return ()
    found = _one(result, "0:v", "the video", ffmpeg=ffmpeg)
    excused = False
    for place, audio in enumerate(plan.audio):
        heard = _one(result, f"0:a:{place}", f"audio {place}", ffmpeg=ffmpeg)
        copied = audio.action is AudioAction.COPY
        if heard and copied and _complaint(source, (f"0:a:{audio.track}",), ffmpeg=ffmpeg):
            log.info("%s: audio %d does not decode cleanly, as in the source", source.name, audio.track)
            excused = True
        else:
            found += heard
    return found if found or excused else (f"the result does not decode: {told}",)


def shown(source: Path, *, plan: EncodePlan, ffmpeg: Path) -> Times:
    """The source's own times of all frames that it shows when it is decoded and goes through the plan's filters.

    Costs a decode of the film; for films whose packets do not tell their frames.

    Raises ProgramFailed, ProgramMissing, ProgramStalled.
    """
    pts: list[int] = []
    base = Fraction(1)

    def line(text: str) -> None:
        nonlocal base
        if frame := _FRAME.match(text):
            pts.append(int(frame[2]))
        elif stated := _TIME_BASE.match(text):
            base = Fraction(int(stated[1]), int(stated[2]))

    filters = ["-filter:v", ",".join(plan.video.filters)] if plan.video.filters else []
    command: list[str | Path] = [ffmpeg, *ffmpeg_tool.QUIET, "-loglevel", "error", "-copyts", "-i", source]
    command += ["-map", "0:V:0", *filters, "-fps_mode", "passthrough", "-enc_time_base", "demux"]
    command += ["-c:v", "wrapped_avframe", "-f", "framecrc", "-"]
    programs.run(command, on_line=line, about=source)
    return Times(pts=sorted(pts), time_base=base)


def _one(path: Path, stream: str, name: str, *, ffmpeg: Path) -> tuple[str, ...]:
    told = _complaint(path, (stream,), ffmpeg=ffmpeg)
    return (f"{name} does not decode: {told}",) if told else ()


def _complaint(path: Path, streams: tuple[str, ...], *, ffmpeg: Path, label: str = "", report: Report = silent) -> str:
    """The first line of what ffmpeg says against some streams; empty when they decode. Subtitles are only read."""
    reader = Reader()

    def line(text: str) -> None:
        moment = reader.line(text)
        if moment is not None:
            detail = f"decoding the result, {moment.frames} frames"
            report(Progress(stage=Stage.PROOF.value, label=label, fps=moment.fps, detail=detail))

    command: list[str | Path] = [ffmpeg, *ffmpeg_tool.QUIET, "-loglevel", "error", "-xerror", "-progress", "pipe:1"]
    command += ["-i", path, *(word for stream in streams for word in ("-map", stream)), "-c:s", "copy"]
    command += ["-fps_mode", "passthrough", "-enc_time_base:v", "demux", "-f", "null", "-"]
    try:
        done = programs.run(command, on_line=line, about=path)
    except ProgramInterrupted:
        raise
    except ProgramFailed as failed:
        return next(iter(complaints.about_source(failed.stderr, decoders=_DECODERS)), failed.message)
    return next(iter(complaints.about_source(done.stderr, decoders=_DECODERS)), "")
