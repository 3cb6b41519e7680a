"""Which ffmpeg is used, which build it is, and what it can do."""

import functools
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from reencodarr.errors import ProgramError, ProgramMissing
from reencodarr.tools import programs

QUIET = ("-hide_banner", "-nostdin", "-nostats")
"""Flags of every call."""

VMAF_MODEL = "vmaf_v0.6.1"
VMAF_MODEL_4K = "vmaf_4k_v0.6.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Everything about a build that can change the meaning of a CRF or of a score."""

    ffmpeg: str
    svt_av1: str
    """Empty where this ffmpeg has no libsvtav1."""
    libvmaf: bool

    @property
    def identity(self) -> str:
        """One word for cache keys and result records."""
        return f"ffmpeg-{self.ffmpeg}+svtav1-{self.svt_av1 or 'none'}"


def locate(override: Path | None = None) -> Path:
    """The ffmpeg to use: `override` (FFMPEG_PATH), else the one in the imageio-ffmpeg wheel, else on PATH.

    Raises ProgramMissing.
    """
    if override is not None:
        if not override.is_file() or not os.access(override, os.X_OK):
            raise ProgramMissing(
                f"FFMPEG_PATH points to {override}, which is not an executable file.",
                path=override,
                advice="Point it to ffmpeg itself, or unset it.",
            )
        return override
    bundled = _bundled()
    if bundled is not None:
        return bundled
    on_path = shutil.which("ffmpeg")
    if on_path is None:
        raise ProgramMissing(
            "No ffmpeg is there.", advice="Install the package imageio-ffmpeg, or set FFMPEG_PATH to an ffmpeg."
        )
    return Path(on_path)


@functools.cache
def build(ffmpeg: Path) -> Build:
    """The build's identity. SVT-AV1 tells its version only when it encodes, so one frame is encoded."""
    banner = programs.run([ffmpeg, "-version"]).stdout
    found = re.search(r"ffmpeg version (\S+)", banner)
    if found is None:
        raise ProgramMissing(f"{ffmpeg} does not answer like ffmpeg.", path=ffmpeg)
    filters = programs.run([ffmpeg, *QUIET, "-filters"]).stdout
    return Build(ffmpeg=found[1], svt_av1=_svt_version(ffmpeg), libvmaf=" libvmaf " in filters)


def require(ffmpeg: Path) -> Build:
    """The build, if it can do the main job.

    Raises ProgramMissing naming what it lacks.
    """
    found = build(ffmpeg)
    if not found.svt_av1:
        raise ProgramMissing(
            f"{ffmpeg} cannot encode with libsvtav1.",
            path=ffmpeg,
            advice="Set FFMPEG_PATH to an ffmpeg 7.1 or newer with libsvtav1 and libvmaf.",
        )
    if not found.libvmaf:
        raise ProgramMissing(
            f"{ffmpeg} has no libvmaf filter.",
            path=ffmpeg,
            advice="Set FFMPEG_PATH to an ffmpeg 7.1 or newer with libsvtav1 and libvmaf.",
        )
    return found


def _bundled() -> Path | None:
    try:
        import imageio_ffmpeg.binaries as wheel
    except ImportError:
        return None
    folder = Path(wheel.__path__[0])
    names = sorted(path for path in folder.glob("ffmpeg-*") if path.is_file())
    return names[-1] if names else None


def _svt_version(ffmpeg: Path) -> str:
    """SVT-AV1's own version from a one-frame encode; empty where it cannot encode."""
    try:
        source = ("-f", "lavfi", "-i", "color=gray:size=128x128:rate=24", "-frames:v", "1")
        encoder = ("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p10le", "-f", "null", "-")
        done = programs.run([ffmpeg, *QUIET, *source, *encoder])
    except ProgramError:
        return ""
    found = re.search(r"SVT-AV1 Encoder Lib v(\S+)", done.stderr)
    return found[1] if found else "unknown"
