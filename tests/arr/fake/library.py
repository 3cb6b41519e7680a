"""What a pretended Sonarr or Radarr has on its books, and what lies on its disk; the two drift apart as real ones do.

A title is a series or a movie. Rescans follow the rules of the real ones: another size under the same name keeps the
id; a name that is gone loses it, and a new name gets a new one.
"""

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Protocol

MEDIA = {".mkv", ".mp4", ".ts", ".avi", ".mov", ".m4v"}
BULK_FILES = 1000
"""Ids of one title's files in a bulk library."""
_AFTER_BULK = 100_000_000


@dataclass(slots=True, kw_only=True)
class Title:
    """A series or a movie."""

    id: int
    title: str
    path: str
    year: int = 2008
    monitored: bool = True
    tags: list[int] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class File:
    """A file on its books. `parts` are episode ids; a movie's file has none."""

    id: int
    title_id: int
    path: str
    size: int
    year: int = 2008
    season: int = 1
    parts: tuple[int, ...] = ()
    scene_name: str | None = None
    edition: str = ""
    media_info: bool = True


class Disk(Protocol):
    """What it sees of the films."""

    def sizes(self, folder: str) -> dict[str, int]: ...

    def move(self, source: str, target: str) -> None: ...

    def delete(self, path: str) -> None: ...


