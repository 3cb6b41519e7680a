"""How a file is divided into the parts of a multipart upload; how large they are the server says. Pure.

Every S3 server we know takes parts of one size, numbered from 1 without a gap, of at least 5 MiB and at most 10,000.
"""

from dataclasses import dataclass

from reencodarr.units import Bytes

MOST = 10_000
"""What S3 takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart upload that the bucket has."""

    number: int
    etag: str
    size: Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The bytes of a file that make one part."""

    number: int
    start: int
    size: Bytes


def pieces(size: Bytes, part_size: Bytes) -> tuple[Piece, ...]:
    """All of a file's parts; an empty file has one empty part. Raises ValueError when there would be too many."""
    count = max(1, _ceiling(size, part_size))
    if count > MOST:
        raise ValueError(f"{count} parts of {part_size} bytes are more than {MOST}")
    return tuple(
        Piece(number=number, start=start, size=Bytes(min(part_size, size - start)))
        for number in range(1, count + 1)
        for start in [(number - 1) * part_size]
    )


def _ceiling(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
