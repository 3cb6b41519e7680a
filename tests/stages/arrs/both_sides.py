"""A pretended Sonarr or Radarr that sees a library's folder under a name of its own, and looks at both sides of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from sqlmodel import col, select

from reencodarr.arr import application, instance
from reencodarr.arr.application import Application
from reencodarr.library import database
from reencodarr.library.states import State
from reencodarr.library.tables import ArrFile, ArrInstance, Video, VideoState
from reencodarr.settings import ArrSettings
from reencodarr.stages.arrs import looking, syncing
from reencodarr.stages.arrs.looking import Looked
from reencodarr.stages.arrs.syncing import Synced
from reencodarr.stages.workplace import Workplace
from tests.arr.conftest import QUICK
from tests.arr.fake import KEY, Fake, File, Title
from tests.arr.fake.library import FolderDisk
from tests.library import films
from tests.stages.conftest import Place

THEIRS = "/tv"


@dataclass(kw_only=True)
class Site:
    """Both sides."""

    fake: Fake
    place: Place

    @property
    def workplace(self) -> Workplace:
        return self.place.workplace

    @property
    def films(self) -> Path:
        return self.place.films

    def here(self, file: File) -> Path:
        return self.films / file.path.removeprefix(f"{THEIRS}/")

    def add(self, title: Title, name: str, content: bytes = b"") -> File:
        """A file that it imported, on the disk that both see."""
        path = films.write(self.films / title.path.removeprefix(f"{THEIRS}/") / name, content)
        return self.fake.library.add_file(title, name, size=path.stat().st_size)

    def series(self, files: int = 3, *, title: str = "Firefly", tags: tuple[str, ...] = ()) -> list[File]:
        """A series with some episodes."""
        made = self.fake.library.add_title(title, folder=f"{THEIRS}/{title}", tags=tags)
        return [self.add(made, f"Season 01/{title} - S01E{number:02}.mkv") for number in range(1, files + 1)]

    def sync(self) -> Synced:
        return syncing.sync(self.workplace, "main", times=QUICK)

    @contextmanager
    def connected(self) -> Iterator[Application]:
        [found] = instance.configured(self.workplace.settings)
        with application.connect(found, times=QUICK) as connection:
            yield connection

    def look(self, title_id: int) -> Looked:
        with self.connected() as connection:
            return looking.look(self.workplace, connection, title_id)

    def rows(self) -> dict[int, ArrFile]:
        with database.session(self.workplace.database, reads_only=True) as session:
            return {row.file_id: row for row in session.exec(select(ArrFile)).all()}

    def row(self) -> ArrInstance:
        with database.session(self.workplace.database, reads_only=True) as session:
            return session.exec(select(ArrInstance)).one()

    def video(self, path: Path) -> tuple[int, State]:
        with database.session(self.workplace.database, reads_only=True) as session:
            query = select(Video.id, VideoState.state).join(VideoState, col(VideoState.video_id) == col(Video.id))
            number, state = session.exec(query.where(Video.path == path)).one()
            return number or 0, State(state)

    def known(self) -> dict[str, State]:
        return films.states(self.workplace.database)


def made(fake: Fake, place: Place, **changes: object) -> Site:
    """`fake` sees the library's folder as `/tv`; `changes` are of its settings."""
    said = {
        "url": fake.url,
        "api_key": SecretStr(KEY),
        "mappings": ((THEIRS, place.films),),
        **changes,
    }
    settings = {fake.kind: {"main": ArrSettings.model_validate(said)}}
    return Site(fake=fake, place=place.with_settings(**settings))


def seeing(place: Place, kind: str = "sonarr") -> Fake:
    return Fake(kind, disk=FolderDisk(THEIRS, place.films, place.films.parent / "bin"))
