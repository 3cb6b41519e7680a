"""What a stage works with: settings, policy, database, programs, and the name it claims work under."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from reencodarr.encoding import policy as policies
from reencodarr.encoding.policy import Policy
from reencodarr.library import database, transitions
from reencodarr.settings import Settings
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.units import Bytes
from reencodarr.work.bench import Bench


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
    def bench(self) -> Bench:
        """What this machine itself searches and encodes with."""
        return Bench(
            ffmpeg=self.ffmpeg,
            build=self.build,
            scratch=self.settings.scratch,
            workers=self.settings.probe_workers,
            ab_av1=self.settings.ab_av1_path,
            reserve=self.reserve,
        )

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
