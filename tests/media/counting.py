"""A file that counts what is read of it, and gives it piecemeal as a reader of something far away does."""

from pathlib import Path

from reencodarr.units import MIB


class Counting:
    """Reads a local file; at most `most` bytes at once."""

    def __init__(self, path: Path, *, most: int = MIB) -> None:
        self._file = path.open("rb")
        self._most = most
        self.moved = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(self._most if size < 0 else min(size, self._most))
        self.moved += len(data)
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
