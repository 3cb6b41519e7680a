import hashlib
import logging
import random
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from reencodarr.errors import FileUnreadable, TransferBroken, UploadLost, UrlExpired, WorkStopped
from reencodarr.transfer.journals import UploadJournal
from reencodarr.transfer.line import Line
from reencodarr.transfer.parts import Part
from reencodarr.transfer.upload import upload
from reencodarr.units import KIB, MIB, Bytes
from tests.transfer import proxy as proxies
from tests.transfer.conftest import Bucket, hurried
from tests.transfer.proxy import Exchange, Fault

PART = Bytes(5 * MIB)
"""The smallest that S3 takes."""
SIZE = 3 * PART + 700 * KIB
KEY = "jobs/1/1/film.mkv"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "encode.mkv"
    path.write_bytes(random.Random(5).randbytes(SIZE))
    return path


@pytest.fixture
def upload_id(bucket: Bucket) -> str:
    return bucket.begin(KEY)


def first_of_part(number: int, fault: Fault):
    """For the first request of one part only."""
    seen: list[Exchange] = []

    def decide(exchange: Exchange) -> Fault:
        if exchange.part != number or seen:
            return Fault()
        seen.append(exchange)
        return fault

    return decide


def test_a_file_arrives_in_parts_and_is_told_of_on_the_way(
    film: Path, upload_id: str, bucket: Bucket, line: Line
) -> None:
    told: list[int] = []
    arrived: list[Part] = []

    parts = upload(
        film,
        bucket.part_urls(KEY, upload_id),
        part_size=PART,
        line=line,
        on_bytes=told.append,
        on_part=arrived.append,
    )

    bucket.complete(KEY, upload_id, parts)
    assert hashlib.sha256(bucket.read(KEY)).digest() == hashlib.sha256(film.read_bytes()).digest()
    assert [part.number for part in parts] == [1, 2, 3, 4]
    assert [part.size for part in parts] == [PART, PART, PART, SIZE - 3 * PART]
    assert sorted(arrived, key=lambda part: part.number) == list(parts)
    assert sum(told) == SIZE


@pytest.mark.parametrize(
    "fault",
    [
        Fault(answer=(500, b"")),
        Fault(answer=(400, proxies.LATE)),
        Fault(answer=(403, proxies.EXPIRED)),
        Fault(answer=(400, proxies.EXPIRED)),
        Fault(reset_request=2 * MIB),
        Fault(hang=True),
    ],
    ids=["500", "400 for slowness", "expired 403", "expired 400", "reset", "hang"],
)
def test_a_mishap_of_one_part_is_overcome_by_that_part(
    fault: Fault, film: Path, upload_id: str, bucket: Bucket
) -> None:
    line = hurried(silence=3.0)
    bucket.proxy.fault = first_of_part(2, fault)
    told: list[int] = []

    parts = upload(film, bucket.part_urls(KEY, upload_id), part_size=PART, line=line, on_bytes=told.append)

    bucket.complete(KEY, upload_id, parts)
    assert bucket.read(KEY) == film.read_bytes()
    assert sum(told) == SIZE
    assert sorted(exchange.part or 0 for exchange in bucket.proxy.exchanges) == [1, 2, 2, 3, 4]


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_damaged_part_is_refused_and_takes_the_upload_of_rclone_with_it(
    number: int, film: Path, upload_id: str, bucket: Bucket, line: Line
) -> None:
    """rclone has written a part before it knows its digest; what other servers do: tests/storage/test_conformance."""
    bucket.proxy.fault = first_of_part(number, Fault(flip=1000))

    with pytest.raises(UploadLost, match=rf"part {number} of encode\.mkv"):
        upload(film, bucket.part_urls(KEY, upload_id), part_size=PART, line=line, workers=1)

    with pytest.raises(ClientError, match="NoSuchUpload"):
        bucket.direct.list_parts(Bucket="films", Key=KEY, UploadId=upload_id)


def test_urls_are_asked_for_in_batches_and_a_refused_one_alone(
    film: Path, upload_id: str, bucket: Bucket, line: Line
) -> None:
    asked: list[list[int]] = []

    def urls(numbers):
        asked.append(list(numbers))
        return bucket.part_urls(KEY, upload_id)(numbers)

    bucket.proxy.fault = first_of_part(3, Fault(answer=(403, proxies.EXPIRED)))

    upload(film, urls, part_size=PART, line=line)

    assert asked == [[1, 2, 3, 4], [3]]


