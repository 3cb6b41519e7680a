"""What Sonarr and Radarr answer alike: status, commands, tags, history, notifications. Their own differ."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ValidationError

from reencodarr.arr import troubles
from reencodarr.arr.client import Arr, Query
from reencodarr.arr.models import Command, HistoryRecord, Resource, Status, renamed
from reencodarr.errors import ArrBusy, ArrFailed, ArrNotFound, ArrVersion
from reencodarr.transfer.patience import rest
from reencodarr.units import Seconds

log = logging.getLogger(__name__)

Model = TypeVar("Model", bound=BaseModel)

PATIENCE = Seconds(600.0)
"""For a command: a rescan of a large series over a slow network takes minutes, and others may be before it."""
EVERY = Seconds(2.0)

_FIRST_LOOK = Seconds(0.2)


class Both(Arr):
    """The calls that both have, under the same path."""

    _OLDEST: ClassVar[int]
    """Major version; older ones are untried."""
    _NAMES: ClassVar[Mapping[str, tuple[str, ...]]]
    """Our names for each of its names."""
    _TITLES: ClassVar[str]
    """What a history is narrowed to titles by."""

    def status(self) -> Status:
        """Raises ArrIsNot, ArrVersion."""
        try:
            found = self.read(Status, self.get("/system/status"), "/system/status")
        except ArrNotFound as error:
            raise troubles.is_not(self.instance, "it has no such API") from error
        if found.app_name.lower() != self.instance.kind.value:
            raise troubles.is_not(self.instance, f"it is a {found.app_name}")
        major = found.version.partition(".")[0]
        if not major.isdecimal() or int(major) < self._OLDEST:
            raise ArrVersion(
                f"{self.instance} is of version {found.version}.",
                advice=f"{found.app_name} {self._OLDEST} or newer is needed.",
            )
        return found

    def tags(self) -> dict[int, str]:
        """Names by id, in lower case."""
        found = self.entries("/tag")
        return {one["id"]: str(one.get("label") or "").lower() for one in found if isinstance(one.get("id"), int)}

    def commands(self) -> list[Command]:
        """What it does, is to do, and did in the last minutes."""
        return [self.read(Command, one, "/command") for one in self.entries("/command")]

    def command(self, command_id: int) -> Command:
        """How far it is."""
        path = f"/command/{command_id}"
        return self.read(Command, self.get(path), path)

    def wait(self, command: Command, *, patience: Seconds = PATIENCE, every: Seconds = EVERY) -> Command:
        """Look at a command until it has ended, at first often. Raises ArrBusy, ArrFailed."""
        end = time.monotonic() + patience
        pause = min(_FIRST_LOOK, every)
        while command.pending:
            if time.monotonic() + pause > end:
                raise ArrBusy(f"{self.instance} has not ended {_named(command)} after {patience:.0f} s.")
            rest(pause, self._stop)
            pause = Seconds(min(2 * pause, every))
            command = self.command(command.id)
        if not command.good:
            words = command.exception or command.message or command.result
            raise ArrFailed(f"{self.instance} could not do {_named(command)}: it is {command.status}, {words}.")
        return command

    def history(self, title_id: int) -> Iterator[HistoryRecord]:
        """Newest first; records that make no sense are left out."""
        query: Query = {self._TITLES: [title_id], "sortKey": "date", "sortDirection": "descending"}
        return self._sensible(HistoryRecord, self.pages("/history", query))

    def mark_failed(self, history_id: int) -> None:
        """Block the release of a `grabbed` record."""
        self.post(f"/history/failed/{history_id}")

    def redownloads(self) -> bool:
        """Whether it looks for another release by itself once one is marked as failed."""
        return bool(self._setting("/config/downloadclient", "autoRedownloadFailed"))

    def recycle_bin(self) -> str:
        """Where what it deletes goes, as it sees it; empty where that is deleted for good."""
        return str(self._setting("/config/mediamanagement", "recycleBin") or "")

    def notifications(self) -> list[Resource]:
        """As they are."""
        return self.entries("/notification")

    def notification_schema(self) -> list[Resource]:
        """What a new one of each kind looks like."""
        return self.entries("/notification/schema")

    def save_notification(self, payload: Resource) -> Resource:
        """Create it, or overwrite the one with its `id`. Raises ArrFailed with what it has against it."""
        known = payload.get("id")
        saved = self.put(f"/notification/{known}", payload) if known else self.post("/notification", payload)
        if not isinstance(saved, dict):
            raise troubles.unreadable(self.instance, "/notification", "it is no notification")
        return saved

    def test_notification(self, payload: Resource) -> None:
        """Have it send a Test event. Raises ArrFailed when that does not arrive."""
        self.post("/notification/test", payload)

    def delete_notification(self, notification_id: int) -> None:
        """Gone already counts as deleted."""
        self.discard(f"/notification/{notification_id}")

    def start(self, name: str, **what: int | list[int]) -> Command:
        """Give a command. Never sent twice."""
        return self.read(Command, self.post("/command", {"name": name, **what}), "/command")

    def discard(self, path: str) -> None:
        """Delete what may be gone already."""
        try:
            self.delete(path)
        except ArrNotFound:
            log.info("%s: %s was gone already", self.instance, path)

    def entries(self, path: str, query: Mapping[str, int] | None = None) -> list[Resource]:
        """A list that is short. Raises ArrIsNot for anything else."""
        answer = self.get(path, query)
        if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
            raise troubles.unreadable(self.instance, path, "it is no list")
        return answer

    def read(self, model: type[Model], answer: Any, path: str) -> Model:
        """An answer as a value. Raises ArrIsNot."""
        if not isinstance(answer, dict):
            raise troubles.unreadable(self.instance, path, "it is no object")
        try:
            return model.model_validate(renamed(answer, self._NAMES))
        except ValidationError as error:
            raise troubles.unreadable(self.instance, path, wrong(error)) from error

    def _setting(self, path: str, name: str) -> object:
        answer = self.get(path)
        if not isinstance(answer, dict):
            raise troubles.unreadable(self.instance, path, "it is no object")
        return answer.get(name)

    def _sensible(self, model: type[Model], entries: Iterable[dict[str, Any]]) -> Iterator[Model]:
        for entry in entries:
            try:
                yield model.model_validate(renamed(entry, self._NAMES))
            except ValidationError as error:
                log.warning("%s: an entry makes no sense: %s", self.instance, wrong(error))


def wrong(error: ValidationError) -> str:
    """What is wrong with an answer, by field."""
    return "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()[:3])


def _named(command: Command) -> str:
    return f"{command.name or 'command'} ({command.id})"
