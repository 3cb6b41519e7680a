"""Where the work of one attempt reads its film and leaves its result: the one thing in which a machine that has the
library differs from one that has not. `OnDisk` is the former; `staged` is the latter.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reencodarr.encoding.encode import EncodeResult
from reencodarr.errors import SourceVanished
from reencodarr.media import fingerprint as identity
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.paths import from_text, to_text
from reencodarr.progress import Report
from reencodarr.quality.footage import Footage
from reencodarr.tools import scratch as scratches
from reencodarr.work.orders import Delivery, LocalSource


class Staging(Protocol):
    """A way to a film, and a way back for its encode."""

    def film(self, scratch: Path, *, report: Report) -> Path:
        """The whole film as a local file, which is only read.

        Raises SourceVanished when it is not the film that was ordered, StorageError, NoSpace.
        """
        ...

    def footage(self, scratch: Path, *, report: Report) -> Footage | None:
        """The windows of a search without the rest of the film; None where the film itself is at hand.

        Raises StorageError, MediaError, NoSpace.
        """
        ...

    def fingerprint(self) -> Fingerprint | None:
        """What the film must still be when the work ends; None where it is a copy that nobody else changes."""
        ...

    def deliver(self, encoded: EncodeResult, *, report: Report) -> Delivery:
        """Hand a finished encode over.

        Raises StorageError, NoSpace.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDisk:
    """The film itself, and a results folder beside the scratch."""

    source: LocalSource
    name: str
    """Of the result, without extension."""

    def film(self, scratch: Path, *, report: Report) -> Path:
        """The film, if it still is the one that was ordered."""
        path = from_text(self.source.path)
        if not identity.fingerprint(path).same_file(self.source.fingerprint):
            raise SourceVanished(f"{path} changed since it was analysed.", path=path, advice="It is looked at again.")
        return path

    def footage(self, scratch: Path, *, report: Report) -> Footage | None:
        """None: the film is at hand."""
        return None

    def fingerprint(self) -> Fingerprint | None:
        """The identity that was ordered."""
        return self.source.fingerprint

    def deliver(self, encoded: EncodeResult, *, report: Report) -> Delivery:
        """Move the encode into the results folder."""
        suffix = encoded.path.suffix
        kept = scratches.keep(encoded.path, from_text(self.source.results) / f"{self.name}{suffix}")
        return Delivery(size=encoded.size, sha256=encoded.sha256, suffix=suffix, path=to_text(kept))
