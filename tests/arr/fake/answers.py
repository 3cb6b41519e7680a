"""What a pretended Sonarr or Radarr answers to each call, and does on its books."""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.arr.fake import resources, webhooks
from tests.arr.fake.knobs import Knobs
from tests.arr.fake.library import File, Library, Title

Tell = Callable[[dict[str, Any]], None]
"""Sends a webhook to those who asked for it."""
Try = Callable[[dict[str, Any]], str]
"""Sends a Test webhook for a notification; what went wrong, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, read."""

    method: str
    path: str
    """Below `/api/v3`."""
    query: Sequence[tuple[str, str]]
    body: Any

    def numbers(self, name: str) -> list[int]:
        return [int(value) for key, value in self.query if key == name]

    def number(self, name: str, default: int = 0) -> int:
        return next(iter(self.numbers(name)), default)


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, and what is sent as JSON; an iterator is sent as a list, element by element."""

    status: int
    body: Any = None


NOT_FOUND = Reply(404, {"message": "NotFound"})
_Route = tuple[str, str, Callable[..., Reply]]


class Answers:
    """One instance's calls."""

    def __init__(self, library: Library, knobs: Knobs, *, tell: Tell, try_: Try) -> None:
        self._library, self._knobs, self._tell, self._try = library, knobs, tell, try_
        self.notifications: dict[int, dict[str, Any]] = {}
        self.commands: dict[int, dict[str, Any]] = {}
        self._ids = itertools.count(1)
        titles, files = ("series", "episodefile") if library.kind == "sonarr" else ("movie", "moviefile")
        self._name = "seriesId" if library.kind == "sonarr" else "movieId"
        self._routes: list[_Route] = [
            ("GET", "/system/status", self._status),
            ("GET", f"/{titles}", self._titles),
            ("GET", rf"/{titles}/(\d+)", self._title),
            ("GET", f"/{files}", self._files),
            ("GET", rf"/{files}/(\d+)", self._file),
            ("DELETE", rf"/{files}/(\d+)", self._delete_file),
            ("GET", "/episode", self._episodes),
            ("PUT", "/episode/monitor", self._monitor),
            ("PUT", "/movie/editor", self._monitor),
            ("GET", "/tag", self._tags),
            ("GET", "/rename", self._renames),
            ("POST", "/command", self._start),
            ("GET", "/command", self._commands),
            ("GET", r"/command/(\d+)", self._command),
            ("GET", "/config/downloadclient", lambda _: Reply(200, resources.download_settings(knobs.redownloads))),
            ("GET", "/config/mediamanagement", lambda _: Reply(200, resources.media_settings(knobs.recycle_bin))),
            ("GET", "/history", self._history),
            ("POST", r"/history/failed/(\d+)", self._mark_failed),
            ("GET", "/notification", lambda _: Reply(200, list(self.notifications.values()))),
            ("GET", "/notification/schema", lambda _: Reply(200, [resources.webhook_schema(library.kind)])),
            ("POST", "/notification", self._save_notification),
            ("PUT", r"/notification/(\d+)", self._save_notification),
            ("DELETE", r"/notification/(\d+)", self._delete_notification),
            ("POST", "/notification/test", self._test_notification),
        ]

    def answer(self, asked: Asked) -> Reply:
        for method, pattern, call in self._routes:
            found = re.fullmatch(pattern, asked.path)
            if found and method == asked.method:
                return call(asked, *(int(one) for one in found.groups()))
        return NOT_FOUND

    def _status(self, asked: Asked) -> Reply:
        kind = self._knobs.says_it_is or self._library.kind
        version = self._knobs.version or resources.VERSIONS.get(kind, "1.0.0.0")
        return Reply(200, resources.status(kind, url_base=self._knobs.url_base, version=version))

    def _titles(self, asked: Asked) -> Reply:
        def every() -> Iterator[dict[str, Any]]:
            for one in self._library.all_titles():
                yield resources.title(self._library, one)

        return Reply(200, every())

    def _title(self, asked: Asked, title_id: int) -> Reply:
        found = self._library.title(title_id)
        return Reply(200, resources.title(self._library, found)) if found else NOT_FOUND

    def _files(self, asked: Asked) -> Reply:
        title_ids = asked.numbers(self._name)
        if not title_ids:
            return Reply(400, {"message": f"{self._name} must be provided"})
        if any(self._library.title(one) is None for one in title_ids):
            return NOT_FOUND
        held = [file for one in title_ids for file in self._library.files_of(one)]
        return Reply(200, [resources.file(self._library, one) for one in held])

    def _file(self, asked: Asked, file_id: int) -> Reply:
        found = self._library.file(file_id)
        return Reply(200, resources.file(self._library, found)) if found else NOT_FOUND

    def _delete_file(self, asked: Asked, file_id: int) -> Reply:
        if file_id not in self._library.files:
            return NOT_FOUND
        file = self._library.delete(file_id)
        self._tell(webhooks.file_deleted(self._library, self._title_of(file), file, "manual"))
        return Reply(200, {})

    def _episodes(self, asked: Asked) -> Reply:
        if file_id := asked.number("episodeFileId"):
            found = self._library.file(file_id)
            return Reply(200, [self._episode(part, found) for part in found.parts] if found else [])
        held = {part: file for file in self._library.files_of(asked.number("seriesId")) for part in file.parts}
        missing = [
            number
            for number, one in self._library.episodes.items()
            if one["title_id"] == asked.number("seriesId") and number not in held
        ]
        return Reply(200, [self._episode(part, held.get(part)) for part in [*held, *missing]])

    def _episode(self, part: int, file: File | None) -> dict[str, Any]:
        known = self._library.episodes.get(part, {})
        return resources.episode(
            part,
            title_id=file.title_id if file else known["title_id"],
            file_id=file.id if file else 0,
            year=known.get("year", file.year if file else 2008),
            season=file.season if file else 1,
            monitored=known.get("monitored", True),
        )

    def _monitor(self, asked: Asked) -> Reply:
        for part in asked.body.get("episodeIds", []):
            self._library.episodes[part]["monitored"] = asked.body["monitored"]
        for title_id in asked.body.get("movieIds", []):
            self._library.titles[title_id].monitored = asked.body["monitored"]
        return Reply(202, [])

    def _tags(self, asked: Asked) -> Reply:
        return Reply(200, [{"id": number, "label": label} for number, label in self._library.tags.items()])

    def _renames(self, asked: Asked) -> Reply:
        held = [file for one in asked.numbers(self._name) for file in self._library.files_of(one)]
        new = self._library.renames
        return Reply(200, [resources.rename(self._library, one, new[one.id]) for one in held if one.id in new])

    def _start(self, asked: Asked) -> Reply:
        number, name = next(self._ids), asked.body["name"]
        self.commands[number] = {"body": asked.body, "polls": self._knobs.polls}
        return Reply(201, resources.command(number, name, "queued", "unknown"))

    def _commands(self, asked: Asked) -> Reply:
        every = self.commands.items()
        return Reply(200, [resources.command(one, it["body"]["name"], "queued", "unknown") for one, it in every])

    def _command(self, asked: Asked, number: int) -> Reply:
        """Done when it was looked at often enough; then what it does is done, once."""
        command = self.commands.get(number)
        if command is None:
            return NOT_FOUND
        name = command["body"]["name"]
        if command["polls"] > 0:
            command["polls"] -= 1
            return Reply(200, resources.command(number, name, "started", "unknown"))
        if name in self._knobs.failing_commands:
            failed = resources.command(number, name, "failed", "unsuccessful")
            return Reply(200, {**failed, "message": "Failed", "exception": "System.IO.IOException: Disk full"})
        if not command.get("done") and name not in self._knobs.ignored_commands:
            self._carry_out(command["body"])
        command["done"] = True
        return Reply(200, resources.command(number, name, "completed", "successful"))

    def _carry_out(self, body: dict[str, Any]) -> None:
        title_id = body.get("seriesId") or body.get("movieId")
        match body["name"]:
            case "RescanSeries" | "RescanMovie":
                for file in self._library.rescan(title_id):
                    self._tell(webhooks.file_deleted(self._library, self._title_of(file), file, "missingFromDisk"))
            case "RenameFiles":
                if done := self._library.rename(body["files"]):
                    self._tell(webhooks.renamed(self._library, self._title_of(done[0][0]), done))
            case "EpisodeSearch" | "MoviesSearch":
                self._library.searched.append(tuple(body.get("episodeIds") or body.get("movieIds")))

    def _title_of(self, file: File) -> Title:
        found = self._library.title(file.title_id)
        assert found is not None
        return found

    def _history(self, asked: Asked) -> Reply:
        wanted = set(asked.numbers("seriesIds") + asked.numbers("movieIds"))
        records = [one for one in reversed(self._library.history) if one["title_id"] in wanted]
        return _paged(asked, [resources.record(self._library, one) for one in records])

    def _mark_failed(self, asked: Asked, number: int) -> Reply:
        record = next((one for one in self._library.history if one["id"] == number), None)
        if record is None:
            return NOT_FOUND
        self._library.block(record)
        if self._knobs.redownloads:
            self._library.searched.append((record["part"],))
        return Reply(200, {})

    def _save_notification(self, asked: Asked, number: int = 0) -> Reply:
        if number and number not in self.notifications:
            return NOT_FOUND
        if self._knobs.tries_webhooks and (refused := self._test_notification(asked)).status != 200:
            return refused
        saved = {**asked.body, "id": number or next(self._ids)}
        self.notifications[saved["id"]] = saved
        return Reply(202 if number else 201, saved)

    def _test_notification(self, asked: Asked) -> Reply:
        if trouble := self._try(asked.body):
            words = f"Unable to send test message: {trouble}"
            return Reply(400, [{"propertyName": "Url", "errorMessage": words, "severity": "error"}])
        return Reply(200, {})

    def _delete_notification(self, asked: Asked, number: int) -> Reply:
        return Reply(200, {}) if self.notifications.pop(number, None) else NOT_FOUND


def _paged(asked: Asked, records: list[dict[str, Any]]) -> Reply:
    page, size = asked.number("page", 1), asked.number("pageSize", 10)
    shown = records[(page - 1) * size : page * size]
    return Reply(200, {"page": page, "pageSize": size, "totalRecords": len(records), "records": shown})
