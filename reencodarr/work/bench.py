"""What a machine works with: its ffmpeg, its search engine, its scratch folder."""

from dataclasses import dataclass
from pathlib import Path

from reencodarr.errors import ProgramMissing, SettingsError
from reencodarr.quality import native
from reencodarr.quality.engine import Engine
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.units import GIB, Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One machine's tools."""

    ffmpeg: Path
    build: ffmpeg_tool.Build
    scratch: Path
    workers: int
    """Windows of one probe that are encoded side by side."""
    ab_av1: Path | None = None
    """Where the settings say that ab-av1 is; None looks on PATH."""
    reserve: Bytes = Bytes(GIB)
    """What must stay free on the scratch folder's disk."""

    def engine(self, name: str) -> Engine:
        """The CRF search engine of that name.

        Raises SettingsError, ProgramMissing.
        """
        if name == native.NativeEngine.name:
            return native.NativeEngine(ffmpeg=self.ffmpeg, workers=self.workers)
        if name == "ab-av1":
            from reencodarr.quality import abav1
            from reencodarr.tools import abav1 as abav1_tool

            program = abav1_tool.locate(self.ab_av1)
            if program is None:
                raise ProgramMissing("ab-av1 is not there.", advice="Install it, or unset REENCODARR_ENGINE.")
            return abav1.AbAv1Engine(program=program, ffmpeg=self.ffmpeg)
        raise SettingsError(f"There is no search engine {name!r}.", advice="REENCODARR_ENGINE is native or ab-av1.")
