"""What Sonarr and Radarr have in common, and how one is connected to; their own words are `sonarr`'s and `radarr`'s."""

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self

from reencodarr.arr.client import DEFAULT_TIMES, Times
from reencodarr.arr.instance import Instance, Kind
from reencodarr.arr.models import (
    Command,
    HistoryRecord,
    MediaFile,
    Rename,
    Resource,
    Status,
    Title,
)
from reencodarr.arr.radarr import Radarr
from reencodarr.arr.sonarr import Sonarr
from reencodarr.transfer.patience import Stop, never
from reencodarr.units import Seconds

Unreadable = Callable[[str], None]
"""Is told of an entry that makes no sense, in words; what it stood for is not in the list then."""
Counted = Callable[[int], None]
"""Is told how many there are, before the first comes; never of a list that ends in the middle."""


class Application(Protocol):
    """One Sonarr or Radarr. Threads share it.

    A title is a series or a movie; parts are a title's episodes, or the movie itself. Every call raises
    ArrUnreachable, ArrRefused, ArrIsNot, ArrBusy and ArrFailed; those that name something ArrNotFound as well; and
    WorkStopped when a stop is asked for. What reads is asked again in trouble; what starts something never is.
    """

    @property
    def instance(self) -> Instance: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def status(self) -> Status:
        """What it is. Raises ArrIsNot for another application, ArrVersion for one that we do not speak to."""

    def titles(self, *, unreadable: Unreadable | None = None, counted: Counted | None = None) -> Iterator[Title]:
        """Every series or movie, one at a time: memory does not grow with their number.

        Without `unreadable`, an entry that makes no sense raises ArrIsNot.
        """

    def title(self, title_id: int) -> Title: ...

    def files(self, title_id: int) -> list[MediaFile]:
        """The files of a title, with their years. An entry that makes no sense raises ArrIsNot: what is missing
        from the list is gone."""

    def file(self, file_id: int) -> MediaFile: ...

    def parts(self, file: MediaFile) -> tuple[int, ...]:
        """Ids of the episodes in a file; the movie's for Radarr."""

    def tags(self) -> dict[int, str]:
        """Names by id, in lower case."""

    def rescan(self, title_id: int) -> Command:
        """Have it look at a title's folder again. Same name, other size: the file keeps its id."""

    def commands(self) -> list[Command]:
        """What it does, is to do, and did in the last minutes."""

    def command(self, command_id: int) -> Command: ...

    def wait(self, command: Command, *, patience: Seconds = ..., every: Seconds = ...) -> Command:
        """Wait for a command. Raises ArrBusy after `patience`, ArrFailed when it failed there."""

    def renames(self, title_id: int) -> list[Rename]:
        """The files of a title that it would name otherwise."""

    def rename(self, title_id: int, file_ids: Sequence[int]) -> Command:
        """Have it name these files, and no others."""

    def monitor(self, parts: Sequence[int]) -> None: ...

    def search(self, parts: Sequence[int]) -> Command:
        """Have it look for another release."""

    def history(self, title_id: int) -> Iterator[HistoryRecord]:
        """What happened to a title, newest first, page by page."""

    def mark_failed(self, history_id: int) -> None:
        """Block the release of a `grabbed` record; by its owner's setting it searches for another."""

    def redownloads(self) -> bool:
        """Whether it looks for another release by itself once one is marked as failed."""

    def recycle_bin(self) -> str:
        """Where what it deletes goes, as it sees it; empty where that is deleted for good."""

    def delete_file(self, file_id: int) -> None:
        """Have it delete a file, into its recycle bin if it has one. Gone already counts as deleted."""

    def notifications(self) -> list[Resource]: ...

    def notification_schema(self) -> list[Resource]: ...

    def save_notification(self, payload: Resource) -> Resource:
        """Create it, or overwrite the one with its `id`. It sends a Test event before it saves; ArrFailed says what
        it had against it."""

    def test_notification(self, payload: Resource) -> None:
        """Have it send a Test event."""

    def delete_notification(self, notification_id: int) -> None: ...


def connect(instance: Instance, *, stop: Stop = never, times: Times = DEFAULT_TIMES) -> Application:
    """The application behind an instance. Asks nothing yet.

    Raises SettingsError for an URL that is none.
    """
    if instance.kind is Kind.SONARR:
        return Sonarr(instance, stop=stop, times=times)
    return Radarr(instance, stop=stop, times=times)
