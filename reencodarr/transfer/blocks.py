"""A film as blocks of 1 MiB, each with a digest of its own, so that whatever is read by range is verified.

The digests are made in one pass wherever the film passes through whole; who needs them later holds 16 bytes a block.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from reencodarr.errors import ObjectDamaged
from reencodarr.units import MIB, Bytes

BLOCK = Bytes(1 * MIB)
DIGEST = 16
"""Bytes of a block's BLAKE2b digest: no two blocks of one film meet by chance, and 50 GiB need 800 KiB."""

OnBytes = Callable[[int], None]
"""Told how many bytes went through since it was told last; negative where some have to be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """What an object must be: its size, its SHA-256 and the digest of each block."""

    size: Bytes
    sha256: str
    """Of the whole, in hex."""
    packed: bytes
    """16 bytes a block, in order."""

    def __post_init__(self) -> None:
        """Raises ObjectDamaged when there are more or fewer digests than blocks."""
        if len(self.packed) != DIGEST * self.count:
            raise ObjectDamaged(f"{len(self.packed)} bytes of digests do not fit an object of {self.size} bytes.")

    @property
    def count(self) -> int:
        """The number of blocks; the last one may be short."""
        return -(-self.size // BLOCK)

    def length(self, number: int) -> int:
        """The bytes of one block."""
        return min(BLOCK, self.size - number * BLOCK)

    def check(self, number: int, data: bytes | bytearray) -> bool:
        """Whether `data` is block `number`."""
        expected = self.packed[number * DIGEST : (number + 1) * DIGEST]
        return len(data) == self.length(number) and _digest(data) == expected


class Tally:
    """Digests of an object that passes by piece by piece, whatever the size of the pieces."""

    def __init__(self) -> None:
        self._whole = hashlib.sha256()
        self._block = hashlib.blake2b(digest_size=DIGEST)
        self._packed = bytearray()
        self._size = 0

    def update(self, data: bytes) -> None:
        """Count the next bytes in."""
        self._whole.update(data)
        rest = memoryview(data)
        while rest:
            room = BLOCK - self._size % BLOCK
            piece, rest = rest[:room], rest[room:]
            self._block.update(piece)
            self._size += len(piece)
            if len(piece) == room:
                self._close_block()

    def digests(self) -> Digests:
        """The digests of all that passed; the object has come to its end."""
        if self._size % BLOCK and len(self._packed) < DIGEST * -(-self._size // BLOCK):
            self._close_block()
        return Digests(size=Bytes(self._size), sha256=self._whole.hexdigest(), packed=bytes(self._packed))

    def _close_block(self) -> None:
        self._packed += self._block.digest()
        self._block = hashlib.blake2b(digest_size=DIGEST)


def digests(stream: BinaryIO) -> Digests:
    """The digests of everything that `stream` still holds, in one pass."""
    tally = Tally()
    while data := stream.read(BLOCK):
        tally.update(data)
    return tally.digests()


def touched(start: int, end: int) -> range:
    """The blocks in which the bytes from `start` to before `end` lie."""
    return range(start // BLOCK, -(-end // BLOCK)) if start < end else range(0)


def _digest(data: bytes | bytearray) -> bytes:
    return hashlib.blake2b(data, digest_size=DIGEST).digest()
