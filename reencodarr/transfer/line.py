"""The way to a bucket's server: requests over connections that are paced, watched and stopped.

httpcore is used instead of the client of httpx above it, because it takes our sockets, and because that client writes
every URL it asks for, with its secret, to the log.
"""

import functools
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

import httpcore
import httpx

from reencodarr.transfer import answers
from reencodarr.transfer.answers import Faltered
from reencodarr.transfer.pace import Pace
from reencodarr.transfer.patience import Patience, Stop, never
from reencodarr.transfer.wire import Sockets
from reencodarr.units import KIB

_WORDS = 16 * KIB
"""Of a refusal are read."""
_OK, _PARTIAL = 200, 206


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What all transfers of a process have in common."""

    pace: Pace = field(default_factory=Pace)
    stop: Stop = never
    patience: Patience = field(default_factory=Patience)
    trust: ssl.SSLContext | None = None
    """The certificates that are believed; None: those of certifi, or of SSL_CERT_FILE or SSL_CERT_DIR."""

    def until(self, halted: threading.Event) -> "Line":
        """The same line, which also stops when `halted` is set."""
        stop = self.stop
        return replace(self, stop=lambda: halted.is_set() or stop())


class Peer:
    """A server for the time of one transfer. Threads share it; all its connections are closed at the end."""

    def __init__(self, line: Line, *, connections: int = 1) -> None:
        self.line = line
        self._timeout = {
            "connect": line.patience.connect,
            "read": line.patience.silence,
            "write": line.patience.silence,
        }
        self._pool = httpcore.ConnectionPool(
            ssl_context=line.trust or _trusted(),
            max_connections=connections,
            retries=0,
            network_backend=Sockets(line.stop),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up. Requests under way must have ended."""
        self._pool.close()

    @contextmanager
    def ask(
        self,
        method: str,
        url: str,
        *,
        name: str,
        headers: dict[str, str] | None = None,
        body: Iterator[bytes] | None = None,
    ) -> Iterator[httpcore.Response]:
        """The answer to a request, if it is a success; what breaks while it is read is named as well.

        Raises Faltered, Refused, WorkStopped, or the StorageError that the answer means.
        """
        host = httpcore.URL(url).host.decode("ascii")
        try:
            with self._pool.stream(
                method,
                url,
                headers=[("User-Agent", "reencodarr"), *(headers or {}).items()],
                content=body,
                extensions={"timeout": self._timeout},
            ) as answer:
                if answer.status not in (_OK, _PARTIAL):
                    raise answers.refusal(answer.status, answers.code(self._words(answer)), name)
                yield answer
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise Faltered(f"{host}: {error or type(error).__name__}") from error

    def chunks(self, answer: httpcore.Response) -> Iterator[bytes]:
        """The body, at the line's pace.

        Raises Faltered when it comes more slowly than the line's patience bears.
        """
        patience = self.line.patience
        waited, came = 0.0, 0
        pieces = answer.iter_stream()
        while True:
            asked = time.monotonic()
            piece = next(pieces, None)
            waited += time.monotonic() - asked
            if piece is None:
                return
            came += len(piece)
            if waited >= patience.silence:
                if came < patience.floor * waited:
                    raise Faltered(f"only {came} bytes came in {waited:.0f} s")
                waited, came = 0.0, 0
            self.line.pace.take(len(piece), self.line.stop)
            yield piece

    def _words(self, answer: httpcore.Response) -> bytes:
        words = bytearray()
        for piece in self.chunks(answer):
            words += piece
            if len(words) >= _WORDS:
                break
        return bytes(words)


@functools.cache
def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context()
