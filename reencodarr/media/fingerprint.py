"""Identity of a file: has it been replaced since it was looked at?

The sparse hash reads 64 KiB at the start, the middle and the end; together with device, inode, size and mtime it
tells a replaced film from the same one without reading it whole.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from reencodarr.errors import FileUnreadable
from reencodarr.units import KIB, Bytes

SAMPLE = 64 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What must still hold of an original when its result is swapped in."""

    device: int
    inode: int
    size: Bytes
    mtime_ns: int
    sparse_hash: str
    """BLAKE2b-128 in hex over size and three samples."""
    links: int = 1
    """Hard links at that moment; not part of the identity."""

    def same_file(self, other: "Fingerprint") -> bool:
        """True when both describe the same bytes under the same inode."""
        return self.same_stat(other) and self.sparse_hash == other.sparse_hash

    def same_stat(self, other: "Fingerprint") -> bool:
        """True when device, inode, size and mtime agree; cheap, reads nothing."""
        return (self.device, self.inode, self.size, self.mtime_ns) == (
            other.device,
            other.inode,
            other.size,
            other.mtime_ns,
        )


def fingerprint(path: Path) -> Fingerprint:
    """The identity of `path` now. Reads only.

    Raises FileUnreadable.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            digest = hashlib.blake2b(str(status.st_size).encode(), digest_size=16)
            for offset in sample_offsets(Bytes(status.st_size)):
                file.seek(offset)
                digest.update(file.read(SAMPLE))
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.", path=path) from error
    return Fingerprint(
        device=status.st_dev,
        inode=status.st_ino,
        size=Bytes(status.st_size),
        mtime_ns=status.st_mtime_ns,
        sparse_hash=digest.hexdigest(),
        links=status.st_nlink,
    )


def sample_offsets(size: Bytes) -> tuple[int, ...]:
    """Where the three samples start; fewer for small files."""
    return tuple(sorted({0, max(0, size // 2 - SAMPLE // 2), max(0, size - SAMPLE)}))


def sha256(path: Path) -> str:
    """SHA-256 of the whole file in hex.

    Raises FileUnreadable.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.", path=path) from error
