"""The score of an encode against its reference, frame by frame, by ffmpeg's libvmaf.

Frames are paired by number, never by the timestamps of containers: Matroska's rounding alone pairs a third of the
frames with a neighbour (73.6 instead of 94.7, measured). Pooling is left to `pools`.
"""

import json
import threading
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from reencodarr.encoding.plan import QualityTarget
from reencodarr.errors import EngineFailed, PolicyError, ProgramFailed, ProgramMissing
from reencodarr.quality import cut as cuts
from reencodarr.quality.cut import Cut
from reencodarr.quality.parallel import PROGRESS, Pulse
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs, scratch
from reencodarr.units import MIB, Bytes, Frames, Seconds

PIXEL_FORMAT = "yuv420p10le"

_LOG_ROOM = Bytes(MIB)
"""A log takes less; a disk with less room than this is called full when a log is not whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One side of a comparison."""

    cut: Cut
    filters: tuple[str, ...] = ()
    """Applied before anything else; they must keep the number of frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameScores:
    """What libvmaf gave."""

    pairs: Frames
    """Pairs of frames that came together; both legs had at least so many."""
    scores: tuple[tuple[int, float], ...]
    """(number of the frame in its leg, VMAF) of every k-th frame."""
    cpu: Seconds


def score(
    ffmpeg: Path,
    *,
    distorted: Leg,
    reference: Leg,
    target: QualityTarget,
    size: tuple[int, int],
    log_file: Path,
    threads: int,
    pulse: Pulse,
) -> FrameScores:
    """Score the frames of two legs; `size` is the encode's picture. Writes only `log_file`.

    Raises ProgramMissing where this ffmpeg lacks libvmaf or the target's model, else what `programs.run` raises.
    """
    width, height = scoring_size(size, target.scale_to)
    shape = [f"scale={width}:{height}:flags=bicubic", f"format={PIXEL_FORMAT}", "settb=1/1000", "setpts=N"]
    graph = ";".join(
        [
            _chain(0, distorted, [*shape, "setsar=1"], "d"),
            _chain(1, reference, [*shape, "setsar=1"], "r"),
            f"[d][r]libvmaf={_options(target, log_file.name, threads)}[o]",
        ]
    )
    command: list[str | Path] = [ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", *PROGRESS, "-y", "-copyts"]
    command += [*_decoder(distorted.cut, threads), *cuts.input_arguments(distorted.cut)]
    command += [*_decoder(reference.cut, threads), *cuts.input_arguments(reference.cut)]
    pulse.begin()
    command += ["-filter_complex", graph, "-map", "[o]", "-fps_mode", "passthrough", "-f", "null", "-"]
    try:
        done = programs.run(command, on_line=pulse.line, cwd=log_file.parent, about=reference.cut.path)
    except ProgramFailed as error:
        raise named(error, target, ffmpeg) from error
    return FrameScores(pairs=Frames(pulse.frames), scores=_read(log_file), cpu=done.cpu)


def decoded_frames(ffmpeg: Path, leg: Leg, *, threads: int) -> Frames:
    """How many frames a leg really gives; decodes it.

    Raises what `programs.run` raises.
    """
    pulse = Pulse(threading.Event())
    command: list[str | Path] = [ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", *PROGRESS, "-copyts"]
    command += [*_decoder(leg.cut, threads), *cuts.input_arguments(leg.cut)]
    command += ["-filter_complex", f"[0:{leg.cut.stream}]{','.join(cuts.filters(leg.cut, leg.filters)) or 'null'}[o]"]
    command += ["-map", "[o]", "-fps_mode", "passthrough", "-f", "null", "-"]
    programs.run(command, on_line=pulse.line, about=leg.cut.path)
    return Frames(pulse.frames)


def require_usable(target: QualityTarget) -> None:
    """Refuse a target whose scores would mean nothing.

    Raises PolicyError.
    """
    if target.subsample < 1 or target.subsample % 2 == 0:
        raise PolicyError(
            f"A subsample of {target.subsample} reads VMAF 0.5 to 1.2 too high: SVT-AV1 codes even frames better.",
            advice="Score every frame (1) or an odd share of them; 3 is unbiased.",
        )


def scoring_size(size: tuple[int, int], scale_to: tuple[int, int] | None) -> tuple[int, int]:
    """The picture at which both legs are scored: the encode's own, or enlarged to fit `scale_to`.

    Models are made for one viewing distance; a 480p film scored at its own size flatters by 5 points (measured).
    """
    width, height = size
    if scale_to is None or width >= scale_to[0] or height >= scale_to[1]:
        return size
    factor = min(Fraction(scale_to[0], width), Fraction(scale_to[1], height))
    return round(width * factor / 2) * 2, round(height * factor / 2) * 2


def _chain(number: int, leg: Leg, shape: list[str], label: str) -> str:
    return f"[{number}:{leg.cut.stream}]{','.join([*cuts.filters(leg.cut, leg.filters), *shape])}[{label}]"


def _options(target: QualityTarget, log_name: str, threads: int) -> str:
    options = (
        f"model=version={target.model}",
        "log_fmt=json",
        f"log_path={log_name}",
        f"n_threads={threads}",
        f"n_subsample={target.subsample}",
        "shortest=1",
    )
    return ":".join(options)


def _decoder(cut: Cut, threads: int) -> list[str]:
    return ["-threads", str(cuts.decoder_threads(cut, threads))]


def _read(log_file: Path) -> tuple[tuple[int, float], ...]:
    try:
        frames = json.loads(log_file.read_text())["frames"]
        return tuple((int(frame["frameNum"]), float(frame["metrics"]["vmaf"])) for frame in frames)
    except (OSError, ValueError, KeyError, TypeError) as error:
        # libvmaf does not notice that its log did not fit on the disk.
        scratch.require_space(log_file.parent, _LOG_ROOM, reserve=Bytes(0))
        raise EngineFailed(f"libvmaf left no usable log: {error}.", path=log_file) from error


def named(error: ProgramFailed, target: QualityTarget, ffmpeg: Path) -> Exception:
    """The failure in our own words, where it is one of those that a user can mend."""
    if "No such filter: 'libvmaf'" in error.stderr:
        return ProgramMissing(
            f"{ffmpeg} has no libvmaf filter.", path=ffmpeg, advice="Set FFMPEG_PATH to an ffmpeg with libvmaf."
        )
    if "could not load libvmaf model" in error.stderr:
        return ProgramMissing(
            f"{ffmpeg} does not have the VMAF model {target.model}.",
            path=ffmpeg,
            advice="Name another model in the policy, or set FFMPEG_PATH to an ffmpeg whose libvmaf has it.",
        )
    return error
