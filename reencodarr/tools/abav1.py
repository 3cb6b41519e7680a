"""Where ab-av1 is, whether it is new enough, and the surroundings it needs to use our ffmpeg."""

import functools
import os
import re
import shutil
from pathlib import Path

from reencodarr.errors import ProgramError, ProgramMissing
from reencodarr.tools import ffmpeg as ffmpegs
from reencodarr.tools import platforms, programs

OLDEST = (0, 11, 5)
"""The first whose JSON tells a search that found nothing from one that broke."""


def locate(override: Path | None = None) -> Path | None:
    """ab-av1: `override` (AB_AV1_PATH), else the one on PATH, else None.

    Raises ProgramMissing where `override` is no program.
    """
    if override is not None:
        if not override.is_file() or not os.access(override, os.X_OK):
            raise ProgramMissing(
                f"AB_AV1_PATH points to {override}, which is not an executable file.",
                path=override,
                advice="Point it to ab-av1 itself, or unset it.",
            )
        return override
    found = shutil.which("ab-av1")
    return None if found is None else Path(found)


@functools.cache
def version(program: Path) -> str:
    """What the program says it is, for example `0.11.7`.

    Raises ProgramMissing.
    """
    try:
        banner = programs.run([program, "--version"]).stdout
    except ProgramError as error:
        raise ProgramMissing(f"{program} does not answer like ab-av1.", path=program) from error
    found = re.match(r"ab-av1 (\d+\.\d+\.\d+\S*)", banner)
    if found is None:
        raise ProgramMissing(f"{program} does not answer like ab-av1.", path=program)
    return found[1]


def require(program: Path, *, ffmpeg: Path) -> str:
    """The version, if this ab-av1 can search.

    Raises ProgramMissing where it is too old, finds no ffprobe, or would encode with an ffmpeg that has no SVT-AV1: it
    knows nothing of PyAV's, which takes the place of that elsewhere.
    """
    found = version(program)
    numbers = tuple(int(number) for number in re.findall(r"\d+", found)[:3])
    if numbers < OLDEST:
        raise ProgramMissing(
            f"{program} is ab-av1 {found}; {'.'.join(map(str, OLDEST))} or newer is needed.",
            path=program,
            advice="Update it with `cargo install ab-av1`, or unset REENCODARR_ENGINE.",
        )
    ffprobe(ffmpeg)
    _require_encoder(ffmpeg)
    return found


def _require_encoder(ffmpeg: Path) -> None:
    try:
        encoder = ffmpegs.build(ffmpeg).svt_av1
    except ProgramError:
        return  # What it cannot do shows when it is used.
    if not encoder:
        raise ProgramMissing(
            f"ab-av1 encodes with {ffmpeg}, which has no libsvtav1.",
            path=ffmpeg,
            advice="Set FFMPEG_PATH to a full build of ffmpeg, or unset REENCODARR_ENGINE: the built-in search can use "
            "PyAV's SVT-AV1.",
        )


def ffprobe(ffmpeg: Path) -> Path:
    """The ffprobe that ab-av1 would use: beside our ffmpeg, else on PATH. Nothing else of ours needs one.

    Raises ProgramMissing.
    """
    beside = ffmpeg.with_name(platforms.here().executable("ffprobe"))
    if beside.is_file():
        return beside
    found = shutil.which("ffprobe")
    if found is None:
        raise ProgramMissing(
            "ab-av1 needs ffprobe, and there is none.",
            advice="Install it (on Debian it is in the package ffmpeg), or unset REENCODARR_ENGINE.",
        )
    return Path(found)


def environment(ffmpeg: Path, folder: Path) -> dict[str, str]:
    """Variables under which ab-av1 finds our ffmpeg by its bare name and keeps its cache in `folder`."""
    programs_folder = folder / "bin"
    programs_folder.mkdir(exist_ok=True)
    for name, target in (("ffmpeg", ffmpeg), ("ffprobe", ffprobe(ffmpeg))):
        link = programs_folder / platforms.here().executable(name)
        if not link.is_symlink():
            link.symlink_to(target.absolute())
    path = os.pathsep.join([str(programs_folder), os.environ.get("PATH", os.defpath)])
    return {"PATH": path, "XDG_CACHE_HOME": str(folder / "cache"), "RUST_LOG": "ab_av1=info"}
