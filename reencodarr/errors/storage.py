"""Bytes on their way into the bucket, or out of it.

StorageError
├── BucketUnreachable      the bucket does not answer, or answers that it is in trouble
├── BucketRefused          wrong key, no right, or no such bucket
├── BucketFull             the bucket's server has no room left
├── ObjectMissing          there is no object of that key
├── ObjectDamaged          an object's size or digest is not what was announced
├── UploadLost             the bucket does not know a multipart upload any more
├── TransferBroken         the bytes do not come through, try after try
└── UrlExpired             a presigned URL is refused, a fresh one as well
"""

from reencodarr.errors.base import Category, ReencodarrError, Stage


class StorageError(ReencodarrError):
    """Raised when bytes cannot be brought into the bucket, or out of it."""

    stage = Stage.TRANSFER
    category = Category.STORAGE
    code = "storage"


class BucketUnreachable(StorageError):
    """Raised when the bucket's server does not answer, or answers that it is in trouble itself."""

    code = "bucket_unreachable"
    transient = True


class BucketRefused(StorageError):
    """Raised when the bucket's server does not accept our key, denies a right, or has no such bucket."""

    category = Category.CONFIGURATION
    code = "bucket_refused"


class BucketFull(StorageError):
    """Raised when the bucket's server has no room left, or a quota of its own is used up."""

    category = Category.RESOURCES
    code = "bucket_full"
    transient = True


class ObjectMissing(StorageError):
    """Raised when there is no object of that key."""

    code = "object_missing"


class ObjectDamaged(StorageError):
    """Raised when an object's size or digest is not what was announced; it is not used."""

    category = Category.VERIFICATION
    code = "object_damaged"
    transient = True


class UploadLost(StorageError):
    """Raised when the bucket does not know a multipart upload any more: it was aborted, expired or forgotten."""

    code = "upload_lost"
    transient = True


class TransferBroken(StorageError):
    """Raised when bytes do not come through a presigned URL, try after try; what came through is kept."""

    code = "transfer_broken"
    transient = True


class UrlExpired(StorageError):
    """Raised when a presigned URL is refused, and a fresh one as well."""

    code = "url_expired"
    transient = True
