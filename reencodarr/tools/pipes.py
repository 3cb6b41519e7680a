"""What a running program says: both of its pipes, read as it speaks, so that neither can fill up and block it.

Threads read them, because Windows cannot wait for several pipes at once. Knows nothing of the process itself.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import IO

from reencodarr.units import KIB, Bytes

STDERR_KEPT = Bytes(32 * KIB)

_READ_SIZE = 64 * KIB


class Pipes:
    """The standard output and standard error of one program."""

    def __init__(self, stdout: IO[bytes], stderr: IO[bytes], *, by_line: bool) -> None:
        self._changed = threading.Condition()
        self._open = 2
        self._abandoned = False
        self._chunks_read = 0
        self._chunks_seen = 0
        self._lines: deque[bytes] = deque()
        self._stdout: list[bytes] = []
        self._stderr = bytearray()
        keep = self._keep_lines if by_line else self._stdout.append
        for pipe, kept in ((stdout, keep), (stderr, self._keep_tail)):
            threading.Thread(target=self._read, args=(pipe, kept), daemon=True).start()

    @property
    def stdout(self) -> str:
        """All of standard output; empty when it is taken by line."""
        return b"".join(self._stdout).decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        """The last `STDERR_KEPT` bytes of standard error."""
        return bytes(self._stderr[-STDERR_KEPT:]).decode("utf-8", "replace")

    @property
    def closed(self) -> bool:
        """Nobody holds the other end of either pipe, and all that was said has been read."""
        return self._open == 0

    def wait(self, timeout: float) -> bool:
        """Wait until something is said or a pipe closes; whether something was said since the last call."""
        with self._changed:
            if self._chunks_read == self._chunks_seen:
                self._changed.wait(timeout)
            spoke = self._chunks_read != self._chunks_seen
            self._chunks_seen = self._chunks_read
        return spoke

    def lines(self) -> list[str]:
        """The whole lines of standard output since the last call; an unfinished one comes when the pipe closes."""
        with self._changed:
            unfinished = [] if self.closed or not self._lines else [self._lines.pop()]
            lines = [line.decode("utf-8", "replace").rstrip("\r\n") for line in self._lines if line]
            self._lines = deque(unfinished)
        return lines

    def abandon(self) -> None:
        """Stop keeping what is said. A reader ends, and closes its pipe, when its program speaks or ends."""
        with self._changed:
            self._abandoned = True

    def _read(self, pipe: IO[bytes], keep: Callable[[bytes], None]) -> None:
        with pipe:
            while chunk := os.read(pipe.fileno(), _READ_SIZE):
                with self._changed:
                    if self._abandoned:
                        break
                    keep(chunk)
                    self._chunks_read += 1
                    self._changed.notify()
        with self._changed:
            self._open -= 1
            self._changed.notify()

    def _keep_lines(self, chunk: bytes) -> None:
        """The last element of `_lines` is the line that is still being written, perhaps empty."""
        started = self._lines.pop() if self._lines else b""
        self._lines.extend((started + chunk).split(b"\n"))

    def _keep_tail(self, chunk: bytes) -> None:
        self._stderr += chunk
        if len(self._stderr) > 2 * STDERR_KEPT:
            del self._stderr[:-STDERR_KEPT]
