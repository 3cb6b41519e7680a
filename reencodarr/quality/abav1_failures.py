"""Why ab-av1 broke, told by what it wrote last: all of its failures have exit code 1, and most are ffmpeg's own.

What it passes on of ffmpeg stands between lines of dashes, behind `Error: ffmpeg ... exit code N` (ab-av1 0.11.7).
"""

import re
from pathlib import Path

from reencodarr.errors import DamagedSource, EngineFailed, ProgramFailed, ProgramInterrupted, SourceGone
from reencodarr.quality import vmaf
from reencodarr.quality.engine import SearchOrder

_INTERRUPTED = "Error: ctrl_c"
_CHILD_ENDED = re.compile(r"^Error: (ff\w+).* exit code None$", re.MULTILINE)
"""A program of its own that a signal ended has no exit code."""
_UNREADABLE = re.compile(
    r"^Error: ffprobe: .*|Invalid data found when processing input|no video stream found", re.MULTILINE
)
_RULE = re.compile(r"^-+(cmd|stderr)?-*$")
_LONGEST = 300


def named(error: ProgramFailed, order: SearchOrder, ffmpeg: Path) -> Exception:
    """The failure under its own name: ProgramMissing for libvmaf or a model that is not there, ProgramInterrupted,
    SourceGone, DamagedSource, else EngineFailed.
    """
    source, said = order.source, error.stderr
    if _INTERRUPTED in said:
        return _interrupted("ab-av1 was interrupted.", error, source)
    ended = _CHILD_ENDED.search(said)
    if ended is not None:
        return _interrupted(f"{ended[1]}, which ab-av1 ran on {source}, was ended from outside.", error, source)
    mendable = vmaf.named(error, order.target, ffmpeg)
    if mendable is not error:
        return mendable
    if not source.exists():
        return SourceGone(f"{source} vanished while ab-av1 searched it.", path=source)
    words = _words(said)
    if _UNREADABLE.search(said):
        return DamagedSource(
            f"ab-av1 cannot read {source}: {words}",
            path=source,
            advice="The original is untouched. A better copy of the film is the only cure.",
        )
    return EngineFailed(
        f"ab-av1 broke on {source}: {words}",
        path=source,
        advice="Unset REENCODARR_ENGINE to search with the native engine.",
    )


def _interrupted(message: str, error: ProgramFailed, source: Path) -> ProgramInterrupted:
    return ProgramInterrupted(
        message, command=error.command, exit_code=error.exit_code, stderr=error.stderr, path=source
    )


def _words(said: str) -> str:
    """Its own error, and the last line of the program that it ran."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and not _RULE.match(line.strip())]
    if not lines:
        return "it said nothing"
    own = next((line for line in lines if line.startswith("Error: ")), lines[-1]).removeprefix("Error: ")
    last = "" if lines[-1].removeprefix("Error: ") == own else f" ({lines[-1]})"
    return f"{own}{last}"[:_LONGEST]
