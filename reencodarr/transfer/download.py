"""A whole object into a file: parallel ranges, each block verified as it comes, resumed where a killed process was.

Until all is there the bytes lie in `<name>.part`, beside them a journal of the blocks that came. The file gets its name
when the SHA-256 of the whole is the announced one.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from reencodarr.errors import ObjectDamaged
from reencodarr.tools import scratch
from reencodarr.transfer import crew
from reencodarr.transfer.blocks import BLOCK, Digests, OnBytes
from reencodarr.transfer.journals import Journal
from reencodarr.transfer.line import Line, Peer
from reencodarr.transfer.patience import Stop, heed
from reencodarr.transfer.source import Source
from reencodarr.transfer.urls import Renewing
from reencodarr.units import MIB, Bytes

log = logging.getLogger(__name__)

SPAN = 16
"""Blocks of one request."""

_SUMMED_AT_ONCE = 64
"""Blocks; a fraction of a second."""


def download(
    url: Renewing,
    path: Path,
    digests: Digests,
    *,
    line: Line | None = None,
    workers: int = 4,
    on_bytes: OnBytes = lambda _: None,
) -> Bytes:
    """Make `path` the object that `digests` describe; the bytes that were moved for it over the network.

    Goes on where an earlier call, or process, broke off: blocks that lie there are read and verified, not fetched.
    `on_bytes` is first told what lies there, and is called by one thread at a time. Memory: a few MiB for any size.
    Raises ObjectDamaged, ObjectMissing, UrlExpired, TransferBroken, WorkStopped, NoSpace (of a disk that gets full on
    the way: OSError, which `scratch.folder` names). What came is kept, unless all came and is not what was announced.
    """
    halted = threading.Event()
    line = (line or Line()).until(halted)
    tell = crew.in_turn(on_bytes)
    if _is_there(path, digests, line.stop):
        tell(digests.size)
        return Bytes(0)
    began = time.monotonic()
    with _Partial(path, digests, line.stop) as partial, Peer(line, connections=workers) as peer:
        source = Source(url, digests, peer)
        there = sum(digests.length(number) for number in partial.verified)
        scratch.require_space(path.parent, Bytes(digests.size - there))
        tell(there)

        def fetch(span: range) -> None:
            for number, data in source.blocks(span):
                partial.keep(number, data)
                tell(len(data))

        crew.share(spans(partial.missing()), fetch, workers=workers, halted=halted, meanwhile=partial.sum_up)
        sha256 = partial.sha256()
    partial.finish(sha256, url.name)
    seconds, moved = time.monotonic() - began, source.moved
    log.info("downloaded %s: %d of %d MiB in %.1f s", url.name, moved // MIB, digests.size // MIB, seconds)
    return moved


def spans(numbers: Iterable[int], longest: int = SPAN) -> Iterator[range]:
    """Ascending numbers as runs without a gap, none longer than `longest`."""
    run = range(0)
    for number in numbers:
        if run and number == run.stop and len(run) < longest:
            run = range(run.start, number + 1)
        else:
            if run:
                yield run
            run = range(number, number + 1)
    if run:
        yield run


def _is_there(path: Path, digests: Digests, stop: Stop) -> bool:
    if not path.is_file() or path.stat().st_size != digests.size:
        return False
    whole = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(BLOCK):
            heed(stop)
            whole.update(data)
    return whole.hexdigest() == digests.sha256


class _Partial:
    """The file while it is not whole. Threads share it; the sum is made by one of them, behind the others."""

    def __init__(self, path: Path, digests: Digests, stop: Stop) -> None:
        self._path = path
        self._stop = stop
        self._digests = digests
        self._part = path.with_name(f"{path.name}.part")
        self._journal = Journal(path.with_name(f"{path.name}.blocks"), f"{digests.sha256} {digests.size} {BLOCK}")
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._sum = hashlib.sha256()
        self._summed = 0
        self.verified: set[int] = set()

    def __enter__(self) -> "_Partial":
        claimed = {number for number in self._journal.lines() if isinstance(number, int)}
        self._part.touch()
        self._file = self._part.open("r+b")
        self._file.truncate(self._digests.size)
        for number in sorted(claimed & set(range(self._digests.count))):
            heed(self._stop)
            if self._digests.check(number, self._read(number)):
                self.verified.add(number)
        self._journal.rewrite(sorted(self.verified))
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def missing(self) -> list[int]:
        """The blocks that are still to come."""
        return [number for number in range(self._digests.count) if number not in self.verified]

    def keep(self, number: int, data: bytearray) -> None:
        """Write a verified block, then note it."""
        assert self._file
        with self._lock:
            self._file.seek(number * BLOCK)
            self._file.write(data)
            self._file.flush()
        self._journal.note(number)
        self.verified.add(number)

    def sum_up(self) -> None:
        """Take some of the blocks that lie there without a gap into the sum."""
        for _ in range(_SUMMED_AT_ONCE):
            if self._summed not in self.verified:
                return
            self._sum.update(self._read(self._summed))
            self._summed += 1

    def sha256(self) -> str:
        """Of the whole file, as it lies there."""
        while self._summed < self._digests.count:
            heed(self._stop)
            self.sum_up()
        return self._sum.hexdigest()

    def finish(self, sha256: str, name: str) -> None:
        """Give the file its name; forget everything and raise ObjectDamaged if it is not what was announced."""
        if sha256 != self._digests.sha256:
            scratch.discard([self._part])
            self._journal.discard()
            raise ObjectDamaged(f"{name} is not what was announced: its SHA-256 is {sha256}.", path=self._path)
        scratch.keep(self._part, self._path)
        self._journal.discard()

    def _read(self, number: int) -> bytes:
        assert self._file
        with self._lock:
            self._file.seek(number * BLOCK)
            return self._file.read(self._digests.length(number))
