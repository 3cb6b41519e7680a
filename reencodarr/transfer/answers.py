"""What a bucket's server answered, and what follows from it. Pure.

Servers differ: an expired URL is 403 or 400, a range comes as 206, or as 200 with a Content-Range (rclone). Some
refuse with 400 what is only worth another try, so the word in the body decides there.
"""

import re
from collections.abc import Iterable

from reencodarr.errors import BucketFull, ObjectDamaged, ObjectMissing, StorageError, TransferBroken, UploadLost

Headers = Iterable[tuple[bytes, bytes]]

_CODE = re.compile(rb"<Code>([^<]{1,100})</Code>")
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_REFUSED = {400, 401, 403}
_AGAIN = {408, 425, 429}
_OWN_TROUBLE = 500
_FULL_STATUS = 507
_AGAIN_CODES = {
    "RequestTimeout",
    "BadDigest",
    "IncompleteBody",
    "InvalidDigest",
    "SlowDown",
    "XAmzContentSHA256Mismatch",
}
_FULL_CODES = {"XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded", "InsufficientStorage"}
_MISSING, _UNSATISFIABLE = 404, 416
_OK, _PARTIAL = 200, 206


class Faltered(Exception):
    """The exchange broke off or the server was in trouble: the same again may work."""


class Refused(Exception):
    """The server does not accept the URL: a fresh one may work."""


def code(body: bytes) -> str:
    """The word for what is wrong in an S3 error's body; empty where there is none."""
    found = _CODE.search(body)
    return found[1].decode("ascii", "replace") if found else ""


def refusal(status: int, word: str, name: str) -> Faltered | Refused | StorageError:
    """What an answer that is no success means."""
    said = f"{status} {word}".rstrip()
    if status == _MISSING:
        if word == "NoSuchUpload":
            return UploadLost(f"The bucket knows no such upload: {name}.", advice="It is sent again from its start.")
        return ObjectMissing(f"The bucket has no {name}.")
    if status == _FULL_STATUS or word in _FULL_CODES:
        return BucketFull(f"The bucket has no room for {name}: {said}.", advice="Make room on its server.")
    if status == _UNSATISFIABLE:
        return ObjectDamaged(f"{name} is shorter than announced.")
    if status >= _OWN_TROUBLE or status in _AGAIN or word in _AGAIN_CODES:
        return Faltered(f"the server answered {said}")
    if status in _REFUSED:
        return Refused(said)
    return TransferBroken(f"The server does not do what was asked of {name}: {said}.")


def check_range(status: int, headers: Headers, *, start: int, end: int, size: int, name: str) -> None:
    """Make sure that an answer carries exactly the bytes from `start` to before `end`.

    Raises Faltered, ObjectDamaged when the object has another size than `size`.
    """
    text = header(headers, "content-range")
    if not text and status == _OK and (start, end) == (0, size):
        return
    found = _RANGE.fullmatch(text)
    if status not in (_OK, _PARTIAL) or not found:
        raise Faltered("the server sent the whole instead of the range that was asked for")
    if found[3] not in ("*", str(size)):
        raise ObjectDamaged(f"{name} has {found[3]} bytes; {size} were announced.")
    if (int(found[1]), int(found[2]) + 1) != (start, end):
        raise Faltered("the server sent another range than was asked for")


def header(headers: Headers, name: str) -> str:
    """A header's value; empty when it is not there."""
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in headers if key.lower() == wanted), "")
