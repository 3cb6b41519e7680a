"""A file into the bucket as the parts of a multipart upload, in parallel, each tried until the bucket has it.

Every part is sent with its MD5, so that a server refuses one that was damaged on its way; most take it again, rclone
gives the whole upload up (UploadLost). Completing the upload is the server's business; so is proving, by the SHA-256,
that the object is the file.
"""

import base64
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from reencodarr.errors import FileUnreadable
from reencodarr.transfer import crew, parts
from reencodarr.transfer.answers import Faltered, header
from reencodarr.transfer.blocks import OnBytes
from reencodarr.transfer.line import Line, Peer
from reencodarr.transfer.parts import Part, Piece
from reencodarr.transfer.tries import until_done
from reencodarr.transfer.urls import Parts, PartUrls, Renewing
from reencodarr.units import KIB, MIB, Bytes

log = logging.getLogger(__name__)

_CHUNK = 256 * KIB

OnPart = Callable[[Part], None]


def upload(
    path: Path,
    part_urls: PartUrls,
    *,
    part_size: Bytes,
    done: Mapping[int, str] | None = None,
    line: Line | None = None,
    workers: int = 2,
    on_part: OnPart = lambda _: None,
    on_bytes: OnBytes = lambda _: None,
) -> tuple[Part, ...]:
    """Send all of a file's parts; what completes the upload, in order.

    Parts in `done` (their ETags by number) are not sent again. `on_part` is told of each part that arrived
    (`UploadJournal.note` keeps it), `on_bytes` first of what is there; each by one thread at a time. Two
    workers, because rclone keeps parts that come before their turn in memory. Memory: a few MiB for any size.
    Raises FileUnreadable, UploadLost, BucketFull, UrlExpired, TransferBroken, WorkStopped; parts that arrived stay.
    """
    began = time.monotonic()
    pieces = parts.pieces(_size(path), part_size)
    arrived = _there(pieces, done or {})
    missing = [piece for piece in pieces if piece.number not in arrived]
    tell, keep = crew.in_turn(on_bytes), crew.in_turn(on_part)
    tell(sum(part.size for part in arrived.values()))
    urls = Parts(part_urls, [piece.number for piece in missing], name=path.name)
    halted = threading.Event()
    with Peer((line or Line()).until(halted), connections=workers) as peer:

        def send(piece: Piece) -> None:
            part = _sent(path, piece, urls.of(piece.number), peer, tell)
            arrived[part.number] = part
            keep(part)

        crew.share(missing, send, workers=workers, halted=halted)
    seconds, there = time.monotonic() - began, len(pieces) - len(missing)
    size = sum(piece.size for piece in missing)
    log.info("uploaded %s: %d MiB in %.1f s; %d parts were there", path.name, size // MIB, seconds, there)
    return tuple(arrived[piece.number] for piece in pieces)


def _there(pieces: tuple[Piece, ...], done: Mapping[int, str]) -> dict[int, Part]:
    known = ((piece, done.get(piece.number)) for piece in pieces)
    return {piece.number: Part(number=piece.number, etag=etag, size=piece.size) for piece, etag in known if etag}


def _sent(path: Path, piece: Piece, url: Renewing, peer: Peer, on_bytes: OnBytes) -> Part:
    """One part, when the bucket has it."""
    digest = hashlib.md5(usedforsecurity=False)
    for data in _pieces(path, piece):
        digest.update(data)
    headers = {
        "Content-Length": str(piece.size),
        "Content-MD5": base64.b64encode(digest.digest()).decode("ascii"),
    }

    def attempt(address: str) -> str:
        count = _Count(on_bytes)
        body = _paced(path, piece, peer, count)
        try:
            with peer.ask("PUT", address, name=url.name, headers=headers, body=body) as answer:
                etag = header(answer.headers, "etag")
        except BaseException:
            count.take_back()
            raise
        if not etag:
            count.take_back()
            raise Faltered("the server gave no ETag")
        return etag

    return Part(number=piece.number, etag=until_done(url, peer.line, attempt), size=piece.size)


class _Count:
    """What one attempt told of its progress."""

    def __init__(self, on_bytes: OnBytes) -> None:
        self._on_bytes = on_bytes
        self._told = 0

    def add(self, amount: int) -> None:
        self._told += amount
        self._on_bytes(amount)

    def take_back(self) -> None:
        if self._told:
            self._on_bytes(-self._told)


def _paced(path: Path, piece: Piece, peer: Peer, count: _Count) -> Iterator[bytes]:
    for data in _pieces(path, piece):
        peer.line.pace.take(len(data), peer.line.stop)
        yield data
        count.add(len(data))


def _pieces(path: Path, piece: Piece) -> Iterator[bytes]:
    """The bytes of one part. Raises FileUnreadable, also when the file became shorter."""
    try:
        with path.open("rb") as file:
            file.seek(piece.start)
            left: int = piece.size
            while left and (data := file.read(min(_CHUNK, left))):
                yield data
                left -= len(data)
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.", path=path) from error
    if left:
        raise FileUnreadable(f"{path} became shorter while it was sent.", path=path)


def _size(path: Path) -> Bytes:
    try:
        return Bytes(path.stat().st_size)
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.", path=path) from error
