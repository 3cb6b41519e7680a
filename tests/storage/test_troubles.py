"""What happens when the bucket's server is killed, full, away, or somebody else; with real servers."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reencodarr.errors import (
    BucketFull,
    BucketUnreachable,
    FileUnreadable,
    ObjectDamaged,
    SettingsError,
    StorageError,
    UploadLost,
)
from reencodarr.storage import bucket as buckets
from reencodarr.storage import embedded
from reencodarr.storage.bucket import Bucket
from reencodarr.units import MIB, Bytes, Seconds
from tests import mounts
from tests.servers import ports
from tests.storage import servers, wire
from tests.storage.conftest import as_worker
from tests.storage.servers import Server
from tests.storage.test_conformance import MINUTE, REFUSED, SMALLEST_PART_OF_S3, sha256, upload

NAMES = [pytest.param(name, marks=[] if name == "rclone" else [pytest.mark.slow]) for name in servers.NAMES]
SAYS_FULL = {"minio", "versitygw"}
"""Servers that say so when their disk is full. The others answer 5xx, or forget the upload."""
MUTE_WHEN_FULL = {"swift"}
"""Servers that answer 503 to everything while their disk is full."""


@pytest.fixture
def rclone(tmp_path: Path) -> Iterator[Server]:
    with servers.serving("rclone", tmp_path, tls=False) as server:
        yield server


def reached_at(server: Server, endpoint: str) -> Bucket:
    """The server's bucket by another way, and without its certificate."""
    return buckets.open_bucket(
        endpoint=endpoint, name="films", access_key=server.access_key, secret_key=server.secret_key
    )


def assert_nothing_at(bucket: Bucket, key: str, *, mute: bool) -> None:
    if mute:
        with pytest.raises(BucketUnreachable):
            bucket.head(key)
    else:
        assert bucket.head(key) is None


@pytest.mark.parametrize("name", NAMES)
def test_an_upload_goes_on_after_the_server_was_killed_or_is_named_as_lost(name: str, tmp_path: Path) -> None:
    pieces = [os.urandom(SMALLEST_PART_OF_S3), os.urandom(SMALLEST_PART_OF_S3), b"the end"]
    content, key = b"".join(pieces), "jobs/1/1/film.mkv"
    with servers.serving(name, tmp_path, tls=False) as server, as_worker(server) as worker:
        bucket = server.bucket()
        bucket.ensure()
        bucket.put_bytes("jobs/0/film.mkv", content)
        upload_id = bucket.start_upload(key)
        etags = {number: upload(worker, bucket, key, upload_id, number, pieces[number - 1]) for number in (1, 2)}

        server.kill()
        server.start()

        assert bucket.read("jobs/0/film.mkv", Bytes(len(content))) == content
        if name in servers.FORGETFUL:
            with pytest.raises(UploadLost):
                bucket.parts(key, upload_id)
            with pytest.raises(UploadLost):
                bucket.finish_upload(key, upload_id, list(etags.items()), size=Bytes(len(content)))
            assert bucket.uploads() == ()
        else:
            assert [part.number for part in bucket.parts(key, upload_id)] == [1, 2]
            etags[3] = upload(worker, bucket, key, upload_id, 3, pieces[2])
            bucket.finish_upload(key, upload_id, list(etags.items()), size=Bytes(len(content)))
            bucket.download(key, tmp_path / "film.mkv", size=Bytes(len(content)), sha256=sha256(content))


def test_what_a_killed_rclone_left_is_deleted(rclone: Server) -> None:
    bucket = rclone.bucket()
    bucket.ensure()
    bucket.put_bytes("jobs/0/film.mkv", b"film")
    upload_id = bucket.start_upload("jobs/1/1/film.mkv")
    with as_worker(rclone) as worker:
        upload(worker, bucket, "jobs/1/1/film.mkv", upload_id, 1, bytes(6 * MIB))

    rclone.kill()
    freed = embedded.discard_torn(rclone.folder)
    rclone.start()

    assert freed > 0
    assert [path.name for path in rclone.folder.rglob("*") if path.is_file()] == ["film.mkv"]
    assert bucket.read("jobs/0/film.mkv", Bytes(10)) == b"film"


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_is_a_passing_failure_that_leaves_nothing_half(name: str, tmp_path: Path) -> None:
    servers.require(name)
    film = tmp_path / "film.mkv"
    film.write_bytes(bytes(65 * MIB))
    with mounts.disk(tmp_path / "disk", "60m") as disk, servers.serving(name, disk, tls=False) as server:
        bucket = server.bucket()
        bucket.ensure()
        bucket.put_bytes("jobs/0/film.mkv", b"film")

        with pytest.raises(StorageError) as failure:
            bucket.put_file("jobs/1/film.mkv", film)

        assert failure.value.transient, failure.value
        assert isinstance(failure.value, BucketFull) is (name in SAYS_FULL), failure.value
        assert_nothing_at(bucket, "jobs/1/film.mkv", mute=name in MUTE_WHEN_FULL)
        if name not in MUTE_WHEN_FULL:
            assert bucket.read("jobs/0/film.mkv", Bytes(10)) == b"film"


