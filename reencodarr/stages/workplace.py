"""What a stage works with: settings, policy, database, programs, and the name it claims work under."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from reencodarr.encoding import policy as policies
from reencodarr.encoding.policy import Policy
from reencodarr.errors import ProgramMissing, SettingsError
from reencodarr.library import database, transitions
from reencodarr.quality import native
from reencodarr.quality.engine import Engine as SearchEngine
from reencodarr.settings import Settings
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.units import Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """One process's place of work."""

    settings: Settings
    policy: Policy
    database: Engine
    ffmpeg: Path
    build: ffmpeg_tool.Build
    holder: str
    """`host:pid:start`: whoever finds a claim can ask whether its holder is alive."""

    @property
    def results(self) -> Path:
        """Where finished encodes wait for their proof and swap."""
        return self.settings.scratch / "results"

    @property
    def reserve(self) -> Bytes:
        return Bytes(self.settings.reserve_bytes)


def open_workplace(settings: Settings) -> Workplace:
    """Check what the main job needs and open the database.

    Raises PolicyError, ProgramMissing, DatabaseError.
    """
    policy = policies.load(settings.policy)
    ffmpeg = ffmpeg_tool.locate(settings.ffmpeg_path)
    build = ffmpeg_tool.require(ffmpeg)
    engine = database.engine(settings.database)
    database.check(engine)
    return Workplace(
        settings=settings, policy=policy, database=engine, ffmpeg=ffmpeg, build=build, holder=transitions.holder_name()
    )


def search_engine(workplace: Workplace) -> SearchEngine:
    """The CRF search engine that the settings name.

    Raises SettingsError, ProgramMissing.
    """
    settings = workplace.settings
    if settings.engine == "native":
        return native.NativeEngine(ffmpeg=workplace.ffmpeg, workers=settings.probe_workers)
    if settings.engine == "ab-av1":
        from reencodarr.quality import abav1
        from reencodarr.tools import abav1 as abav1_tool

        program = abav1_tool.locate(settings.ab_av1_path)
        if program is None:
            raise ProgramMissing("ab-av1 is not there.", advice="Install it, or unset REENCODARR_ENGINE.")
        return abav1.AbAv1Engine(program=program, ffmpeg=workplace.ffmpeg)
    raise SettingsError(
        f"There is no search engine {settings.engine!r}.", advice="REENCODARR_ENGINE is native or ab-av1."
    )
