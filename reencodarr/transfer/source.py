"""An object that is read by ranges from a presigned URL, as verified blocks. Knows nothing of files."""

import logging
import threading
from collections.abc import Iterator

from reencodarr.errors import ObjectDamaged
from reencodarr.transfer import answers
from reencodarr.transfer.answers import Faltered, Refused
from reencodarr.transfer.blocks import BLOCK, Digests
from reencodarr.transfer.line import Peer
from reencodarr.transfer.tries import Tries
from reencodarr.transfer.urls import Renewing
from reencodarr.units import Bytes

log = logging.getLogger(__name__)


class Source:
    """One object. Threads share it."""

    def __init__(self, url: Renewing, digests: Digests, peer: Peer) -> None:
        self._url = url
        self._digests = digests
        self._peer = peer
        self._moved = 0
        self._lock = threading.Lock()

    @property
    def moved(self) -> Bytes:
        """The bytes that came over the network so far, wanted or not."""
        return Bytes(self._moved)

    def blocks(self, numbers: range) -> Iterator[tuple[int, bytearray]]:
        """These blocks in order, each as soon as it is whole and verified.

        Raises ObjectDamaged when a block is wrong twice, ObjectMissing, UrlExpired, TransferBroken, WorkStopped.
        """
        tries = Tries(self._url, self._peer.line)
        wrong: set[int] = set()
        wanted = numbers
        while wanted:
            address = self._url.current()
            try:
                for number, data in self._answer(address, wanted):
                    if not self._digests.check(number, data):
                        self._note_wrong(number, wrong)
                        break
                    wanted = range(number + 1, numbers.stop)
                    tries.gained()
                    yield number, data
            except (Faltered, Refused) as error:
                tries.failed(error, address)

    def _note_wrong(self, number: int, wrong: set[int]) -> None:
        if number in wrong:
            raise ObjectDamaged(
                f"Block {number} of {self._url.name} is not what was announced, also when it is fetched again.",
                advice="The object is staged anew.",
            )
        wrong.add(number)
        log.warning("block %d of %s came damaged; fetching it again", number, self._url.name)

    def _answer(self, address: str, numbers: range) -> Iterator[tuple[int, bytearray]]:
        """Blocks of one request, unverified; fewer when the answer ends too early."""
        start = numbers.start * BLOCK
        end = min(numbers.stop * BLOCK, self._digests.size)
        asked = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
        with self._peer.ask("GET", address, name=self._url.name, headers=asked) as answer:
            answers.check_range(
                answer.status, answer.headers, start=start, end=end, size=self._digests.size, name=self._url.name
            )
            assembly = _Assembly(numbers, self._digests)
            for piece in self._peer.chunks(answer):
                self._count(len(piece))
                yield from assembly.add(piece)
        if assembly.missing:
            raise Faltered(f"the answer ended {assembly.missing} bytes early")

    def _count(self, amount: int) -> None:
        with self._lock:
            self._moved += amount


class _Assembly:
    """Blocks put together from the pieces of one answer."""

    def __init__(self, numbers: range, digests: Digests) -> None:
        self._numbers = iter(numbers)
        self._digests = digests
        self._block = bytearray()
        self._number: int | None = next(self._numbers)
        self.missing = sum(digests.length(number) for number in numbers)

    def add(self, piece: bytes) -> Iterator[tuple[int, bytearray]]:
        """The blocks that `piece` completes. Bytes after the last one are ignored."""
        rest = memoryview(piece)
        while rest and self._number is not None:
            taken = rest[: self._digests.length(self._number) - len(self._block)]
            self._block += taken
            self.missing -= len(taken)
            rest = rest[len(taken) :]
            if len(self._block) == self._digests.length(self._number):
                done = self._number, self._block
                self._number, self._block = next(self._numbers, None), bytearray()
                yield done
