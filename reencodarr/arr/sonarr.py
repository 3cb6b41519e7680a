"""Sonarr: titles are series, parts are episodes. See `application` for what each call promises."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

from reencodarr.arr.both import Both
from reencodarr.arr.models import Aired, Command, MediaFile, Part, Rename, Title
from reencodarr.errors import ArrIsNot


class Sonarr(Both):
    """A connection to a Sonarr. Threads share it."""

    _OLDEST: ClassVar[int] = 4
    _TITLES: ClassVar[str] = "seriesIds"
    _NAMES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "titleSlug": ("slug",),
        "seriesId": ("titleId",),
        "episodeFileId": ("fileId",),
        "episodeId": ("partId",),
    }

    def titles(
        self, *, unreadable: Callable[[str], None] | None = None, counted: Callable[[int], None] | None = None
    ) -> Iterator[Title]:
        """Every series."""
        for entry in self.stream("/series", {"includeSeasonImages": False}, counted=counted):
            try:
                title = self.read(Title, entry, "/series")
            except ArrIsNot as error:
                if unreadable is None:
                    raise
                unreadable(error.message)
            else:
                yield title

    def title(self, title_id: int) -> Title:
        """One series."""
        path = f"/series/{title_id}"
        return self.read(Title, self.get(path), path)

    def files(self, title_id: int) -> list[MediaFile]:
        """Two calls: the files say nothing about when their episodes were first seen."""
        found = [
            self.read(MediaFile, one, "/episodefile") for one in self.entries("/episodefile", {"seriesId": title_id})
        ]
        years = self._years(title_id) if found else {}
        return [one.model_copy(update={"year": years.get(one.id)}) for one in found]

    def file(self, file_id: int) -> MediaFile:
        """Without its year."""
        path = f"/episodefile/{file_id}"
        return self.read(MediaFile, self.get(path), path)

    def parts(self, file: MediaFile) -> tuple[int, ...]:
        """Its episodes."""
        found = self.entries("/episode", {"episodeFileId": file.id})
        return tuple(sorted(self.read(Part, one, "/episode").id for one in found))

    def rescan(self, title_id: int) -> Command:
        """Look at the folder of a series again."""
        return self.start("RescanSeries", seriesId=title_id)

    def renames(self, title_id: int) -> list[Rename]:
        """Files that it would name otherwise."""
        return [self.read(Rename, one, "/rename") for one in self.entries("/rename", {"seriesId": title_id})]

    def rename(self, title_id: int, file_ids: Sequence[int]) -> Command:
        """Name these files."""
        return self.start("RenameFiles", seriesId=title_id, files=list(file_ids))

    def monitor(self, parts: Sequence[int]) -> None:
        """Watch for releases of these episodes."""
        self.put("/episode/monitor", {"episodeIds": list(parts), "monitored": True})

    def search(self, parts: Sequence[int]) -> Command:
        """Look for another release of these episodes."""
        return self.start("EpisodeSearch", episodeIds=list(parts))

    def delete_file(self, file_id: int) -> None:
        """Through Sonarr, so that its recycle bin and its own settings decide."""
        self.discard(f"/episodefile/{file_id}")

    def _years(self, title_id: int) -> dict[int, int]:
        """The year in which the first episode of each file was first seen."""
        years: dict[int, int] = {}
        for entry in self.entries("/episode", {"seriesId": title_id}):
            date = str(entry.get("airDateUtc") or entry.get("airDate"))
            one = self.read(Aired, {**entry, "year": date[:4]}, "/episode")
            if one.file_id and one.year:
                years[one.file_id] = min(one.year, years.get(one.file_id, one.year))
        return years
