import pytest

from reencodarr.errors import BucketFull, ObjectDamaged, ObjectMissing, TransferBroken, UploadLost
from reencodarr.transfer import answers
from reencodarr.transfer.answers import Faltered, Refused


@pytest.mark.parametrize(
    ("status", "word", "kind"),
    [
        (500, "InternalError", Faltered),
        (502, "", Faltered),
        (503, "SlowDown", Faltered),
        (504, "", Faltered),
        (408, "", Faltered),
        (429, "", Faltered),
        (400, "RequestTimeout", Faltered),
        (400, "BadDigest", Faltered),
        (400, "IncompleteBody", Faltered),
        (403, "AccessDenied", Refused),
        (403, "ExpiredToken", Refused),
        (400, "", Refused),
        (401, "", Refused),
        (404, "NoSuchKey", ObjectMissing),
        (404, "NoSuchUpload", UploadLost),
        (416, "InvalidRange", ObjectDamaged),
        (507, "", BucketFull),
        (500, "XMinioStorageFull", BucketFull),
        (307, "TemporaryRedirect", TransferBroken),
    ],
)
def test_each_answer_has_its_meaning(status: int, word: str, kind: type[Exception]) -> None:
    assert type(answers.refusal(status, word, "it")) is kind


def test_the_word_is_found_in_the_body() -> None:
    assert answers.code(b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>x</Message></Error>") == "SlowDown"
    assert answers.code(b"<html>busy</html>") == ""


@pytest.mark.parametrize(("status", "value"), [(206, b"bytes 5-9/20"), (200, b"bytes 5-9/20"), (206, b"bytes 5-9/*")])
def test_the_range_that_was_asked_for_is_taken(status: int, value: bytes) -> None:
    answers.check_range(status, [(b"Content-Range", value)], start=5, end=10, size=20, name="it")


@pytest.mark.parametrize(
    ("status", "value", "kind"),
    [
        (200, b"", Faltered),
        (206, b"", Faltered),
        (206, b"bytes 0-19/20", Faltered),
        (206, b"bytes 5-8/20", Faltered),
        (206, b"pages 5-9/20", Faltered),
        (204, b"bytes 5-9/20", Faltered),
        (206, b"bytes 5-9/21", ObjectDamaged),
    ],
)
def test_any_other_range_is_refused(status: int, value: bytes, kind: type[Exception]) -> None:
    headers = [(b"content-range", value)] if value else []

    with pytest.raises(kind):
        answers.check_range(status, headers, start=5, end=10, size=20, name="it")


def test_the_whole_is_taken_where_the_whole_was_asked_for() -> None:
    answers.check_range(200, [], start=0, end=20, size=20, name="it")
