"""A library of real, small films and a workplace for it; no Prefect."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from reencodarr.encoding import policy as policies
from reencodarr.library import database, roots
from reencodarr.library.states import State
from reencodarr.library.tables import Failure, Library, Video, VideoState
from reencodarr.settings import Settings
from reencodarr.stages import analysis, encoding, finalizing, queue, scanning, search
from reencodarr.stages.step import Outcome
from reencodarr.stages.workplace import Workplace, open_workplace
from tests.library.conftest import empty_url, engine, make_videos, postgres, root, sqlite_engine, sqlite_template, url  # noqa: F401
from tests.stages.machines import farm as farms
from tests.stages.machines.farm import Farm


@dataclass(frozen=True, kw_only=True)
class Place:
    """A library folder, and everything that happens to it."""

    films: Path
    workplace: Workplace

    def add(self, source: Path, name: str | None = None) -> Path:
        """Copy a film into the library, as if it had been there for an hour."""
        film = self.films / (name or source.name)
        film.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, film)
        return aged(film)

    def scan(self) -> None:
        """Scan the library, whose owner said that its films may be replaced."""
        scanning.scan(self.workplace, self.films)
        with database.session(self.workplace.database) as session:
            for library in session.exec(select(Library)).all():
                roots.confirm(session, library)

    def analyse(self) -> list[Outcome]:
        self.scan()
        waiting = queue.waiting(self.workplace, [str(self.films)], analysis_only=True)
        return list(analysis.analyse(self.workplace, waiting))

    def search(self) -> list[Outcome]:
        return [search.search(self.workplace, video) for video in self._turn()]

    def encode(self) -> list[Outcome]:
        return [encoding.encode(self.workplace, video) for video in self._turn()]

    def finalize(self) -> list[Outcome]:
        return [finalizing.finalize(self.workplace, video, batch="b" * 32) for video in self._turn()]

    def all_stages(self) -> list[Outcome]:
        """Everything that a run does; how the last stage that had something to do ended."""
        ended = [self.analyse()]
        for stage in (self.search, self.encode, self.finalize):
            ended.append(stage())
        return next((outcomes for outcomes in reversed(ended) if outcomes), [])

    def states(self) -> dict[str, tuple[str, str]]:
        """State and reason by file name."""
        with database.session(self.workplace.database, reads_only=True) as session:
            rows = session.exec(
                select(Video.path, VideoState.state, VideoState.reason).join(
                    VideoState, col(VideoState.video_id) == col(Video.id)
                )
            ).all()
        return {path.name: (state, reason) for path, state, reason in rows}

    def state(self, film: Path) -> State:
        return State(self.states()[film.name][0])

    def failures(self) -> list[tuple[str, str]]:
        """Stage and code of the open failures."""
        with database.session(self.workplace.database, reads_only=True) as session:
            rows = session.exec(select(Failure).where(col(Failure.resolved_at).is_(None))).all()
        return [(row.stage, row.code) for row in rows]

    def with_ffmpeg(self, ffmpeg: Path) -> "Place":
        return replace(self, workplace=replace(self.workplace, ffmpeg=ffmpeg))

    def with_settings(self, **changes: object) -> "Place":
        settings = self.workplace.settings.model_copy(update=changes)
        return replace(self, workplace=replace(self.workplace, settings=settings))

    def with_policy(self, text: str, folder: Path) -> "Place":
        policy = folder / "other.toml"
        policy.write_text(text)
        return replace(self, workplace=replace(self.workplace, policy=policies.load(policy)))

    def _turn(self) -> list[int]:
        return queue.waiting(self.workplace, [str(self.films)])


def aged(film: Path, seconds: float = 3600.0) -> Path:
    """Make a file look as if it had last changed an hour ago."""
    moment = time.time() - seconds
    os.utime(film, (moment, moment))
    return film


@pytest.fixture
def make_place(fast_policy: Path) -> Callable[[Path, Path], Place]:
    def made(films: Path, data: Path) -> Place:
        settings = Settings(data_dir=data, policy=fast_policy, reserve_bytes=0, stable_seconds=5, probe_workers=1)
        database.upgrade(settings.database)
        films.mkdir(exist_ok=True)
        return Place(films=films, workplace=open_workplace(settings))

    return made


@pytest.fixture
def place(tmp_path: Path, make_place: Callable[[Path, Path], Place]) -> Iterator[Place]:
    found = make_place(tmp_path / "films", tmp_path / "data")
    yield found
    found.workplace.database.dispose()


@pytest.fixture
def farm(engine: Engine, tmp_path: Path) -> Farm:  # noqa: F811
    """A server without a bucket and without machines."""
    return farms.made(engine, tmp_path)


@pytest.fixture
def make_analysed(farm: Farm, make_videos: Callable[[int], list[int]]) -> Callable[[int], list[int]]:  # noqa: F811
    """Makes this many films that wait for their search; their numbers."""
    return lambda number: farm.analysed(make_videos(number))


@pytest.fixture
def sleeper() -> Iterator[Callable[[], psutil.Popen]]:
    """Starts processes that do nothing, and end with the test."""
    started: list[psutil.Popen] = []

    def start() -> psutil.Popen:
        started.append(psutil.Popen([sys.executable, "-c", "import time; time.sleep(300)"]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
