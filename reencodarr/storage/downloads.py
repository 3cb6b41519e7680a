"""Objects read out of the bucket: taken up again where a connection broke, and compared with what was announced."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING

from reencodarr.errors import BucketUnreachable, ObjectDamaged
from reencodarr.storage import answers
from reencodarr.tools import scratch
from reencodarr.units import MIB, Bytes

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import GetObjectOutputTypeDef

log = logging.getLogger(__name__)

OnBytes = Callable[[int], None]
"""Told how many bytes went through since it was told last; negative where some are sent again."""

_PIECE = 1 * MIB
_TRIES = 5
"""In a row without a single byte."""
_PAUSE = 1.0


def whole(client: S3Client, bucket: str, key: str, *, limit: Bytes) -> bytes:
    """A small object.

    Raises ObjectMissing, ObjectDamaged, BucketUnreachable, BucketRefused.
    """
    with answers.named(bucket, key):
        answer = client.get_object(Bucket=bucket, Key=key)
        with closing(answer["Body"]) as body:
            content: bytes = body.read(limit + 1)
    if len(content) > limit:
        raise ObjectDamaged(f"{bucket}/{key} is larger than the {limit} bytes that it may have.")
    if len(content) != answer["ContentLength"]:
        raise BucketUnreachable(f"The bucket's server broke off in the middle of {bucket}/{key}.")
    return content


def verified(
    client: S3Client, bucket: str, key: str, path: Path, *, size: Bytes, sha256: str, on_bytes: OnBytes | None
) -> None:
    """Write an object to `path`, if it is the one announced.

    Raises ObjectMissing, ObjectDamaged, BucketUnreachable, BucketRefused.
    """
    part = path.with_name(f"{path.name}.part")
    started = time.monotonic()
    try:
        with part.open("wb") as file:
            digest = _fetched(client, bucket, key, file, size=size, on_bytes=on_bytes or (lambda _: None))
        if digest != sha256:
            raise ObjectDamaged(f"{bucket}/{key} is damaged: its SHA-256 is {digest}, announced was {sha256}.")
    except BaseException:
        scratch.discard([part])
        raise
    scratch.keep(part, path)
    log.info("downloaded %s (%d MiB) in %.1f s", key, size // MIB, time.monotonic() - started)


def _fetched(client: S3Client, bucket: str, key: str, file: IO[bytes], *, size: Bytes, on_bytes: OnBytes) -> str:
    """Write the object to `file`; its SHA-256."""
    digest, there, failures = hashlib.sha256(), 0, 0
    while True:
        try:
            for piece in _pieces(client, bucket, key, start=there, size=size):
                file.write(piece)
                digest.update(piece)
                there += len(piece)
                failures = 0
                on_bytes(len(piece))
            return digest.hexdigest()
        except BucketUnreachable as error:
            failures += 1
            if failures >= _TRIES:
                raise
            log.warning("a download broke at byte %d of %d and goes on: %s", there, size, error.message)
            time.sleep(_PAUSE)


def _pieces(client: S3Client, bucket: str, key: str, *, start: int, size: Bytes) -> Iterator[bytes]:
    """The object's bytes from `start` on."""
    there = start
    with answers.named(bucket, key):
        if start:
            answer = client.get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-")
        else:  # An empty object has no range.
            answer = client.get_object(Bucket=bucket, Key=key)
        with closing(answer["Body"]) as body:
            _check_extent(answer, f"{bucket}/{key}", start=start, size=size)
            while there < size:
                piece = body.read(min(_PIECE, size - there))
                if not piece:
                    raise BucketUnreachable(f"The bucket's server broke off in the middle of {bucket}/{key}.")
                there += len(piece)
                yield piece


def _check_extent(answer: GetObjectOutputTypeDef, place: str, *, start: int, size: Bytes) -> None:
    """That the answer is what was asked for. rclone says 200 to a range, so that only the header tells."""
    found = start + answer["ContentLength"]
    if found != size:
        raise ObjectDamaged(f"{place} has {found} bytes, announced were {size}.")
    if start and not answer.get("ContentRange", "").startswith(f"bytes {start}-"):
        raise ObjectDamaged(f"{place}: the bucket's server does not answer ranges.")
