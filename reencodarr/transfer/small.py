"""Objects that fit into memory: a sheet, a result."""

import base64
import hashlib
from collections.abc import Iterator

from reencodarr.errors import ObjectDamaged
from reencodarr.transfer.line import Line, Peer
from reencodarr.transfer.tries import until_done
from reencodarr.transfer.urls import Renewing
from reencodarr.units import KIB, MIB, Bytes

LARGEST = Bytes(256 * MIB)

_CHUNK = 256 * KIB


def get(url: Renewing, *, sha256: str, largest: Bytes = LARGEST, line: Line | None = None) -> bytes:
    """The object, if it is the announced one.

    Raises ObjectDamaged when it is another, also when it is fetched again, or is larger than `largest`;
    ObjectMissing, UrlExpired, TransferBroken, WorkStopped.
    """
    with Peer(line or Line()) as peer:

        def attempt(address: str) -> bytes:
            with peer.ask("GET", address, name=url.name, headers={"Accept-Encoding": "identity"}) as answer:
                return _gathered(peer.chunks(answer), largest, url.name)

        for _ in range(2):
            data = until_done(url, peer.line, attempt)
            if hashlib.sha256(data).hexdigest() == sha256:
                return data
    raise ObjectDamaged(f"{url.name} is not what was announced.", advice="It is staged anew.")


def put(url: Renewing, data: bytes, *, content_type: str = "", line: Line | None = None) -> None:
    """Write an object in one piece; again and again the same is harmless.

    `content_type` must be the one that was signed, if one was.
    Raises BucketFull, UrlExpired, TransferBroken, WorkStopped.
    """
    digest = hashlib.md5(data, usedforsecurity=False).digest()
    headers = {"Content-Length": str(len(data)), "Content-MD5": base64.b64encode(digest).decode("ascii")}
    if content_type:
        headers["Content-Type"] = content_type
    with Peer(line or Line()) as peer:

        def attempt(address: str) -> None:
            with peer.ask("PUT", address, name=url.name, headers=headers, body=_paced(data, peer)):
                pass

        until_done(url, peer.line, attempt)


def _gathered(chunks: Iterator[bytes], largest: Bytes, name: str) -> bytes:
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > largest:
            raise ObjectDamaged(f"{name} is larger than {largest // MIB} MiB, which it never should be.")
    return bytes(data)


def _paced(data: bytes, peer: Peer) -> Iterator[bytes]:
    for start in range(0, len(data), _CHUNK):
        chunk = data[start : start + _CHUNK]
        peer.line.pace.take(len(chunk), peer.line.stop)
        yield chunk
