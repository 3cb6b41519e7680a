"""What lies beside a staged film: its packet index and the digest of each of its blocks, as one object.

With it a machine that holds nothing of the film plans the same windows as the one that has it, and verifies whatever
it reads of it.
"""

import struct
from dataclasses import dataclass

from reencodarr.errors import ObjectDamaged
from reencodarr.media import index_pack
from reencodarr.media.packets import PacketIndex
from reencodarr.transfer.blocks import Digests
from reencodarr.units import Bytes

_HEADER = struct.Struct("<4sBQ32sQ")
"""Magic, version, the film's size and SHA-256, the length of the packed index; the digests follow it."""
_MAGIC = b"RSHT"
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One film's sheet."""

    index: PacketIndex
    digests: Digests


def pack(sheet: Sheet) -> bytes:
    """The sheet as bytes; the same sheet gives the same bytes."""
    index, digests = index_pack.pack(sheet.index), sheet.digests
    header = _HEADER.pack(_MAGIC, VERSION, digests.size, bytes.fromhex(digests.sha256), len(index))
    return header + index + digests.packed


def unpack(data: bytes) -> Sheet:
    """The sheet that `pack` wrote.

    Raises ObjectDamaged, IndexUnreadable.
    """
    try:
        magic, version, size, sha256, length = _HEADER.unpack_from(data)
    except struct.error as error:
        raise _damaged("it ends too early") from error
    if magic != _MAGIC or version != VERSION:
        raise _damaged(f"it is no sheet of version {VERSION}")
    body = data[_HEADER.size :]
    return Sheet(
        index=index_pack.unpack(body[:length]),
        digests=Digests(size=Bytes(size), sha256=sha256.hex(), packed=body[length:]),
    )


def _damaged(why: str) -> ObjectDamaged:
    return ObjectDamaged(
        f"A film's sheet cannot be read: {why}.",
        advice="Server and worker must have the same version of Reencodarr.",
    )
