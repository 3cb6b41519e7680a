"""An object stored out of a stream that passes by once, while the caller looks at what passes."""

from __future__ import annotations

import io
import logging
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

from reencodarr.errors import ObjectDamaged
from reencodarr.storage import answers, sizes
from reencodarr.storage.bucket import Bucket
from reencodarr.storage.contents import Stored
from reencodarr.storage.downloads import OnBytes
from reencodarr.units import MIB, Bytes

log = logging.getLogger(__name__)

_AT_ONCE = 2
"""One part goes out while the next one is read; each is held in memory."""


def put(bucket: Bucket, key: str, stream: BinaryIO, *, size: Bytes, on_bytes: OnBytes | None = None) -> Stored:
    """Store what `stream` holds, which must be `size` bytes. The object is there whole or not at all.

    Raises ObjectDamaged where the stream or the object has another size; BucketUnreachable, BucketRefused, BucketFull,
    and what reading the stream raises.
    """
    upload = bucket.start_upload(key)
    try:
        parts = _send(bucket, key, upload, stream, size=size, on_bytes=on_bytes or (lambda _: None))
        return bucket.finish_upload(key, upload, parts, size=size)
    except BaseException:
        bucket.abort_upload(key, upload)
        raise


def _send(
    bucket: Bucket, key: str, upload: str, stream: BinaryIO, *, size: Bytes, on_bytes: OnBytes
) -> list[tuple[int, str]]:
    def part(number: int, data: bytes) -> tuple[int, str]:
        with answers.named(bucket.name, key):
            answer = bucket.client.upload_part(
                Bucket=bucket.name, Key=key, UploadId=upload, PartNumber=number, Body=io.BytesIO(data)
            )
        return number, answer["ETag"]

    done: list[tuple[int, str]] = []
    under_way: deque[Future[tuple[int, str]]] = deque()
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="stream") as crew:
        for number in range(1, sizes.part_count(size) + 1):
            start, end = sizes.part_range(size, number)
            data = stream.read(end - start)
            if len(data) != end - start:
                raise ObjectDamaged(f"{key} should have {size} bytes, but its source ended at {start + len(data)}.")
            if len(under_way) == _AT_ONCE:
                done.append(under_way.popleft().result())
            under_way.append(crew.submit(part, number, data))
            on_bytes(len(data))
        done.extend(waiting.result() for waiting in under_way)
    if stream.read(1):
        raise ObjectDamaged(f"{key} should have {size} bytes, but its source goes on.")
    log.info("streamed %s (%d parts, %d MiB)", key, len(done), size // MIB)
    return done
