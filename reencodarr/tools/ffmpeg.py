"""Which ffmpeg is used, which build it is, what it can do, and where to get one that can do the rest.

Where it has no SVT-AV1 of its own, PyAV's is asked (`tools.pyav`), which encodes in its place.
"""

import functools
import platform
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reencodarr.errors import ProgramError, ProgramInterrupted, ProgramMissing
from reencodarr.tools import programs, pyav, svt

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
    pyav_svt_av1: str = ""
    """The SVT-AV1 of PyAV, which then encodes; empty where it is not needed, or not there either."""

    @property
    def identity(self) -> str:
        """One word for cache keys and result records."""
        pyav = f"pyav-{self.pyav_svt_av1}" if self.pyav_svt_av1 else "none"
        return f"ffmpeg-{self.ffmpeg}+svtav1-{self.svt_av1 or pyav}"


def locate(override: Path | None = None) -> Path:
    """The ffmpeg to use: `override` (FFMPEG_PATH), else the one in the imageio-ffmpeg wheel, else on PATH.

    Raises ProgramMissing.
    """
    if override is not None:
        found = shutil.which(str(override))
        if found is None:
            raise ProgramMissing(
                f"FFMPEG_PATH points to {override}, which is not an executable file.",
                path=override,
                advice="Point it to ffmpeg itself, or unset it.",
            )
        return Path(found).absolute()
    bundled = _bundled()
    if bundled is not None:
        return bundled
    on_path = shutil.which("ffmpeg")
    if on_path is None:
        raise ProgramMissing("No ffmpeg is there.", advice=_advice_here(["ffmpeg"], own_choice=False))
    return Path(on_path).absolute()


def origin(ffmpeg: Path, override: Path | None = None) -> str:
    """Where `locate` found it, in words."""
    if override is not None:
        return "FFMPEG_PATH"
    return "the package imageio-ffmpeg" if ffmpeg == _bundled() else "PATH"


@functools.cache
def build(ffmpeg: Path) -> Build:
    """The build's identity. SVT-AV1 tells its version only when it encodes, so one frame is encoded."""
    banner = programs.run([ffmpeg, "-version"]).stdout
    found = re.search(r"ffmpeg version (\S+)", banner)
    if found is None:
        raise ProgramMissing(f"{ffmpeg} does not answer like ffmpeg.", path=ffmpeg)
    filters = programs.run([ffmpeg, *QUIET, "-filters"]).stdout
    own = _svt_version(ffmpeg)
    return Build(
        ffmpeg=found[1],
        svt_av1=own,
        libvmaf=" libvmaf " in filters,
        pyav_svt_av1="" if own else pyav.svt_version(),
    )


def require(ffmpeg: Path) -> Build:
    """The build, if it can do the main job, with PyAV's encoder where it has none of its own.

    Raises ProgramMissing naming what it lacks.
    """
    found = build(ffmpeg)
    lacks = [
        name
        for name, has in (("libsvtav1", found.svt_av1 or found.pyav_svt_av1), ("libvmaf", found.libvmaf))
        if not has
    ]
    if lacks:
        raise ProgramMissing(f"{ffmpeg} has no {' and no '.join(lacks)}.", path=ffmpeg, advice=missing(ffmpeg, lacks))
    return found


def missing(ffmpeg: Path, lacks: Sequence[str]) -> str:
    """What to do on this machine about an ffmpeg that lacks something."""
    return _advice_here(lacks, own_choice=ffmpeg != _bundled() and _bundled() is not None)


def advice(lacks: Sequence[str], *, system: str, machine: str, own_choice: bool) -> str:
    """What to do about an ffmpeg that lacks something, in words a user can follow. Pure.

    `system` and `machine` are `platform`'s words. `own_choice`: another ffmpeg is used instead of the bundled one,
    which can do everything on Linux and on ARM (imageio-ffmpeg 0.8.1: measured), but has no libsvtav1 elsewhere.
    """
    arm = machine.lower() in {"arm64", "aarch64"}
    bundled_is_whole = system == "Linux" or arm
    if own_choice and bundled_is_whole:
        return "Unset FFMPEG_PATH: the ffmpeg that came with Reencodarr can do it."
    if system == "Windows":
        archive = f"ffmpeg-master-latest-win{'arm' * arm}64-gpl.zip"
        return (
            f"Run `winget install Gyan.FFmpeg` (the full build), or unpack {archive} from "
            "https://github.com/BtbN/FFmpeg-Builds/releases, and set FFMPEG_PATH to its bin\\ffmpeg.exe."
        )
    if system == "Darwin":
        prefix = "/opt/homebrew" if arm else "/usr/local"
        return f"Run `brew install ffmpeg` and set FFMPEG_PATH={prefix}/bin/ffmpeg."
    if system == "Linux" and (arm or machine.lower() in {"x86_64", "amd64"}):
        archive = f"ffmpeg-master-latest-linux{'arm' * arm}64-gpl.tar.xz"
        return (
            f"Reinstall the package imageio-ffmpeg, or unpack {archive} from "
            "https://github.com/BtbN/FFmpeg-Builds/releases and set FFMPEG_PATH to its bin/ffmpeg."
        )
    wanted = ", ".join(sorted({"libsvtav1", "libvmaf", "libopus", *lacks} - {"ffmpeg"}))
    return f"Build or install ffmpeg 7.1 or newer with {wanted}, and set FFMPEG_PATH to it."


def _advice_here(lacks: Sequence[str], *, own_choice: bool) -> str:
    return advice(lacks, system=platform.system(), machine=platform.machine(), own_choice=own_choice)


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
        done = programs.run([ffmpeg, *QUIET, *source, *encoder], environment=svt.TALKATIVE)
    except ProgramInterrupted:
        raise  # Says nothing about what it can do.
    except ProgramError:
        return ""
    return svt.version(done.stderr)
