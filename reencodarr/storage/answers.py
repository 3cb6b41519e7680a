"""What the bucket's server answered, as one of our errors. Knows the words of the servers that were tried."""

from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

from reencodarr.errors import (
    BucketFull,
    BucketRefused,
    BucketUnreachable,
    ObjectDamaged,
    ObjectMissing,
    StorageError,
    UploadLost,
)

_MISSING = {"NoSuchKey", "NotFound", "404"}
_WRONG_PARTS = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "BadDigest"}
_FULL = {"XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded", "InsufficientStorage", "StorageFull"}
_FULL_WORDS = ("no space left", "disk quota exceeded", "not enough space")
_FULL_STATUS = 507
_DENIED = {401, 403}
_TROUBLE = {408, 429}
_OWN_TROUBLE = 500


@contextmanager
def named(bucket: str, key: str = "") -> Iterator[None]:
    """Raise what boto3 raises inside as a StorageError that names the bucket and the object."""
    place = f"{bucket}/{key}" if key else bucket
    try:
        yield
    except ClientError as error:
        raise refusal(error, place) from error
    except S3UploadFailedError as error:
        answer = error.__context__  # boto3 hides in it what the server answered.
        raise (refusal(answer, place) if isinstance(answer, ClientError) else _silence(error, place)) from error
    except (NoCredentialsError, ParamValidationError) as error:
        raise BucketRefused(f"{place} cannot be asked for: {error}", advice="Check the bucket's settings.") from error
    except BotoCoreError as error:
        raise _silence(error, place) from error


def code(error: ClientError) -> str:
    """The word that the server gave for what is wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status(error: ClientError) -> int:
    """The HTTP status of an answer; 0 where it is unknown."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def refusal(error: ClientError, place: str) -> StorageError:
    """The error for an answer that says no."""
    word, number = code(error), status(error)
    words = str(error.response.get("Error", {}).get("Message", "")) or word
    if word == "NoSuchUpload":
        return UploadLost(f"The bucket knows no such upload of {place}.", advice="It is sent again from its start.")
    if word == "NoSuchBucket":
        return BucketRefused(f"There is no bucket for {place}.", advice="Make it, or correct its name.")
    if word in _MISSING:
        return ObjectMissing(f"There is no object {place}.")
    if word in _WRONG_PARTS:
        return ObjectDamaged(f"The parts of {place} are not those that were announced: {words}.")
    if word in _FULL or number == _FULL_STATUS or any(full in words.lower() for full in _FULL_WORDS):
        return BucketFull(f"The bucket has no room for {place}: {words}.", advice="Make room on its server.")
    if number >= _OWN_TROUBLE or number in _TROUBLE:
        return BucketUnreachable(f"The bucket's server is in trouble with {place}: {number} {word}, {words}.")
    if number in _DENIED:
        return BucketRefused(
            f"The bucket refuses {place}: {number} {word}.", advice="Check its access key, secret key and clock."
        )
    return BucketRefused(f"The bucket does not do what was asked of {place}: {number} {word}, {words}.")


def _silence(error: Exception, place: str) -> BucketUnreachable:
    return BucketUnreachable(
        f"The bucket's server cannot be reached for {place}: {error}", advice="Check its endpoint and certificate."
    )
