"""How large parts are, and whether something still fits into the bucket. Pure."""

from enum import StrEnum

from reencodarr.units import MIB, Bytes

SMALLEST_PART = 64 * MIB
MOST_PARTS = 9000
"""S3 takes 10,000; the rest is kept for a size that was guessed."""
MOST_PARTS_OF_S3 = 10_000


class Fit(StrEnum):
    """Whether something may be put into the bucket."""

    NOW = "now"
    LATER = "later"
    """Not before other things have left the bucket."""
    NEVER = "never"
    """It alone is larger than the quota."""


def part_size(size: Bytes) -> Bytes:
    """How large each part of an object is, but for its last: whole MiB, at least 64."""
    return Bytes(max(SMALLEST_PART, _ceiling(_ceiling(size, MOST_PARTS), MIB) * MIB))


def part_count(size: Bytes) -> int:
    """How many parts an object has; an empty one has one, which is empty."""
    return max(1, _ceiling(size, part_size(size)))


def part_range(size: Bytes, number: int) -> tuple[int, int]:
    """Where the part of this number, counted from 1, starts in the object and where it ends (exclusive)."""
    if not 1 <= number <= part_count(size):
        raise ValueError(f"an object of {size} bytes has no part {number}")
    start = (number - 1) * part_size(size)
    return start, min(start + part_size(size), size)


def room(quota: Bytes | None, *, used: Bytes, promised: Bytes = Bytes(0), free: Bytes | None = None) -> Bytes | None:
    """How many more bytes the bucket may be given; None where nothing limits it.

    `promised` is what was allowed before but is not in the bucket yet: uploads under way, results of running jobs.
    `free` is what the disk below the bucket still takes, where that is known.
    """
    limits = [] if quota is None else [quota - used]
    if free is not None:
        limits.append(free)
    return Bytes(max(0, min(limits) - promised)) if limits else None


def fit(
    needed: Bytes, *, quota: Bytes | None, used: Bytes, promised: Bytes = Bytes(0), free: Bytes | None = None
) -> Fit:
    """Whether `needed` more bytes may be put into the bucket."""
    if quota is not None and needed > quota:
        return Fit.NEVER
    left = room(quota, used=used, promised=promised, free=free)
    return Fit.NOW if left is None or needed <= left else Fit.LATER


def _ceiling(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
