"""What this machine can do for a server, found out by trying every tool once; and whether that is enough.

Nothing is believed because of a version number: a frame is encoded, a frame is scored, a file is written.
"""

import dataclasses
import json
import logging
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reencodarr import __version__
from reencodarr.errors import MachineUnfit, ReencodarrError
from reencodarr.tools import abav1, capacity, checks, ffmpeg, ffmpeg_checks, folder_checks, programs
from reencodarr.tools.checks import Check, State
from reencodarr.units import Bytes
from reencodarr.work import speed
from reencodarr.work.bench import Bench
from reencodarr.work.settings import WorkerSettings
from reencodarr.work.talk import Capabilities, Platform

log = logging.getLogger(__name__)

_DATA_ADVICE = "Set REENCODARR_DATA_DIR to a folder that this user can write."
_SCRATCH_ADVICE = "Set REENCODARR_SCRATCH_DIR to a folder that this user can write, with room for the largest film."
_ABAV1_ADVICE = (
    "Correct or unset AB_AV1_PATH, update it with `cargo install ab-av1`, or set FFMPEG_PATH to an ffmpeg with "
    "libsvtav1; the built-in search needs none of these."
)
_PLATFORMS = {"Windows": Platform.WINDOWS, "Darwin": Platform.MACOS}
_MACHINES = {"amd64": "x86_64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine that was looked at."""

    checks: tuple[Check, ...]
    bench: Bench | None
    """None where there is no ffmpeg that runs."""
    engines: tuple[str, ...] = ()
    libvmaf: str = ""

    @property
    def lacks(self) -> tuple[Check, ...]:
        """Why it cannot work; empty when it can."""
        return tuple(check for check in self.checks if check.state is State.FAILED)


def examined(settings: WorkerSettings) -> Machine:
    """Try everything that a worker needs. Never raises for what is missing: that is in `lacks`."""
    found = [checks.python(), checks.packages(), checks.pyav()]
    location, program = ffmpeg_checks.location(settings.ffmpeg_path)
    found.append(location)
    if program is None:
        return Machine(checks=(*found, *_folders(settings)), bench=None)
    found += ffmpeg_checks.capabilities(program)
    return Machine(
        checks=(*found, _ab_av1(settings, program), *_folders(settings)),
        bench=_bench(settings, program),
        engines=("native", "ab-av1") if _has_abav1(settings, program) else ("native",),
        libvmaf=_libvmaf(program),
    )


def require(machine: Machine) -> Bench:
    """The machine's tools, if it can work.

    Raises MachineUnfit, which lists everything that is missing and what to do about it.
    """
    if machine.lacks or machine.bench is None:
        lines = "\n".join(f"  {check.name}: {check.found}. {check.advice}" for check in machine.lacks)
        raise MachineUnfit(
            f"This machine cannot be a worker yet:\n{lines}",
            advice="\nPut that right and start it again; `reencodarr worker --check` only looks.",
        )
    return machine.bench


def _bench(settings: WorkerSettings, program: Path) -> Bench:
    """The tools by these settings, unchecked."""
    return Bench(
        ffmpeg=program,
        build=ffmpeg.build(program),
        scratch=settings.scratch,
        workers=settings.probe_workers,
        ab_av1=settings.ab_av1_path,
        reserve=Bytes(settings.reserve_bytes),
    )


def tools(settings: WorkerSettings) -> Bench:
    """This machine's tools, for a run on a machine that was examined.

    Raises ProgramMissing.
    """
    return _bench(settings, ffmpeg.locate(settings.ffmpeg_path))


def capabilities(machine: Machine, settings: WorkerSettings) -> Capabilities:
    """What the server is told.

    Raises MachineUnfit.
    """
    bench = require(machine)
    return Capabilities(
        platform=here(),
        machine=_MACHINES.get(platform.machine().lower(), platform.machine().lower()),
        system=_system(),
        cores=capacity.cores(),
        memory=capacity.memory(),
        scratch_free=scratch_free(settings),
        version=__version__,
        build=bench.build.identity,
        libvmaf=machine.libvmaf,
        engines=machine.engines,
        slots=settings.slots,
        fps=speed.measured(settings.data_dir, bench.build.identity),
    )


def here() -> Platform:
    """This machine's platform; whatever is neither Windows nor macOS counts as Linux."""
    return _PLATFORMS.get(platform.system(), Platform.LINUX)


def scratch_free(settings: WorkerSettings) -> Bytes:
    """What work may still take on the scratch folder's disk."""
    free = shutil.disk_usage(folder_checks.existing(settings.scratch)).free - settings.reserve_bytes
    if settings.scratch_quota_bytes is not None:
        free = min(free, settings.scratch_quota_bytes)
    return Bytes(max(0, free))


def _folders(settings: WorkerSettings) -> Iterator[Check]:
    yield folder_checks.writable("data folder", settings.data_dir, advice=_DATA_ADVICE)
    yield folder_checks.writable("scratch folder", settings.scratch, advice=_SCRATCH_ADVICE)
    yield folder_checks.room("scratch room", settings.scratch, reserve=Bytes(settings.reserve_bytes))


def _ab_av1(settings: WorkerSettings, program: Path) -> Check:
    """Whether ab-av1 can be used; only a lack where the owner said that it is there."""
    check = ffmpeg_checks.ab_av1(settings.ab_av1_path, program, needed=settings.ab_av1_path is not None)
    return check if check.state is State.OK else dataclasses.replace(check, advice=_ABAV1_ADVICE)


def _has_abav1(settings: WorkerSettings, program: Path) -> bool:
    try:
        found = abav1.locate(settings.ab_av1_path)
        return found is not None and bool(abav1.require(found, ffmpeg=program))
    except ReencodarrError:
        return False


def _libvmaf(program: Path) -> str:
    """libvmaf's version, which it tells in its log only; empty where it does not."""
    source = ("-f", "lavfi", "-i", "color=gray:size=128x128:rate=24")
    score = "[0:v][1:v]libvmaf=log_fmt=json:log_path=vmaf.json"
    with tempfile.TemporaryDirectory(prefix="reencodarr-check-") as folder:
        try:
            programs.run(
                [
                    program,
                    *ffmpeg.QUIET,
                    *source,
                    *source,
                    "-filter_complex",
                    score,
                    "-frames:v",
                    "1",
                    "-f",
                    "null",
                    "-",
                ],
                cwd=Path(folder),
            )
            return str(json.loads(Path(folder, "vmaf.json").read_text())["version"])
        except (ReencodarrError, OSError, ValueError, LookupError) as error:
            log.debug("libvmaf tells no version: %s", error)
            return ""


def _system() -> str:
    """The system's name as its users say it."""
    if here() is Platform.MACOS:
        return f"macOS {platform.mac_ver()[0]}"
    if here() is Platform.WINDOWS:
        return f"Windows {platform.release()}"
    try:
        return re.sub(r"\s*\(.*\)", "", platform.freedesktop_os_release()["PRETTY_NAME"])
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"