def test_a_url_that_is_refused_when_fresh_is_an_error_that_shows_no_secret(
    film: Path, upload_id: str, bucket: Bucket, line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bucket.proxy.fault = lambda exchange: Fault(answer=(403, proxies.EXPIRED)) if exchange.part == 2 else Fault()

    with pytest.raises(UrlExpired, match=r"part 2 of encode\.mkv.*403 AccessDenied"):
        upload(film, bucket.part_urls(KEY, upload_id), part_size=PART, line=line)

    own = [record.getMessage() for record in caplog.records if not record.name.startswith("boto")]
    assert own
    assert not [message for message in own if "Signature" in message]


@pytest.mark.parametrize("through_proxy", [True, False])
def test_an_upload_the_bucket_has_forgotten_is_named(
    through_proxy: bool, film: Path, bucket: Bucket, line: Line
) -> None:
    """The server says so before it has read the part, and hangs up."""
    bucket = bucket if through_proxy else replace(bucket, client=bucket.direct)
    upload_id = bucket.begin(KEY)
    bucket.direct.abort_multipart_upload(Bucket="films", Key=KEY, UploadId=upload_id)

    with pytest.raises(UploadLost):
        upload(film, bucket.part_urls(KEY, upload_id), part_size=PART, line=line)


def test_a_server_in_trouble_for_good_breaks_the_transfer(
    film: Path, upload_id: str, bucket: Bucket, line: Line
) -> None:
    bucket.proxy.fault = lambda _: Fault(answer=(503, b""))

    with pytest.raises(TransferBroken, match="the server answered 503"):
        upload(film, bucket.part_urls(KEY, upload_id), part_size=PART, line=line, workers=1)

    assert len(bucket.proxy.exchanges) == 4


def test_parts_that_are_there_are_not_sent_again(
    film: Path, upload_id: str, bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    journal = UploadJournal(tmp_path / "parts", upload_id)
    bucket.proxy.fault = lambda exchange: Fault(answer=(500, b"")) if exchange.part == 3 else Fault()
    with pytest.raises(TransferBroken):
        upload(film, bucket.part_urls(KEY, upload_id), part_size=PART, line=line, workers=1, on_part=journal.note)
    bucket.proxy.forget()
    told: list[int] = []

    again = UploadJournal(tmp_path / "parts", upload_id)
    parts = upload(
        film, bucket.part_urls(KEY, upload_id), part_size=PART, done=again.done, line=line, on_bytes=told.append
    )

    bucket.complete(KEY, upload_id, parts)
    assert bucket.read(KEY) == film.read_bytes()
    assert bucket.proxy.up == SIZE - 2 * PART
    assert told[0] == 2 * PART
    assert sum(told) == SIZE


CHILD = """
import json, sys
from pathlib import Path
from reencodarr.transfer.journals import UploadJournal
from reencodarr.transfer.upload import upload
path, upload_id, part_size, urls = sys.argv[1:]
urls = {int(number): url for number, url in json.loads(urls).items()}
journal = UploadJournal(Path(path + ".parts"), upload_id)
def note(part):
    journal.note(part)
    print(part.number, flush=True)
upload(Path(path), lambda numbers: {n: urls[n] for n in numbers}, part_size=int(part_size), workers=1, on_part=note)
"""


def test_a_killed_process_is_resumed_with_what_is_missing(
    film: Path, upload_id: str, bucket: Bucket, line: Line
) -> None:
    """The proxy hangs at the third part, so the kill hits the transfer in its middle, at any speed."""
    import json

    bucket.proxy.fault = lambda exchange: Fault(hang=True) if exchange.part == 3 else Fault()
    urls = json.dumps(bucket.part_urls(KEY, upload_id)([1, 2, 3, 4]))
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, film, upload_id, str(PART), urls], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout
    assert [child.stdout.readline(), child.stdout.readline()] == ["1\n", "2\n"]
    child.send_signal(signal.SIGKILL)
    child.communicate()
    bucket.proxy.forget()

    journal = UploadJournal(Path(f"{film}.parts"), upload_id)
    parts = upload(film, bucket.part_urls(KEY, upload_id), part_size=PART, done=journal.done, line=line)

    assert bucket.proxy.up == SIZE - 2 * PART
    bucket.complete(KEY, upload_id, parts)
    assert bucket.read(KEY) == film.read_bytes()


@pytest.mark.parametrize("fault", [Fault(hang=True), Fault(answer=(500, b""))])
def test_a_stop_is_heard_while_it_waits(fault: Fault, film: Path, upload_id: str, bucket: Bucket) -> None:
    bucket.proxy.fault = lambda _: fault
    asked = threading.Event()
    line = replace(hurried(silence=60.0, first_pause=60.0, longest_pause=60.0), stop=asked.is_set)
    threading.Timer(0.3, asked.set).start()

    with pytest.raises(WorkStopped):
        upload(film, bucket.part_urls(KEY, upload_id), part_size=PART, line=line)


def test_a_file_that_is_gone_is_named(upload_id: str, bucket: Bucket, line: Line, tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="gone"):
        upload(tmp_path / "gone", bucket.part_urls(KEY, upload_id), part_size=PART, line=line)


def test_a_file_that_becomes_shorter_is_named(film: Path, upload_id: str, bucket: Bucket, line: Line) -> None:
    def shorten(part: Part) -> None:
        with film.open("r+b") as file:
            file.truncate(2 * PART)

    with pytest.raises(FileUnreadable, match="shorter"):
        upload(film, bucket.part_urls(KEY, upload_id), part_size=PART, line=line, workers=1, on_part=shorten)


def test_an_empty_file_is_one_empty_part(upload_id: str, bucket: Bucket, line: Line, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    parts = upload(tmp_path / "empty", bucket.part_urls(KEY, upload_id), part_size=PART, line=line)

    assert [(part.number, part.size) for part in parts] == [(1, 0)]