class ImaginedDisk:
    """A disk in memory."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}

    def sizes(self, folder: str) -> dict[str, int]:
        return {path: size for path, size in self.held.items() if path.startswith((f"{folder}/", f"{folder}\\"))}

    def move(self, source: str, target: str) -> None:
        self.held[target] = self.held.pop(source)

    def delete(self, path: str) -> None:
        self.held.pop(path, None)


class FolderDisk:
    """A real folder, which it calls something else; what it deletes goes to a recycle bin beside it."""

    def __init__(self, theirs: str, folder: Path, bin_: Path) -> None:
        self._theirs, self._folder, self._bin = PurePosixPath(theirs), folder, bin_

    def _here(self, path: str) -> Path:
        return self._folder / PurePosixPath(path).relative_to(self._theirs)

    def sizes(self, folder: str) -> dict[str, int]:
        here = self._here(folder)
        films = [one for one in here.rglob("*") if one.suffix.lower() in MEDIA and not one.name.startswith(".")]
        return {str(PurePosixPath(folder, *one.relative_to(here).parts)): one.stat().st_size for one in films}

    def move(self, source: str, target: str) -> None:
        self._here(target).parent.mkdir(parents=True, exist_ok=True)
        self._here(source).rename(self._here(target))

    def delete(self, path: str) -> None:
        self._bin.mkdir(parents=True, exist_ok=True)
        shutil.move(self._here(path), self._bin / self._here(path).name)


class Library:
    """The books of one instance."""

    def __init__(self, kind: str, disk: Disk | None = None) -> None:
        self.kind = kind
        self.disk: Disk = disk or ImaginedDisk()
        self.titles: dict[int, Title] = {}
        self.files: dict[int, File] = {}
        self.episodes: dict[int, dict[str, Any]] = {}
        self.tags: dict[int, str] = {}
        self.history: list[dict[str, Any]] = []
        self.renames: dict[int, str] = {}
        """New paths, relative to the title's folder, by file id: what its naming scheme would have."""
        self.blocked: list[str] = []
        self.searched: list[tuple[int, ...]] = []
        self.bulk = (0, 0)
        self._ids = itertools.count(1)

    def fill(self, titles: int, files_each: int) -> None:
        """A huge library, made up as it is asked for."""
        self.bulk = (titles, files_each)
        self._ids = itertools.count(_AFTER_BULK)

    def add_title(self, title: str, *, folder: str, year: int = 2008, tags: tuple[str, ...] = ()) -> Title:
        for tag in tags:
            if tag not in self.tags.values():
                self.tags[next(self._ids)] = tag
        known = {label: tag for tag, label in self.tags.items()}
        made = Title(id=next(self._ids), title=title, path=folder, year=year, tags=[known[tag] for tag in tags])
        self.titles[made.id] = made
        return made

    def add_file(
        self,
        title: Title,
        name: str,
        *,
        size: int = 1_500_000_000,
        year: int | None = None,
        parts: tuple[int, ...] = (),
    ) -> File:
        """A file that it imported; `name` is relative to the title's folder. It is on its disk too, if imagined."""
        separator = "\\" if "\\" in title.path else "/"
        path = f"{title.path}{separator}{name}"
        made = File(id=next(self._ids), title_id=title.id, path=path, size=size, year=year or title.year)
        made.parts = parts or self._new_parts(made)
        self.files[made.id] = made
        if isinstance(self.disk, ImaginedDisk):
            self.disk.held[path] = size
        release = f"{PureWindowsPath(name).stem}.{made.id}-GRP"
        self._record(made, "grabbed", download_id=release)
        self._record(made, "downloadFolderImported", download_id=release, data={"fileId": str(made.id)})
        return made

    def _new_parts(self, file: File) -> tuple[int, ...]:
        if self.kind == "radarr":
            return ()
        number = next(self._ids)
        self.episodes[number] = {"title_id": file.title_id, "year": file.year, "monitored": True}
        return (number,)

    def _record(self, file: File, event: str, *, download_id: str = "", data: dict[str, str] | None = None) -> None:
        self.history.append(
            {
                "id": next(self._ids),
                "title_id": file.title_id,
                "part": file.parts[0] if file.parts else file.title_id,
                "event": event,
                "release": download_id,
                "data": data or {},
            }
        )

    def all_titles(self) -> Iterator[Title]:
        for number in range(1, self.bulk[0] + 1):
            yield self._bulk_title(number)
        yield from list(self.titles.values())

    def title(self, title_id: int) -> Title | None:
        return self._bulk_title(title_id) if 0 < title_id <= self.bulk[0] else self.titles.get(title_id)

    def files_of(self, title_id: int) -> list[File]:
        if 0 < title_id <= self.bulk[0]:
            return [self._bulk_file(title_id, number) for number in range(self.bulk[1])]
        return [one for one in self.files.values() if one.title_id == title_id]

    def file(self, file_id: int) -> File | None:
        title_id, number = divmod(file_id, BULK_FILES)
        if 0 < title_id <= self.bulk[0] and number < self.bulk[1]:
            return self._bulk_file(title_id, number)
        return self.files.get(file_id)

    def _bulk_title(self, number: int) -> Title:
        return Title(id=number, title=f"Title {number}", path=f"/bulk/Title {number}", year=1990 + number % 30)

    def _bulk_file(self, title_id: int, number: int) -> File:
        path = f"/bulk/Title {title_id}/Season {number // 10 + 1:02}/Title {title_id} - {number:03}.mkv"
        own = title_id * BULK_FILES + number
        return File(id=own, title_id=title_id, path=path, size=10**9 + own, season=number // 10 + 1, parts=(own,))

    def rescan(self, title_id: int) -> list[File]:
        """Look at a title's folder; what was removed from the books."""
        title = self.titles[title_id]
        there = self.disk.sizes(title.path)
        lost = []
        for file in self.files_of(title_id):
            if file.path in there:
                file.size = there.pop(file.path)
            else:
                lost.append(self.forget(file.id, "missingFromDisk"))
        stems = {PurePosixPath(one.path).stem: one for one in lost}
        for path, size in sorted(there.items()):
            before = stems.get(PurePosixPath(path).stem)
            made = File(id=next(self._ids), title_id=title_id, path=path, size=size, year=title.year)
            made.parts = before.parts if before else self._new_parts(made)
            self.files[made.id] = made
        return lost

    def forget(self, file_id: int, reason: str) -> File:
        """Take a file off the books."""
        file = self.files.pop(file_id)
        event = "episodeFileDeleted" if self.kind == "sonarr" else "movieFileDeleted"
        self._record(file, event, data={"reason": reason})
        return file

    def delete(self, file_id: int) -> File:
        """Delete a file, from disk as well."""
        file = self.forget(file_id, "manual")
        self.disk.delete(file.path)
        return file

    def rename(self, file_ids: list[int]) -> list[tuple[File, str]]:
        """Name files as its scheme has it; each with its previous path."""
        done = []
        for file_id in file_ids:
            if file_id in self.renames:
                file, name = self.files[file_id], self.renames.pop(file_id)
                before, file.path = file.path, f"{self.titles[file.title_id].path}/{name}"
                self.disk.move(before, file.path)
                done.append((file, before))
        return done

    def upgrade(self, file_id: int, *, size: int, name: str | None = None) -> tuple[File, File]:
        """A better release comes in: the old file and the new one, which has another id."""
        old = self.forget(file_id, "upgrade")
        title = self.titles[old.title_id]
        self.disk.delete(old.path)
        name = name or old.path.removeprefix(title.path)[1:]
        return old, self.add_file(title, name, size=size, year=old.year, parts=old.parts)

    def block(self, record: dict[str, Any]) -> None:
        """The release of a `grabbed` record is not wanted again."""
        self.blocked.append(record["release"])
        self.history.append({**record, "id": next(self._ids), "event": "downloadFailed", "data": {}})

    def change_ids(self) -> dict[int, int]:
        """As after its database was made anew: every file has another id. New ids by old ones."""
        moved = {file.id: next(self._ids) for file in self.files.values()}
        self.files = {moved[file.id]: replace(file, id=moved[file.id]) for file in self.files.values()}
        return moved
