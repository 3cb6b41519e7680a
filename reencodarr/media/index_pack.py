"""A packet index as compact bytes, for the way to another machine: about 2.5 bytes a frame, and exactly the same back.

Layout: magic, version, CRC-32 of what follows; then a zlib stream of variable-length integers: the scalars, the
second differences of the presentation times, the sizes, the differences of the keyframes' times. Signed numbers are
folded (0, -1, 1, -2, ...) so that small ones take one byte whatever their sign.
"""

import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, chain, islice, pairwise

from reencodarr.errors import IndexUnreadable
from reencodarr.media.packets import PacketIndex
from reencodarr.units import MIB

VERSION = 1

_MAGIC = b"RDPI"
_HEADER = struct.Struct("<4sBI")
_LARGEST = 512 * MIB
"""Unpacked; a film of 24 hours at 60 fps takes 40 MiB."""
_SCALARS = 8


def pack(index: PacketIndex) -> bytes:
    """The index as bytes; the same index gives the same bytes."""
    base = index.time_base
    scalars = (
        index.stream, base.numerator, base.denominator, index.start_time, index.end_time, index.corrupt,
        len(index.pts), len(index.keyframes),
    )  # fmt: skip
    numbers = chain(scalars, _differences(list(_differences(index.pts))), index.sizes, _differences(index.keyframes))
    body = zlib.compress(_written(numbers), level=9)
    return _HEADER.pack(_MAGIC, VERSION, zlib.crc32(body)) + body


def unpack(data: bytes) -> PacketIndex:
    """The index out of its bytes.

    Raises IndexUnreadable when they are damaged, or were packed by another version.
    """
    try:
        magic, version, check = _HEADER.unpack_from(data)
    except struct.error:
        raise _unreadable("they are too few") from None
    if magic != _MAGIC or version != VERSION:
        raise _unreadable(f"they are no packet index of version {VERSION}")
    body = data[_HEADER.size :]
    if zlib.crc32(body) != check:
        raise _unreadable("they are damaged")
    try:
        return _index(_read(_inflated(body)))
    except (zlib.error, ValueError, OverflowError, ZeroDivisionError) as error:
        raise _unreadable(str(error)) from error


def _index(numbers: Iterator[int]) -> PacketIndex:
    scalars = list(islice(numbers, _SCALARS))
    if len(scalars) < _SCALARS:
        raise ValueError("they end early")
    stream, numerator, denominator, start_time, end_time, corrupt, frames, keyframes = scalars
    found = PacketIndex(
        stream=stream,
        time_base=Fraction(numerator, denominator),
        start_time=start_time,
        end_time=end_time,
        pts=array("q", accumulate(accumulate(islice(numbers, frames)))),
        sizes=array("q", islice(numbers, frames)),
        keyframes=array("q", accumulate(islice(numbers, keyframes))),
        corrupt=corrupt,
    )
    complete = (len(found.pts), len(found.sizes), len(found.keyframes)) == (frames, frames, keyframes)
    if not complete or next(numbers, None) is not None:
        raise ValueError("they hold another number of packets than they say")
    return found


def _differences(values: Sequence[int]) -> Iterator[int]:
    """The first value, then each one's distance from the one before; `accumulate` is the way back."""
    return chain(values[:1], (after - before for before, after in pairwise(values)))


def _written(numbers: Iterable[int]) -> bytes:
    out = bytearray()
    for number in numbers:
        rest = number << 1 if number >= 0 else (-number << 1) - 1
        while rest > 0x7F:
            out.append(rest & 0x7F | 0x80)
            rest >>= 7
        out.append(rest)
    return bytes(out)


def _read(data: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value >> 1 if value & 1 == 0 else -(value + 1 >> 1)
            value = shift = 0
    if shift:
        raise ValueError("they end in the middle of a number")


def _inflated(body: bytes) -> bytes:
    stream = zlib.decompressobj()
    data = stream.decompress(body, _LARGEST)
    if not stream.eof:
        raise ValueError("they end early, or are no index of a film")
    return data


def _unreadable(why: str) -> IndexUnreadable:
    return IndexUnreadable(
        f"These bytes cannot be read as a packet index: {why}.",
        advice="Pack the film's index again, with the same version of Reencodarr on both sides.",
    )
