"""A film in the bucket as a file that can be read and sought: blocks are fetched as they are touched, and kept.

PyAV opens it like any file object. Every block is verified; none is fetched twice, however often it is read, because
those that came lie in a local file, one behind the other in the order of their coming.
"""

import io
import logging
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from reencodarr.errors import ReencodarrError
from reencodarr.tools import scratch
from reencodarr.transfer.blocks import BLOCK, Digests, touched
from reencodarr.transfer.download import spans
from reencodarr.transfer.line import Line, Peer
from reencodarr.transfer.patience import SLICE, heed
from reencodarr.transfer.source import Source
from reencodarr.transfer.urls import Renewing
from reencodarr.units import Bytes

log = logging.getLogger(__name__)

AHEAD = 4
"""Blocks that are fetched before they are asked for, once reading goes straight on."""
_RUN = 8
"""Blocks of one request, where it is known that they are wanted."""


class RangedFile(io.RawIOBase):
    """A read-only binary file over a presigned URL. One thread reads; others fetch ahead of it until it is closed.

    Reading raises ObjectDamaged, ObjectMissing, UrlExpired, TransferBroken, NoSpace, WorkStopped.
    """

    def __init__(
        self,
        url: Renewing,
        digests: Digests,
        kept: Path,
        *,
        line: Line | None = None,
        workers: int = 2,
        ahead: int = AHEAD,
    ) -> None:
        """`kept` is a scratch file for the blocks that came; it is deleted when this is closed."""
        super().__init__()
        self.name = url.name
        self._digests = digests
        self._position = 0
        self._last: int | None = None
        self._ahead = ahead
        self._halted = threading.Event()
        self._line = (line or Line()).until(self._halted)
        self._peer = Peer(self._line, connections=workers + 1)
        self._source = Source(url, digests, self._peer)
        self._changed = threading.Condition()
        self._slots: dict[int, int] = {}
        self._coming: dict[int, Future[None]] = {}
        self._kept = kept
        self._file = kept.open("w+b")
        self._fetchers = ThreadPoolExecutor(workers, thread_name_prefix="ranged")

    @property
    def moved(self) -> Bytes:
        """The bytes that came over the network so far."""
        return self._source.moved

    def expect(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Begin to fetch these bytes (first, end), which will be read, in that order. Waits for nothing."""
        numbers = [number for start, end in ranges for number in touched(start, min(end, self._digests.size))]
        self._fetch(list(dict.fromkeys(numbers)), _RUN)

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves nothing but the position. Raises ValueError before the beginning."""
        self._check_open()
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._digests.size}[whence]
        if base + offset < 0:
            raise ValueError(f"position {base + offset} lies before the beginning of {self.name}")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        """Bytes of one block, which is fetched if it is not there; 0 at the end."""
        self._check_open()
        wanted = min(len(buffer), self._digests.size - self._position)
        if wanted <= 0:
            return 0
        number, offset = divmod(self._position, BLOCK)
        if number != self._last:
            straight_on = self._last is not None and number == self._last + 1
            self._last = number
            if straight_on:
                self._read_ahead(number)
        self._require(number)
        wanted = min(wanted, BLOCK - offset)
        with self._changed:
            self._file.seek(self._slots[number] * BLOCK + offset)
            read = self._file.readinto(memoryview(buffer)[:wanted])
        self._position += read
        return read

    def close(self) -> None:
        """End the threads and delete what was kept. May be repeated safely."""
        if self.closed:
            return
        super().close()
        self._halted.set()
        self._fetchers.shutdown(wait=True, cancel_futures=True)
        self._peer.close()
        self._file.close()
        scratch.discard([self._kept])

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError(f"{self.name} is closed")

    def _read_ahead(self, number: int) -> None:
        """Keep between half of `ahead` and all of it under way: so requests carry more than one block."""
        following = range(number, min(number + 1 + self._ahead, self._digests.count))
        with self._changed:
            known = sum(1 for block in following if block in self._slots or block in self._coming)
        if known <= self._ahead // 2:
            self._fetch(list(following), _RUN)

    def _fetch(self, numbers: list[int], longest: int) -> None:
        with self._changed:
            absent = [number for number in numbers if number not in self._slots and number not in self._coming]
            for run in spans(absent, longest):
                future = self._fetchers.submit(self._bring, run)
                self._coming |= dict.fromkeys(run, future)

    def _bring(self, run: range) -> None:
        """In another thread: what fails here fails again, and is then named, for whoever reads the block."""
        try:
            for number, data in self._source.blocks(run):
                self._keep(number, data)
        except (ReencodarrError, OSError) as error:
            log.debug("reading ahead in %s failed: %s", self.name, error)
        finally:
            with self._changed:
                for number in run:
                    self._coming.pop(number, None)
                self._changed.notify_all()

    def _require(self, number: int) -> None:
        """Have one block: wait for it if it is under way, else fetch it here and now."""
        with self._changed:
            while number not in self._slots and (future := self._coming.get(number)):
                if future.cancel():
                    self._forget(future)
                else:
                    heed(self._line.stop)
                    self._changed.wait(SLICE)
            if number in self._slots:
                return
        for fetched, data in self._source.blocks(range(number, number + 1)):
            self._keep(fetched, data)

    def _forget(self, future: Future[None]) -> None:
        for number in [number for number, other in self._coming.items() if other is future]:
            del self._coming[number]

    def _keep(self, number: int, data: bytearray) -> None:
        with self._changed:
            if number not in self._slots:
                slot = len(self._slots)
                self._file.seek(slot * BLOCK)
                self._file.write(data)
                self._slots[number] = slot
            self._changed.notify_all()
