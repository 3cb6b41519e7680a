"""The bucket: objects in and out, multipart uploads, and URLs signed for workers, who have no key of their own.

Nothing in it is trusted because it is there: whoever reads says which size and digest were announced. Keys are
immutable, one per attempt; nothing is ever locked, tagged, or given a meaning by its metadata.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig

from reencodarr.errors import BucketRefused, FileUnreadable, ObjectDamaged, ObjectMissing, UploadLost
from reencodarr.storage import answers, client, downloads, sizes
from reencodarr.storage.contents import Listed, Stored, Upload
from reencodarr.storage.downloads import OnBytes
from reencodarr.transfer.parts import Part
from reencodarr.units import MIB, Bytes, Seconds

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef, CreateBucketConfigurationTypeDef

log = logging.getLogger(__name__)

LONGEST_URL = Seconds(7 * 24 * 3600.0)
"""No server accepts a URL that was signed for longer than a week."""

_AT_ONCE = 1000
"""As many keys as S3 lists in one answer and deletes in one question."""
_PARTS_AT_ONCE = 2
"""rclone keeps parts that come before their turn in memory, so few."""
_DEFAULT_REGION = "us-east-1"
"""The one that must not be named when a bucket is made."""


def open_bucket(
    *,
    endpoint: str,
    name: str,
    access_key: str,
    secret_key: str,
    region: str = _DEFAULT_REGION,
    public_endpoint: str | None = None,
    certificate: Path | None = None,
) -> Bucket:
    """The bucket `name` behind `endpoint`. Connects to nothing yet.

    URLs are signed for `public_endpoint`, the one that workers reach, where it is another. `certificate` is a PEM file
    for a server whose certificate no public authority has signed.

    Raises SettingsError.
    """

    def made(url: str) -> S3Client:
        return client.make(
            endpoint=url, region=region, access_key=access_key, secret_key=secret_key, certificate=certificate
        )

    inside = made(endpoint)
    outside = inside if public_endpoint in {None, endpoint} else made(public_endpoint or endpoint)
    return Bucket(name=name, endpoint=endpoint, region=region, client=inside, signer=outside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One bucket of one server; may be used by several threads.

    Every method raises BucketUnreachable, BucketRefused and BucketFull, and what else it names.
    """

    name: str
    endpoint: str
    region: str
    client: S3Client = field(repr=False)
    signer: S3Client = field(repr=False)

    def ensure(self) -> None:
        """Make the bucket, if it is not there yet. May be repeated safely, also by two at once."""
        if self._is_there():
            return
        try:
            with answers.named(self.name):
                if self.region == _DEFAULT_REGION:
                    self.client.create_bucket(Bucket=self.name)
                else:
                    place: CreateBucketConfigurationTypeDef = {"LocationConstraint": self.region}  # type: ignore[typeddict-item]
                    self.client.create_bucket(Bucket=self.name, CreateBucketConfiguration=place)
        except BucketRefused:
            if not self._is_there():  # Another may have been faster.
                raise
        log.info("made the bucket %s at %s", self.name, self.endpoint)

    def put_file(self, key: str, path: Path, *, on_bytes: OnBytes | None = None) -> Stored:
        """Store a file of any size. The object is there whole or not at all.

        Raises FileUnreadable, ObjectDamaged where the bucket says it holds another number of bytes.
        """
        try:
            size = Bytes(path.stat().st_size)
            part = sizes.part_size(size)
            transfer = TransferConfig(
                multipart_threshold=part,
                multipart_chunksize=part,
                max_concurrency=_PARTS_AT_ONCE,
                preferred_transfer_client="classic",
            )
            with answers.named(self.name, key):
                self.client.upload_file(os.fspath(path), self.name, key, Callback=on_bytes, Config=transfer)
        except OSError as error:
            raise FileUnreadable(f"{path} cannot be read: {error.strerror or error}.", path=path) from error
        log.info("stored %s as %s (%d MiB)", path, key, size // MIB)
        return self._of_size(key, size)

    def put_bytes(self, key: str, content: bytes) -> Stored:
        """Store a small object."""
        with answers.named(self.name, key):
            self.client.put_object(Bucket=self.name, Key=key, Body=content)
        return Stored(size=Bytes(len(content)))

    def head(self, key: str) -> Stored | None:
        """The object, if it is there."""
        try:
            with answers.named(self.name, key):
                answer = self.client.head_object(Bucket=self.name, Key=key)
        except ObjectMissing:
            return None
        return Stored(size=Bytes(answer["ContentLength"]))

    def read(self, key: str, limit: Bytes) -> bytes:
        """A small object whole.

        Raises ObjectMissing, ObjectDamaged where it is larger than `limit`.
        """
        return downloads.whole(self.client, self.name, key, limit=limit)

    def download(self, key: str, path: Path, *, size: Bytes, sha256: str, on_bytes: OnBytes | None = None) -> None:
        """Write an object to `path`, which appears only if size and SHA-256 (in hex) are those announced.

        A connection that breaks is taken up where it broke. Meanwhile a `.part` lies beside `path`; a full disk is an
        OSError, which the scratch folder around it names.

        Raises ObjectMissing, ObjectDamaged.
        """
        downloads.verified(self.client, self.name, key, path, size=size, sha256=sha256, on_bytes=on_bytes)

    def delete(self, keys: Iterable[str]) -> int:
        """Delete objects; how many were asked for. Those that are not there are no error."""
        rest, count = iter(keys), 0
        while some := list(islice(rest, _AT_ONCE)):
            with answers.named(self.name, some[0]):
                answer = self.client.delete_objects(
                    Bucket=self.name, Delete={"Objects": [{"Key": key} for key in some], "Quiet": True}
                )
            for failure in answer.get("Errors", []):
                what = f"{self.name}/{failure.get('Key', '')} cannot be deleted: {failure.get('Message', '')}"
                raise BucketRefused(what, advice="Give the key the right to delete.")
            count += len(some)
        return count

    def keys(self, prefix: str = "", *, at_once: int = _AT_ONCE) -> Iterator[Listed]:
        """Every object whose key begins with `prefix`, `at_once` in one answer of the server."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, PaginationConfig={"PageSize": at_once}
        )
        with answers.named(self.name, prefix):
            for page in pages:
                for one in page.get("Contents", []):
                    yield Listed(key=one["Key"], size=Bytes(one["Size"]), modified=one["LastModified"])

    def used(self, prefix: str = "") -> Bytes:
        """How many bytes the objects below `prefix` have; parts of unfinished uploads are not counted."""
        return Bytes(sum(one.size for one in self.keys(prefix)))

    def sign_get(self, key: str, seconds: Seconds) -> str:
        """A URL that reads the object, whole or in ranges, for so long. Asks no server."""
        return self._signed("get_object", seconds, Key=key)

    def sign_put(self, key: str, seconds: Seconds) -> str:
        """A URL that stores the object by one PUT. Asks no server."""
        return self._signed("put_object", seconds, Key=key)

    def sign_part(self, key: str, upload_id: str, number: int, seconds: Seconds) -> str:
        """A URL that stores one part of a multipart upload by one PUT. Asks no server."""
        return self._signed("upload_part", seconds, Key=key, UploadId=upload_id, PartNumber=number)

    def start_upload(self, key: str) -> str:
        """Begin a multipart upload; its id. Parts count from 1 without a gap, equal in size but for the last."""
        with answers.named(self.name, key):
            return self.client.create_multipart_upload(Bucket=self.name, Key=key)["UploadId"]

    def parts(self, key: str, upload_id: str, *, at_once: int = _AT_ONCE) -> tuple[Part, ...]:
        """The parts that have arrived, by number.

        Raises UploadLost.
        """
        pages = self.client.get_paginator("list_parts").paginate(
            Bucket=self.name, Key=key, UploadId=upload_id, PaginationConfig={"PageSize": at_once}
        )
        with answers.named(self.name, key):
            found = [
                Part(number=one["PartNumber"], etag=one["ETag"], size=Bytes(one["Size"]))
                for page in pages
                for one in page.get("Parts", [])
            ]
        return tuple(sorted(found, key=lambda part: part.number))

    def finish_upload(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]], *, size: Bytes) -> Stored:
        """Make the object out of its parts, given as number and ETag. May be repeated safely.

        Raises UploadLost; ObjectDamaged where parts or size are not those announced.
        """
        listed: list[CompletedPartTypeDef] = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(parts)]
        try:
            with answers.named(self.name, key):
                self.client.complete_multipart_upload(
                    Bucket=self.name, Key=key, UploadId=upload_id, MultipartUpload={"Parts": listed}
                )
        except UploadLost:
            if self.head(key) is None:
                raise
            return self._of_size(key, size)  # It was finished before.
        log.info("finished the upload of %s (%d parts, %d MiB)", key, len(listed), size // MIB)
        return self._of_size(key, size)

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Forget a multipart upload and its parts. May be repeated safely."""
        try:
            with answers.named(self.name, key):
                self.client.abort_multipart_upload(Bucket=self.name, Key=key, UploadId=upload_id)
        except UploadLost:
            log.debug("the upload of %s was gone before", key)

    def uploads(self, prefix: str = "") -> tuple[Upload, ...]:
        """Unfinished multipart uploads of keys that begin with `prefix`: what the server names in one answer (1,000).

        No prefix and no page is asked for: MinIO takes a prefix for a whole key, Swift and versitygw lose their way
        between pages (measured).
        """
        try:
            with answers.named(self.name, prefix):
                found = self.client.list_multipart_uploads(Bucket=self.name, MaxUploads=_AT_ONCE).get("Uploads", [])
        except UploadLost:
            return ()  # So rclone says that there are none.
        return tuple(
            Upload(key=one["Key"], upload_id=one["UploadId"], started=one["Initiated"])
            for one in found
            if one["Key"].startswith(prefix)
        )

    def _is_there(self) -> bool:
        try:
            with answers.named(self.name):
                self.client.head_bucket(Bucket=self.name)
        except ObjectMissing:
            return False
        return True

    def _of_size(self, key: str, size: Bytes) -> Stored:
        there = self.head(key)
        if there is None or there.size != size:
            found = "nothing" if there is None else f"{there.size} bytes"
            raise ObjectDamaged(f"{self.name}/{key} should have {size} bytes, the bucket has {found}.")
        return there

    def _signed(self, operation: str, seconds: Seconds, **parameters: object) -> str:
        if not 1 <= seconds <= LONGEST_URL:
            raise ValueError(f"a URL cannot be signed for {seconds:.0f} s")
        url: str = self.signer.generate_presigned_url(
            operation, Params={"Bucket": self.name, **parameters}, ExpiresIn=int(seconds)
        )
        return url
