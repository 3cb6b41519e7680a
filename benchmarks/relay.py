"""A wire that counts: passes TCP connections on to a port of this machine and notes how many bytes went when."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_PIECE = 1 << 18


@dataclass(frozen=True, kw_only=True)
class Relay:
    """What passed, from its first byte on."""

    port: int
    """Where it listens, on loopback."""
    passed: list[tuple[float, int, int]] = field(default_factory=list)
    """Time, bytes from the server (down), bytes to it (up)."""

    @classmethod
    @contextmanager
    def to(cls, port: int) -> "Iterator[Relay]":
        """A relay to that port, until the block ends."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            relay = cls(port=listener.getsockname()[1])
            threading.Thread(target=relay._listen, args=(listener, port), daemon=True).start()
            yield relay
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)

    def between(self, start: float, end: float) -> tuple[int, int]:
        """Bytes down and up in that time."""
        inside = [(down, up) for moment, down, up in list(self.passed) if start <= moment <= end]
        return sum(down for down, _ in inside), sum(up for _, up in inside)

    def _listen(self, listener: socket.socket, port: int) -> None:
        with contextlib.suppress(OSError):  # The listener was closed.
            while True:
                client, _ = listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", port))
                except OSError:
                    client.close()
                    continue
                for source, target, is_down in ((client, server, False), (server, client, True)):
                    passing = threading.Thread(target=self._pass, args=(source, target, is_down), daemon=True)
                    passing.start()

    def _pass(self, source: socket.socket, target: socket.socket, is_down: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                target.sendall(piece)
                size = len(piece)
                self.passed.append((time.time(), size if is_down else 0, 0 if is_down else size))
            target.shutdown(socket.SHUT_WR)
