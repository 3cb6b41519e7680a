"""What we ask of an S3 server, asked of every server that is installed, with and without TLS."""

import base64
import hashlib
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from reencodarr.errors import BucketRefused, ObjectDamaged, ObjectMissing, UploadLost
from reencodarr.storage import janitor
from reencodarr.storage.bucket import Bucket
from reencodarr.storage.contents import Stored
from reencodarr.transfer import answers
from reencodarr.units import MIB, Bytes, Seconds
from tests.storage.servers import UNFORGIVING, Server

MINUTE = Seconds(60.0)
SMALLEST_PART_OF_S3 = 5 * MIB
REFUSED = {400, 401, 403, 412}
"""rclone says 400 to an expired URL, Swift 412 to an unsigned one."""
KEEP_RULES = {"minio"}
"""Servers that take a lifecycle rule."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def upload(worker: httpx.Client, bucket: Bucket, key: str, upload_id: str, number: int, content: bytes) -> str:
    """Send one part as a worker does; its ETag."""
    answer = worker.put(bucket.sign_part(key, upload_id, number, MINUTE), content=content)
    assert answer.status_code == 200, answer.text
    return answer.headers["ETag"]


def test_a_small_object_comes_back_as_it_was(bucket: Bucket) -> None:
    stored = bucket.put_bytes("jobs/1/result.json", b"{}")

    assert stored == bucket.head("jobs/1/result.json") == Stored(size=Bytes(2))
    assert bucket.read("jobs/1/result.json", Bytes(100)) == b"{}"


def test_a_film_of_several_parts_comes_back_as_it_was(bucket: Bucket, tmp_path: Path) -> None:
    content = os.urandom(65 * MIB)
    film, back, sent, received = tmp_path / "film.mkv", tmp_path / "back.mkv", list[int](), list[int]()
    film.write_bytes(content)

    stored = bucket.put_file("sources/1/film", film, on_bytes=sent.append)
    bucket.download("sources/1/film", back, size=stored.size, sha256=sha256(content), on_bytes=received.append)

    assert stored.size == len(content) == sum(sent) == sum(received)
    assert back.read_bytes() == content
    assert list(tmp_path.glob("*.part")) == []


def test_an_empty_object_is_an_object(bucket: Bucket, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    bucket.put_file("jobs/1/empty", tmp_path / "empty")
    bucket.download("jobs/1/empty", tmp_path / "back", size=Bytes(0), sha256=sha256(b""))

    assert (tmp_path / "back").read_bytes() == b""


def test_what_is_not_there_is_said(bucket: Bucket, tmp_path: Path) -> None:
    assert bucket.head("jobs/none") is None
    with pytest.raises(ObjectMissing, match="jobs/none"):
        bucket.read("jobs/none", Bytes(1))
    with pytest.raises(ObjectMissing, match="jobs/none"):
        bucket.download("jobs/none", tmp_path / "none", size=Bytes(1), sha256=sha256(b"x"))
    assert list(tmp_path.iterdir()) == []


def test_an_object_larger_than_it_may_be_is_not_read(bucket: Bucket) -> None:
    bucket.put_bytes("jobs/1/result.json", bytes(101))

    with pytest.raises(ObjectDamaged, match="larger"):
        bucket.read("jobs/1/result.json", Bytes(100))


def test_a_flipped_byte_is_found_by_the_digest(bucket: Bucket, tmp_path: Path) -> None:
    content = os.urandom(2 * MIB)
    damaged = bytearray(content)
    damaged[MIB] ^= 1
    bucket.put_bytes("jobs/1/film.mkv", bytes(damaged))

    with pytest.raises(ObjectDamaged, match="SHA-256"):
        bucket.download("jobs/1/film.mkv", tmp_path / "film.mkv", size=Bytes(len(content)), sha256=sha256(content))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("announced", [99, 101])
def test_another_size_than_announced_is_found(bucket: Bucket, tmp_path: Path, announced: int) -> None:
    bucket.put_bytes("jobs/1/film.mkv", bytes(100))

    with pytest.raises(ObjectDamaged, match="has 100 bytes"):
        bucket.download("jobs/1/film.mkv", tmp_path / "film.mkv", size=Bytes(announced), sha256=sha256(bytes(100)))


def test_parts_may_come_out_of_order_and_twice(bucket: Bucket, worker: httpx.Client, tmp_path: Path) -> None:
    key, pieces = "jobs/1/1/film.mkv", [os.urandom(SMALLEST_PART_OF_S3), os.urandom(SMALLEST_PART_OF_S3), b"the end"]
    content = b"".join(pieces)
    upload_id = bucket.start_upload(key)

    etags = {number: upload(worker, bucket, key, upload_id, number, pieces[number - 1]) for number in (3, 1, 2, 1)}
    listed = bucket.parts(key, upload_id)
    before = bucket.head(key)
    stored = bucket.finish_upload(key, upload_id, list(etags.items()), size=Bytes(len(content)))
    again = bucket.finish_upload(key, upload_id, list(etags.items()), size=Bytes(len(content)))

    assert [(part.number, part.etag.strip('"'), part.size) for part in listed] == [
        (number, etags[number].strip('"'), len(pieces[number - 1])) for number in (1, 2, 3)
    ]
    assert before is None
    assert stored == again == Stored(size=Bytes(len(content)))
    bucket.download(key, tmp_path / "film.mkv", size=stored.size, sha256=sha256(content))


def test_parts_are_listed_page_by_page(bucket: Bucket, worker: httpx.Client) -> None:
    upload_id = bucket.start_upload("jobs/1/1/film.mkv")
    for number in (1, 2, 3):
        upload(worker, bucket, "jobs/1/1/film.mkv", upload_id, number, b"x" * number)

    found = bucket.parts("jobs/1/1/film.mkv", upload_id, at_once=1)

    assert [(part.number, part.size) for part in found] == [(1, 1), (2, 2), (3, 3)]


def test_an_aborted_upload_is_lost(bucket: Bucket, worker: httpx.Client) -> None:
    upload_id = bucket.start_upload("jobs/1/1/film.mkv")
    etag = upload(worker, bucket, "jobs/1/1/film.mkv", upload_id, 1, b"film")
    open_before = [(one.key, one.upload_id) for one in bucket.uploads("jobs/")]

    bucket.abort_upload("jobs/1/1/film.mkv", upload_id)
    bucket.abort_upload("jobs/1/1/film.mkv", upload_id)

    assert open_before == [("jobs/1/1/film.mkv", upload_id)]
    assert bucket.uploads() == ()
    with pytest.raises(UploadLost):
        bucket.parts("jobs/1/1/film.mkv", upload_id)
    with pytest.raises(UploadLost):
        bucket.finish_upload("jobs/1/1/film.mkv", upload_id, [(1, etag)], size=Bytes(4))


def test_a_part_that_came_damaged_is_refused_and_sent_again(
    server: Server, bucket: Bucket, worker: httpx.Client
) -> None:
    key, content = "jobs/1/1/film.mkv", os.urandom(SMALLEST_PART_OF_S3)
    upload_id = bucket.start_upload(key)
    md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()

    damaged = worker.put(
        bucket.sign_part(key, upload_id, 1, MINUTE), content=b"x" + content[1:], headers={"Content-MD5": md5}
    )

    refusal = answers.refusal(damaged.status_code, answers.code(damaged.content), "film.mkv")
    assert isinstance(refusal, answers.Faltered), damaged.text
    if server.name in UNFORGIVING:
        with pytest.raises(UploadLost):
            bucket.parts(key, upload_id)
        upload_id = bucket.start_upload(key)
    etag = upload(worker, bucket, key, upload_id, 1, content)
    bucket.finish_upload(key, upload_id, [(1, etag)], size=Bytes(len(content)))
    assert bucket.read(key, Bytes(len(content))) == content


def test_parts_other_than_announced_make_no_film(bucket: Bucket, worker: httpx.Client) -> None:
    upload_id = bucket.start_upload("jobs/1/1/film.mkv")
    upload(worker, bucket, "jobs/1/1/film.mkv", upload_id, 1, b"film")

    with pytest.raises(ObjectDamaged, match="parts"):
        bucket.finish_upload("jobs/1/1/film.mkv", upload_id, [(1, f'"{"0" * 32}"')], size=Bytes(4))

    assert bucket.head("jobs/1/1/film.mkv") is None


def test_a_film_of_another_size_than_announced_is_refused(bucket: Bucket, worker: httpx.Client) -> None:
    upload_id = bucket.start_upload("jobs/1/1/film.mkv")
    etag = upload(worker, bucket, "jobs/1/1/film.mkv", upload_id, 1, b"film")

    with pytest.raises(ObjectDamaged, match="should have 5 bytes"):
        bucket.finish_upload("jobs/1/1/film.mkv", upload_id, [(1, etag)], size=Bytes(5))
    with pytest.raises(ObjectDamaged, match="should have 5 bytes"):
        bucket.finish_upload("jobs/1/1/film.mkv", upload_id, [(1, etag)], size=Bytes(5))


def test_a_worker_reads_and_writes_with_urls_alone(bucket: Bucket, worker: httpx.Client) -> None:
    written = worker.put(bucket.sign_put("jobs/1/result.json", MINUTE), content=b"{}")

    read = worker.get(bucket.sign_get("jobs/1/result.json", MINUTE))

    assert (written.status_code, read.status_code, read.content) == (200, 200, b"{}")


@pytest.mark.parametrize(
    ("asked", "start", "end"), [("10-19", 10, 20), ("1048570-", 1048570, 2 * MIB), ("-7", -7, None)]
)
def test_a_worker_reads_ranges(bucket: Bucket, worker: httpx.Client, asked: str, start: int, end: int | None) -> None:
    content = os.urandom(2 * MIB)
    bucket.put_bytes("sources/1/film", content)

    answer = worker.get(bucket.sign_get("sources/1/film", MINUTE), headers={"Range": f"bytes={asked}"})

    first, last = start % len(content), (end or len(content)) - 1
    assert answer.status_code in {200, 206}  # rclone says 200 to a range, and then tells in the header.
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(content)}"
    assert answer.content == content[start:end]


def test_a_range_past_the_end_is_refused(bucket: Bucket, worker: httpx.Client) -> None:
    bucket.put_bytes("sources/1/film", bytes(10))

    answer = worker.get(bucket.sign_get("sources/1/film", MINUTE), headers={"Range": "bytes=10-19"})

    assert answer.status_code == 416


def test_a_url_opens_one_object_in_one_way_for_a_while(bucket: Bucket, worker: httpx.Client) -> None:
    bucket.put_bytes("jobs/1/secret", b"secret")
    bucket.put_bytes("jobs/2/secret", b"secret")
    url, short = bucket.sign_get("jobs/1/secret", MINUTE), bucket.sign_get("jobs/1/secret", Seconds(1.0))
    time.sleep(1.2)

    answers = {
        "expired": worker.get(short),
        "another object": worker.get(url.replace("jobs/1", "jobs/2")),
        "another time": worker.get(url.replace("X-Amz-Expires=60", "X-Amz-Expires=600")),
        "another method": worker.put(url, content=b"changed"),
        "to delete": worker.delete(url),
        "without signature": worker.get(url.partition("?")[0]),
        "a listing": worker.get(f"{bucket.endpoint}/{bucket.name}"),
    }

    assert {how: answer.status_code for how, answer in answers.items() if answer.status_code not in REFUSED} == {}
    assert not [how for how, answer in answers.items() if answer.content == b"secret"]
    assert bucket.read("jobs/1/secret", Bytes(10)) == b"secret"


def test_a_part_url_opens_one_part_of_one_upload(bucket: Bucket, worker: httpx.Client) -> None:
    upload_id = bucket.start_upload("jobs/1/1/film.mkv")
    url = bucket.sign_part("jobs/1/1/film.mkv", upload_id, 1, MINUTE)

    other_part = worker.put(url.replace("partNumber=1", "partNumber=2"), content=b"x")
    no_part = worker.put(bucket.sign_put("jobs/1/1/other", MINUTE).replace("other", "film.mkv"), content=b"x")

    assert {other_part.status_code, no_part.status_code} <= REFUSED
    assert bucket.parts("jobs/1/1/film.mkv", upload_id) == ()


@pytest.mark.parametrize("name", ["Größe – 見 (2019) & +100%.mkv", "it's #1?.mkv", "a=b;c,d~e.mkv"])
def test_a_key_may_have_any_letters(bucket: Bucket, worker: httpx.Client, name: str) -> None:
    key = f"jobs/1/{name}"

    answer = worker.put(bucket.sign_put(key, MINUTE), content=b"film")

    assert answer.status_code == 200
    assert worker.get(bucket.sign_get(key, MINUTE)).content == b"film"
    assert [one.key for one in bucket.keys("")] == [key]
    assert bucket.delete([key]) == 1
    assert list(bucket.keys()) == []


def test_keys_are_listed_page_by_page_below_a_prefix(bucket: Bucket) -> None:
    started = datetime.now(UTC)
    for number in range(5):
        bucket.put_bytes(f"jobs/{number}/result.json", bytes(number))
    bucket.put_bytes("sources/1/film", bytes(100))

    found = list(bucket.keys("jobs/", at_once=2))

    assert [(one.key, one.size) for one in found] == [(f"jobs/{number}/result.json", number) for number in range(5)]
    assert all(abs(one.modified - started) < timedelta(minutes=5) for one in found)
    assert (bucket.used("jobs/"), bucket.used()) == (10, 110)


def test_what_is_gone_may_be_deleted_again(bucket: Bucket) -> None:
    bucket.put_bytes("jobs/1/a", b"a")

    bucket.delete(["jobs/1/a", "jobs/1/none"])
    bucket.delete(["jobs/1/a"])
    bucket.delete([])

    assert list(bucket.keys()) == []


def test_a_bucket_is_made_once(bucket: Bucket) -> None:
    bucket.put_bytes("jobs/1/a", b"a")

    bucket.ensure()

    assert bucket.head("jobs/1/a") is not None


def test_a_wrong_key_is_refused_by_name(server: Server, bucket: Bucket, tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(b"film")
    stranger = server.bucket(bucket.name, secret_key="0" * 32)

    for question in (
        stranger.ensure,
        lambda: stranger.head("jobs/1"),
        lambda: stranger.put_file("jobs/1", tmp_path / "film"),
        lambda: list(stranger.keys()),
        lambda: stranger.start_upload("jobs/1"),
        lambda: stranger.delete(["jobs/1"]),
    ):
        with pytest.raises(BucketRefused, match="Check its access key"):
            question()


def test_a_bucket_that_is_not_there_is_named(server: Server) -> None:
    with pytest.raises(BucketRefused, match="There is no bucket"):
        server.bucket("not-there").put_bytes("jobs/1", b"x")


def test_the_janitor_deletes_what_is_old_and_unwanted(bucket: Bucket) -> None:
    for key in ("jobs/1/wanted", "jobs/2/unwanted", "sources/1/unwanted", "of-others/film"):
        bucket.put_bytes(key, bytes(10))
    bucket.start_upload("jobs/3/film.mkv")
    bucket.start_upload("of-others/upload")
    now, hour = datetime.now(UTC), timedelta(hours=1)

    early = janitor.sweep(bucket, wanted=lambda key: False, older_than=hour, moment=now)
    late = janitor.sweep(bucket, wanted=lambda key: key == "jobs/1/wanted", older_than=hour, moment=now + 2 * hour)

    assert early == janitor.Swept(objects=0, freed=Bytes(0), uploads=0, kept=3)
    assert late == janitor.Swept(objects=2, freed=Bytes(20), uploads=1, kept=1)
    assert [one.key for one in bucket.keys("")] == ["jobs/1/wanted", "of-others/film"]
    assert [one.key for one in bucket.uploads()] == ["of-others/upload"]


def test_a_lifecycle_rule_is_set_where_it_is_honoured(server: Server, bucket: Bucket) -> None:
    theirs = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "of-others/"}, "Expiration": {"Days": 7}}
    keeps = server.name in KEEP_RULES
    if keeps:
        bucket.client.put_bucket_lifecycle_configuration(Bucket=bucket.name, LifecycleConfiguration={"Rules": [theirs]})

    honoured = janitor.set_rule(bucket, 3), janitor.set_rule(bucket, 4)

    assert honoured == (keeps, keeps)
    if keeps:
        rules = bucket.client.get_bucket_lifecycle_configuration(Bucket=bucket.name)["Rules"]
        assert {rule["ID"]: rule["Expiration"]["Days"] for rule in rules} == {"theirs": 7, "reencodarr-jobs": 4}


def test_asking_for_a_rule_leaves_the_objects_alone(bucket: Bucket) -> None:
    bucket.put_bytes("jobs/1/a", b"a")

    janitor.set_rule(bucket, 3)

    assert bucket.read("jobs/1/a", Bytes(10)) == b"a"
    assert [one.key for one in bucket.keys("")] == ["jobs/1/a"]
