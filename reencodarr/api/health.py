"""Whether the server can do its part: its database and its bucket answer. Looks at most every few seconds."""

import threading
import time
from dataclasses import dataclass, field

from reencodarr import __version__
from reencodarr.errors import ReencodarrError
from reencodarr.library import database
from reencodarr.stages.workplace import Workplace
from reencodarr.storage.bucket import Bucket
from reencodarr.units import Seconds

REMEMBERED = Seconds(10.0)
"""Whoever asks more often, with or without a secret, gets the same answer."""
_FINE = "ok"
_PROBE = "health"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a look found."""

    database: str
    bucket: str
    """`ok`, what is wrong, or empty where there is none."""
    build: str

    @property
    def ok(self) -> bool:
        return self.database == _FINE and self.bucket in {_FINE, ""}

    def in_full(self) -> dict[str, object]:
        """All of it, for the owner."""
        versions = {"reencodarr": __version__, "encoder": self.build}
        return {"ok": self.ok, "database": self.database, "bucket": self.bucket, "versions": versions}


@dataclass(slots=True, kw_only=True)
class Look:
    """Looks at database and bucket; threads share it."""

    workplace: Workplace
    bucket: Bucket | None
    _until: float = 0.0
    _seen: Seen | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def seen(self) -> Seen:
        """What the last look found, if it is fresh, else what one finds now."""
        with self._lock:
            if self._seen is None or time.monotonic() >= self._until:
                self._seen = Seen(database=self._database(), bucket=self._bucket(), build=self.workplace.build.identity)
                self._until = time.monotonic() + REMEMBERED
            return self._seen

    def _database(self) -> str:
        try:
            database.check(self.workplace.database)
        except ReencodarrError as error:
            return str(error)
        return _FINE

    def _bucket(self) -> str:
        if self.bucket is None:
            return ""
        try:
            self.bucket.head(_PROBE)
        except ReencodarrError as error:
            return str(error)
        return _FINE
