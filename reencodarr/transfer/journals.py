"""What a transfer that was broken off had achieved, in a small file beside it.

A journal counts only for the object it names in its first line; what it claims is verified by whoever reads it. Lines
are written whole after the thing they tell of, so that a killed process leaves at most a last line to be ignored.
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reencodarr.tools import scratch
from reencodarr.transfer.parts import Part
from reencodarr.units import Bytes


class Journal:
    """Lines of JSON about one object. Threads share it."""

    def __init__(self, path: Path, identity: str) -> None:
        """A file that tells of anything else than `identity` is begun anew."""
        self._path = path
        self._lock = threading.Lock()
        self._heading = json.dumps({"of": identity}) + "\n"

    def lines(self) -> Iterator[Any]:
        """What was noted about this object."""
        if not self._path.is_file():
            return
        heading, *lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True) or [""]
        if heading == self._heading:
            yield from (json.loads(line) for line in lines if line.endswith("\n"))

    def rewrite(self, lines: list[Any]) -> None:
        """Begin anew with these lines."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
        with self._lock:
            self._path.write_text(self._heading + text, encoding="utf-8", newline="\n")

    def note(self, line: Any) -> None:
        """Add a line; it survives the end of this process."""
        with self._lock, self._path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(line) + "\n")

    def discard(self) -> None:
        """Forget everything. May be repeated safely."""
        with self._lock:
            scratch.discard([self._path])


class UploadJournal:
    """The parts of one multipart upload that the bucket has, for the caller of `upload` to keep."""

    def __init__(self, path: Path, upload_id: str) -> None:
        """Parts of another upload are not believed."""
        self._journal = Journal(path, upload_id)
        self._parts = {int(line["number"]): self._part(line) for line in self._journal.lines()}
        self._journal.rewrite([self._line(part) for part in self._parts.values()])

    @property
    def done(self) -> dict[int, str]:
        """The ETags of the parts that are there, by number."""
        return {number: part.etag for number, part in self._parts.items()}

    def note(self, part: Part) -> None:
        """Keep a part: what `upload` calls as `on_part`."""
        self._parts[part.number] = part
        self._journal.note(self._line(part))

    def discard(self) -> None:
        """Forget everything. May be repeated safely."""
        self._parts.clear()
        self._journal.discard()

    @staticmethod
    def _line(part: Part) -> dict[str, Any]:
        return {"number": part.number, "etag": part.etag, "size": part.size}

    @staticmethod
    def _part(line: dict[str, Any]) -> Part:
        return Part(number=int(line["number"]), etag=str(line["etag"]), size=Bytes(int(line["size"])))
