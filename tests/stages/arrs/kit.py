"""A library that a pretended Sonarr or Radarr knows: films on a real disk, which it calls something else."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import SecretStr
from sqlmodel import select

from reencodarr.arr.client import Times
from reencodarr.library import database, notices, roots, scan, videos
from reencodarr.library.tables import ArrFile, ArrNotice, Failure, Video, now
from reencodarr.media import fingerprint
from reencodarr.settings import ArrSettings, Settings
from reencodarr.stages.workplace import Workplace
from reencodarr.units import Seconds
from tests.arr.fake import KEY, Fake, File, FolderDisk, Title, serving
from tests.library import films

QUICK = Times(connect=Seconds(2), answer=Seconds(10), tries=2, first_pause=Seconds(0.01), longest_pause=Seconds(0.05))
THEIRS = "/their/films"
SWAP = "5" * 32


def settings_of(fake: Fake, root: Path, settings: Settings, **changes: object) -> Settings:
    """Settings with this instance in them, under the name of its kind."""
    said = {"url": fake.url, "api_key": SecretStr(KEY), "mappings": ((THEIRS, root),)} | changes
    return settings.model_copy(update={fake.kind: {fake.kind: ArrSettings.model_validate(said)}})


@dataclass(kw_only=True)
class Shelf:
    """A title of one instance, and its folder here."""

    fake: Fake
    root: Path
    workplace: Workplace
    title: Title

    @property
    def folder(self) -> Path:
        return self.root / "Show (2008)"

    def set(self, **changes: object) -> None:
        """Change the settings of the instance."""
        settings = settings_of(self.fake, self.root, self.workplace.settings, **changes)
        self.workplace = replace(self.workplace, settings=settings)

    def add(self, name: str) -> tuple[Path, File]:
        """A film that both know."""
        path = films.write(self.folder / name, os.urandom(400))
        file = self.fake.library.add_file(self.title, name, size=400)
        self.scan()
        with database.session(self.workplace.database) as session:
            video = videos.at(session, path)
            assert video is not None
            session.add(
                ArrFile(
                    instance=self.fake.kind,
                    file_id=file.id,
                    title_id=self.title.id,
                    title=self.title.title,
                    video_id=video.id,
                    theirs=file.path,
                    size=400,
                )
            )
        return path, file

    def scan(self) -> None:
        with database.session(self.workplace.database) as session:
            library = roots.ensure(session, self.root)
        scan.scan(self.workplace.database, library, scan.ScanOptions(stable_seconds=0))

    def video(self, path: Path) -> Video:
        with database.session(self.workplace.database, reads_only=True) as session:
            found = videos.at(session, path)
        assert found is not None, f"{path} is not known"
        assert found.id is not None
        return found

    def swap(self, path: Path, *, to: Path | None = None, swap_id: str = SWAP, size: int = 100) -> int:
        """As a swap leaves it: a smaller file, of which the database knows, and a notice."""
        video = self.video(path).id
        assert video is not None
        destination = to or path
        films.write(destination, os.urandom(size))
        if to is not None:
            path.unlink()
        with database.session(self.workplace.database) as session:
            videos.adopt(session, video, destination, fingerprint.fingerprint(destination))
            notices.write(session, video, swap_id)
        return video

    def notices(self) -> list[ArrNotice]:
        with database.session(self.workplace.database, reads_only=True) as session:
            return list(session.exec(select(ArrNotice).order_by(ArrNotice.id)).all())  # type: ignore[arg-type]

    def make_due(self, *, tries: int | None = None) -> None:
        """All that waits is due now, and what a dead process held as well; with `tries`, after so many."""
        with database.session(self.workplace.database) as session:
            for row in session.exec(select(ArrNotice).where(ArrNotice.state == "waiting")).all():
                row.due_at = now()
                row.tries = row.tries if tries is None else tries
                session.add(row)

    def failures(self) -> list[tuple[str, str, str]]:
        """Stage, code and message of what stands."""
        with database.session(self.workplace.database, reads_only=True) as session:
            rows = session.exec(select(Failure)).all()
        return [(row.stage, row.code, row.message) for row in rows if row.resolved_at is None]

    def asked(self, matching: str = "") -> list[str]:
        return [one for one in self.fake.asked if matching in one]


@contextlib.contextmanager
def standing(kind: str, root: Path, workplace: Workplace) -> Iterator[Shelf]:
    """A title with an empty folder, and an instance that answers without delay."""
    with serving(Fake(kind)) as fake:
        fake.knobs.polls = 0
        fake.library.disk = FolderDisk(THEIRS, root, root.parent / "bin")
        title = fake.library.add_title("Show", folder=f"{THEIRS}/Show (2008)")
        made = Shelf(fake=fake, root=root, workplace=workplace, title=title)
        made.folder.mkdir(parents=True)
        made.set()
        yield made
