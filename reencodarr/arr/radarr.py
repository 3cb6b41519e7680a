"""Radarr: titles are movies, and a movie is its own only part. See `application` for what each call promises."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

from reencodarr.arr.both import Both
from reencodarr.arr.models import Command, MediaFile, Rename, Resource, Title
from reencodarr.errors import ArrIsNot


class Radarr(Both):
    """A connection to a Radarr. Threads share it."""

    _OLDEST: ClassVar[int] = 5
    _TITLES: ClassVar[str] = "movieIds"
    _NAMES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "titleSlug": ("slug",),
        "movieId": ("titleId", "partId"),
        "movieFileId": ("fileId",),
    }

    def titles(
        self, *, unreadable: Callable[[str], None] | None = None, counted: Callable[[int], None] | None = None
    ) -> Iterator[Title]:
        """Every movie, with its file: one call for all of them."""
        for entry in self.stream("/movie", {"excludeLocalCovers": True}, counted=counted):
            try:
                title = self._title(entry, "/movie")
            except ArrIsNot as error:
                if unreadable is None:
                    raise
                unreadable(error.message)
            else:
                yield title

    def title(self, title_id: int) -> Title:
        """One movie, with its file."""
        path = f"/movie/{title_id}"
        return self._title(self.get(path), path)

    def files(self, title_id: int) -> list[MediaFile]:
        """Mostly one call: a movie holds its file and says its year."""
        title = self.title(title_id)
        if title.files is not None:
            return list(title.files)
        found = self.entries("/moviefile", {"movieId": title_id})
        return [self.read(MediaFile, {**one, "year": title.year}, "/moviefile") for one in found]

    def file(self, file_id: int) -> MediaFile:
        """Without its year."""
        path = f"/moviefile/{file_id}"
        return self.read(MediaFile, self.get(path), path)

    def parts(self, file: MediaFile) -> tuple[int, ...]:
        """The movie. Asks nothing."""
        return (file.title_id,)

    def rescan(self, title_id: int) -> Command:
        """Look at the folder of a movie again."""
        return self.start("RescanMovie", movieId=title_id)

    def renames(self, title_id: int) -> list[Rename]:
        """Files that it would name otherwise."""
        return [self.read(Rename, one, "/rename") for one in self.entries("/rename", {"movieId": title_id})]

    def rename(self, title_id: int, file_ids: Sequence[int]) -> Command:
        """Name these files."""
        return self.start("RenameFiles", movieId=title_id, files=list(file_ids))

    def monitor(self, parts: Sequence[int]) -> None:
        """Watch for releases of these movies."""
        self.put("/movie/editor", {"movieIds": list(parts), "monitored": True})

    def search(self, parts: Sequence[int]) -> Command:
        """Look for another release of these movies."""
        return self.start("MoviesSearch", movieIds=list(parts))

    def delete_file(self, file_id: int) -> None:
        """Through Radarr, so that its recycle bin and its own settings decide."""
        self.discard(f"/moviefile/{file_id}")

    def _title(self, entry: Resource, path: str) -> Title:
        return self.read(Title, {**entry, "files": self._embedded(entry)} if isinstance(entry, dict) else entry, path)

    def _embedded(self, entry: Resource) -> tuple[MediaFile, ...] | None:
        """The file that a movie's entry holds; none where it has none, None where it leaves it out."""
        held = entry.get("movieFile")
        if isinstance(held, dict):
            return (self.read(MediaFile, {**held, "year": entry.get("year")}, "/movie"),)
        return None if entry.get("hasFile") or entry.get("movieFileId") else ()