@pytest.mark.parametrize("name", NAMES)
def test_parts_that_found_no_room_make_no_film(name: str, tmp_path: Path) -> None:
    """rclone answers 200 to parts that it could not write (measured), so that only the end tells."""
    servers.require(name)
    key, size = "jobs/1/1/film.mkv", 5 * 12 * MIB
    with (
        mounts.disk(tmp_path / "disk", "40m") as disk,
        servers.serving(name, disk, tls=False) as server,
        as_worker(server) as worker,
    ):
        bucket = server.bucket()
        bucket.ensure()
        upload_id = bucket.start_upload(key)

        answers = [
            worker.put(bucket.sign_part(key, upload_id, number, MINUTE), content=bytes(12 * MIB))
            for number in (1, 2, 3, 4, 5)
        ]
        etags = [(number, answer.headers.get("ETag", "")) for number, answer in enumerate(answers, start=1)]
        with pytest.raises(StorageError):
            bucket.finish_upload(key, upload_id, [(number, etag or '"0"') for number, etag in etags], size=Bytes(size))

        assert_nothing_at(bucket, key, mute=name in MUTE_WHEN_FULL)


def test_a_server_that_is_away_is_named() -> None:
    nowhere = buckets.open_bucket(
        endpoint=f"http://127.0.0.1:{ports.free()}", name="films", access_key="key", secret_key="secret"
    )

    for question in (nowhere.ensure, lambda: nowhere.head("jobs/1"), lambda: nowhere.read("jobs/1", Bytes(1))):
        with pytest.raises(BucketUnreachable, match="Check its endpoint"):
            question()


def test_a_certificate_that_is_not_trusted_is_named(tmp_path: Path) -> None:
    with servers.serving("rclone", tmp_path, tls=True) as server:
        stranger = reached_at(server, server.endpoint)

        with pytest.raises(BucketUnreachable, match="self-signed certificate"):
            stranger.ensure()


def test_a_certificate_file_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is no certificate"):
        buckets.open_bucket(
            endpoint="https://127.0.0.1:1",
            name="films",
            access_key="key",
            secret_key="secret",
            certificate=tmp_path / "none.crt",
        )


def test_an_endpoint_that_is_no_url_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match="is no URL"):
        buckets.open_bucket(endpoint="films.local:9000", name="films", access_key="key", secret_key="secret")


def test_a_download_goes_on_where_the_wire_broke(
    rclone: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content, received = os.urandom(8 * MIB), list[int]()
    bucket = rclone.bucket()
    bucket.ensure()
    bucket.put_bytes("jobs/1/film.mkv", content)

    with wire.cut(rclone.port, after=[3 * MIB, 2 * MIB]) as port:
        reached_at(rclone, f"http://127.0.0.1:{port}").download(
            "jobs/1/film.mkv",
            tmp_path / "film.mkv",
            size=Bytes(len(content)),
            sha256=sha256(content),
            on_bytes=received.append,
        )

    assert (tmp_path / "film.mkv").read_bytes() == content
    assert sum(received) == len(content)
    assert caplog.text.count("goes on") == 2


def test_a_byte_that_flips_on_the_servers_disk_is_found(rclone: Server, tmp_path: Path) -> None:
    content = os.urandom(MIB)
    bucket = rclone.bucket()
    bucket.ensure()
    bucket.put_bytes("jobs/1/film.mkv", content)
    with (rclone.folder / "films" / "jobs" / "1" / "film.mkv").open("r+b") as file:
        file.seek(1000)
        file.write(bytes([content[1000] ^ 1]))

    with pytest.raises(ObjectDamaged, match="SHA-256"):
        bucket.download("jobs/1/film.mkv", tmp_path / "film.mkv", size=Bytes(MIB), sha256=sha256(content))


def test_a_film_that_is_gone_is_no_failure_of_the_bucket(rclone: Server, tmp_path: Path) -> None:
    bucket = rclone.bucket()
    bucket.ensure()

    with pytest.raises(FileUnreadable, match=r"none\.mkv"):
        bucket.put_file("sources/1/film", tmp_path / "none.mkv")


def test_urls_are_signed_for_the_endpoint_that_workers_reach(rclone: Server) -> None:
    inside = rclone.bucket()
    inside.ensure()
    inside.put_bytes("jobs/1/film.mkv", b"film")
    outside = f"http://localhost:{rclone.port}"
    bucket = buckets.open_bucket(
        endpoint=rclone.endpoint,
        name="films",
        access_key=rclone.access_key,
        secret_key=rclone.secret_key,
        public_endpoint=outside,
    )

    url = bucket.sign_get("jobs/1/film.mkv", MINUTE)

    with as_worker(rclone) as worker:
        assert worker.get(url).content == b"film"
        assert worker.get(url.replace(outside, rclone.endpoint)).status_code in REFUSED
    assert url.startswith(f"{outside}/films/jobs/1/film.mkv?")
    assert rclone.secret_key not in url


@pytest.mark.parametrize("seconds", [0, 8 * 24 * 3600])
def test_no_url_is_signed_that_no_server_would_accept(rclone: Server, seconds: int) -> None:
    with pytest.raises(ValueError, match="cannot be signed"):
        rclone.bucket().sign_get("jobs/1", Seconds(float(seconds)))


def test_no_secret_shows_where_a_bucket_is_printed(rclone: Server) -> None:
    bucket = rclone.bucket()

    assert rclone.secret_key not in f"{bucket!r} {bucket.client!r}"


def test_the_users_own_aws_settings_have_no_say(
    rclone: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[default]\nregion = eu-nowhere-1\nendpoint_url = http://127.0.0.1:1\n")
    for name, value in {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_PROFILE": "nobody",
        "AWS_ACCESS_KEY_ID": "another",
        "AWS_SECRET_ACCESS_KEY": "another",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported",
    }.items():
        monkeypatch.setenv(name, value)

    bucket = rclone.bucket()
    bucket.ensure()

    assert bucket.put_bytes("jobs/1", b"x").size == 1
