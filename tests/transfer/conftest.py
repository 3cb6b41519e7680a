"""A real rclone with films in a bucket, presigned URLs as the server makes them, and the proxy that misbehaves."""

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from reencodarr.transfer import blocks
from reencodarr.transfer.blocks import BLOCK, Digests
from reencodarr.transfer.line import Line
from reencodarr.transfer.patience import Patience
from reencodarr.transfer.urls import Renewing
from reencodarr.units import KIB, Seconds
from tests.storage import servers
from tests.transfer import proxy as proxies

BUCKET = "films"
FILM = "sources/1-ab/film"
SIZE = 20 * BLOCK + 300 * KIB


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """The server's side: it has the keys."""

    client: Any
    """Signs for the way through the proxy."""
    direct: Any
    """Works on the bucket without it."""
    proxy: proxies.Proxy

    def get_url(self, key: str = FILM, *, seconds: int = 600) -> str:
        return self.client.generate_presigned_url(
            "get_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=seconds
        )

    def put_url(self, key: str, *, seconds: int = 600) -> str:
        return self.client.generate_presigned_url(
            "put_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=seconds
        )

    def begin(self, key: str) -> str:
        return self.direct.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]

    def part_url(self, key: str, upload_id: str, number: int) -> str:
        return self.client.generate_presigned_url(
            "upload_part", Params={"Bucket": BUCKET, "Key": key, "UploadId": upload_id, "PartNumber": number}
        )

    def part_urls(self, key: str, upload_id: str):
        return lambda numbers: {number: self.part_url(key, upload_id, number) for number in numbers}

    def complete(self, key: str, upload_id: str, parts) -> None:
        self.direct.complete_multipart_upload(
            Bucket=BUCKET,
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": [{"PartNumber": part.number, "ETag": part.etag} for part in parts]},
        )

    def store(self, key: str, data: bytes) -> None:
        self.direct.put_object(Bucket=BUCKET, Key=key, Body=data)

    def read(self, key: str) -> bytes:
        return self.direct.get_object(Bucket=BUCKET, Key=key)["Body"].read()


@dataclass(frozen=True, kw_only=True)
class Film:
    """Bytes that no two blocks share, in the bucket."""

    data: bytes
    digests: Digests


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    with servers.serving("rclone", tmp_path_factory.mktemp("s3"), tls=False) as running:
        client_of(running, running.endpoint).create_bucket(Bucket=BUCKET)
        yield running


@pytest.fixture
def proxy(server: servers.Server) -> Iterator[proxies.Proxy]:
    with proxies.between(server.port) as between:
        yield between


@pytest.fixture
def bucket(server: servers.Server, proxy: proxies.Proxy) -> Bucket:
    return Bucket(client=client_of(server, proxy.endpoint), direct=client_of(server, server.endpoint), proxy=proxy)


@pytest.fixture(scope="session")
def film(server: servers.Server) -> Film:
    """Twenty blocks and a bit."""
    data = random.Random(4).randbytes(SIZE)
    client_of(server, server.endpoint).put_object(Bucket=BUCKET, Key=FILM, Body=data)
    tally = blocks.Tally()
    tally.update(data)
    return Film(data=data, digests=tally.digests())


@pytest.fixture
def url(bucket: Bucket, film: Film) -> Renewing:
    """The film's, always fresh."""
    return Renewing(bucket.get_url, name="the film")


@pytest.fixture
def line() -> Line:
    """As in earnest, but for the length of the pauses."""
    return hurried()


def hurried(**changes: Any) -> Line:
    patience = {"tries": 4, "first_pause": Seconds(0.01), "connect": Seconds(10.0), "silence": Seconds(30.0)}
    return Line(patience=Patience(**patience | changes))


@pytest.fixture(autouse=True)
def _no_thread_is_left_behind() -> Iterator[None]:
    yield

    left = [thread.name for thread in threading.enumerate() if thread.name.startswith(("transfer", "ranged"))]
    assert not left


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where a ranged file keeps its blocks."""
    return tmp_path / "kept"


def client_of(server: servers.Server, endpoint: str, *, verify: str | None = None) -> Any:
    """boto3 with the server's keys."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        verify=verify,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
