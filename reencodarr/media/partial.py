"""A film of which only some bytes were copied, each at its own place; the rest of the file is holes.

Whoever reads that film again the same way finds all it needs, and nothing tells it that the rest is missing.
"""

import errno
import io
from pathlib import Path

from reencodarr.errors import ExcerptUnusable, FileUnreadable, NoSpace
from reencodarr.media import demuxer
from reencodarr.tools import sparse
from reencodarr.units import KIB, Bytes

BLOCK = Bytes(64 * KIB)
"""What is copied at once, at the least."""

Range = tuple[int, int]
"""Bytes of a file: the first, and the first after them."""


class PartialCopy(io.RawIOBase):
    """A file object that reads `source` through a local copy: what was read once is kept there."""

    def __init__(self, source: demuxer.File, path: Path, *, label: str) -> None:
        """Make the copy at `path`, which is new."""
        super().__init__()
        self.label = label
        self.size = Bytes(source.seek(0, io.SEEK_END))
        self.allowance: int | None = None
        """How many bytes may still be copied; None for any number."""
        self._source = source
        self._kept = sparse.create(path, self.size)
        self._present = bytearray(-(-self.size // BLOCK))
        self._position = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; reads nothing."""
        self._position = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence] + offset
        return self._position

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Exactly `size` bytes, fewer at the film's end only.

        Raises ExcerptUnusable when that exceeds the allowance, FileUnreadable, and what the source raises.
        """
        end = self.size if size < 0 else min(self._position + size, self.size)
        if end <= self._position:
            return b""
        self._copy(self._position // BLOCK, -(-end // BLOCK))
        self._kept.seek(self._position)
        data = self._kept.read(end - self._position)
        self._position += len(data)
        return data

    def ranges(self) -> tuple[Range, ...]:
        """What was copied, in order."""
        found: list[Range] = []
        start = 0
        while (start := self._present.find(1, start)) >= 0:
            end = self._present.find(0, start)
            end = len(self._present) if end < 0 else end
            found.append((start * BLOCK, min(end * BLOCK, self.size)))
            start = end
        return tuple(found)

    def close(self) -> None:
        """Close the copy; the source stays open."""
        self._kept.close()
        super().close()

    def _copy(self, block: int, end: int) -> None:
        """Copy the blocks that are not there yet, as few reads as possible."""
        while block < end:
            start = self._present.find(0, block, end)
            if start < 0:
                return
            block = self._present.find(1, start, end)
            block = end if block < 0 else block
            self._fetch(start * BLOCK, min(block * BLOCK, self.size))
            self._present[start:block] = b"\1" * (block - start)

    def _fetch(self, start: int, end: int) -> None:
        if self.allowance is not None:
            self.allowance -= end - start
            if self.allowance < 0:
                raise ExcerptUnusable(
                    f"{self.label} would have to be read far beyond what is wanted of it.",
                    path=Path(self.label),
                    advice="Fetch it whole.",
                )
        self._source.seek(start)
        self._kept.seek(start)
        while start < end:
            data = self._source.read(min(end - start, 16 * BLOCK))
            if not data:
                raise FileUnreadable(f"{self.label} ends {end - start} bytes early.", path=Path(self.label))
            self._write(data)
            start += len(data)

    def _write(self, data: bytes) -> None:
        try:
            self._kept.write(data)
            self._kept.flush()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise NoSpace(f"The disk of {self._kept.name} is full.", advice="Make room there.") from error
            raise
