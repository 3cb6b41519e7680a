import hashlib
import io
import logging
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.errors import NoSpace, ObjectDamaged, ObjectMissing, TransferBroken, UrlExpired, WorkStopped
from reencodarr.transfer import blocks
from reencodarr.transfer.blocks import BLOCK, Digests
from reencodarr.transfer.download import download, spans
from reencodarr.transfer.line import Line
from reencodarr.transfer.urls import Renewing
from reencodarr.units import Bytes
from tests.storage import servers
from tests.transfer import proxy as proxies
from tests.transfer.conftest import SIZE, Bucket, Film, client_of, hurried
from tests.transfer.proxy import Fault


def once(fault: Fault):
    """For the first request only."""
    return lambda exchange: fault if exchange.number == 0 else Fault()


def test_a_film_arrives_whole_and_is_told_of_on_the_way(film: Film, url: Renewing, line: Line, tmp_path: Path) -> None:
    told: list[int] = []

    moved = download(url, tmp_path / "film", film.digests, line=line, on_bytes=told.append)

    assert (tmp_path / "film").read_bytes() == film.data
    assert moved == SIZE
    assert sum(told) == SIZE
    assert [path.name for path in tmp_path.iterdir()] == ["film"]


def test_what_is_there_and_right_is_not_fetched_again(
    film: Film, url: Renewing, bucket: Bucket, tmp_path: Path
) -> None:
    (tmp_path / "film").write_bytes(film.data)

    moved = download(url, tmp_path / "film", film.digests)

    assert moved == 0
    assert not bucket.proxy.exchanges


def test_what_is_there_and_wrong_is_not_believed(film: Film, url: Renewing, tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(bytes(SIZE))

    download(url, tmp_path / "film", film.digests)

    assert (tmp_path / "film").read_bytes() == film.data


@pytest.mark.parametrize(
    "fault",
    [
        Fault(answer=(500, b"")),
        Fault(answer=(503, b"<Error><Code>SlowDown</Code></Error>")),
        Fault(answer=(400, proxies.LATE)),
        Fault(truncate=3 * BLOCK + 5),
        Fault(reset=3 * BLOCK + 5),
        Fault(reset=0),
        Fault(drip=0.2),
        Fault(hang=True),
        Fault(flip=3 * BLOCK + 77),
        Fault(ignore_range=True),
    ],
    ids=["500", "503", "400 for slowness", "truncated", "reset", "reset at once", "drip", "hang", "flip", "no range"],
)
def test_one_mishap_is_overcome(fault: Fault, film: Film, url: Renewing, bucket: Bucket, tmp_path: Path) -> None:
    bucket.proxy.fault = once(fault)

    download(url, tmp_path / "film", film.digests, line=hurried(silence=1.0))

    assert (tmp_path / "film").read_bytes() == film.data
    assert len(bucket.proxy.exchanges) > 2


def test_blocks_that_came_before_a_break_are_not_fetched_again(
    film: Film, url: Renewing, bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    bucket.proxy.fault = once(Fault(truncate=3 * BLOCK + 5))

    moved = download(url, tmp_path / "film", film.digests, line=line, workers=1)

    assert moved == SIZE + 5
    assert bucket.proxy.exchanges[1].range == (3 * BLOCK, 16 * BLOCK)


def test_breaks_with_gains_between_them_do_not_add_up(
    film: Film, url: Renewing, bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    bucket.proxy.fault = lambda _: Fault(truncate=2 * BLOCK)

    download(url, tmp_path / "film", film.digests, line=line, workers=1)

    assert len(bucket.proxy.exchanges) == 11


@pytest.mark.parametrize("status", [403, 400])
def test_an_expired_url_is_renewed(status: int, film: Film, bucket: Bucket, line: Line, tmp_path: Path) -> None:
    fetched: list[str] = []

    def fetch() -> str:
        fetched.append(bucket.get_url())
        return fetched[-1]

    bucket.proxy.fault = once(Fault(answer=(status, proxies.EXPIRED)))

    download(Renewing(fetch), tmp_path / "film", film.digests, line=line, workers=1)

    assert len(fetched) == 2


def test_a_url_that_the_server_itself_finds_expired_is_renewed(
    film: Film, bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    urls = iter([bucket.get_url(seconds=1), bucket.get_url()])
    time.sleep(2.1)

    download(Renewing(lambda: next(urls)), tmp_path / "film", film.digests, line=line)

    assert (tmp_path / "film").read_bytes() == film.data


def test_a_url_that_is_refused_when_fresh_is_an_error_that_shows_no_secret(
    film: Film, bucket: Bucket, line: Line, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bucket.proxy.fault = lambda _: Fault(answer=(403, proxies.EXPIRED))

    with pytest.raises(UrlExpired) as refused:
        download(Renewing(bucket.get_url), tmp_path / "film", film.digests, line=line)

    assert "sources/1-ab/film" in str(refused.value)
    assert "X-Amz" not in str(refused.value)
    own = [record.getMessage() for record in caplog.records if not record.name.startswith("boto")]
    assert own
    assert not [message for message in own if "Signature" in message]


def test_a_success_logs_no_secret(
    film: Film, bucket: Bucket, line: Line, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    download(Renewing(bucket.get_url), tmp_path / "film", film.digests, line=line)

    own = [record.getMessage() for record in caplog.records if not record.name.startswith("boto")]
    assert any(message.startswith("downloaded") for message in own)
    assert not [message for message in own if "Signature" in message]


def test_a_server_in_trouble_for_good_breaks_the_transfer(
    film: Film, url: Renewing, bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    bucket.proxy.fault = lambda _: Fault(answer=(500, b""))

    with pytest.raises(TransferBroken, match="the film broke off 4 times in a row, at last: the server answered 500"):
        download(url, tmp_path / "film", film.digests, line=line, workers=1)

    assert len(bucket.proxy.exchanges) == 4


def test_a_server_that_never_sends_ranges_is_not_used(
    film: Film, url: Renewing, bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    bucket.proxy.fault = lambda _: Fault(ignore_range=True)

    with pytest.raises(TransferBroken, match="instead of the range"):
        download(url, tmp_path / "film", film.digests, line=line)


@pytest.mark.parametrize("status", [200, 206])
def test_a_range_is_taken_under_both_statuses(
    status: int, film: Film, url: Renewing, bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    bucket.proxy.fault = lambda _: Fault(partial_status=status)

    download(url, tmp_path / "film", film.digests, line=line)

    assert (tmp_path / "film").read_bytes() == film.data


def test_a_byte_that_stays_wrong_is_named_by_its_block(
    film: Film, url: Renewing, bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    wrong = 7 * BLOCK + 9
    bucket.proxy.fault = lambda exchange: Fault(
        flip=wrong - exchange.range[0] if exchange.range and exchange.range[0] <= wrong < exchange.range[1] else None
    )

    with pytest.raises(ObjectDamaged, match="Block 7 of the film"):
        download(url, tmp_path / "film", film.digests, line=line)

    assert not (tmp_path / "film").exists()


def test_an_object_of_another_size_is_refused(film: Film, url: Renewing, line: Line, tmp_path: Path) -> None:
    longer = replace(film.digests, size=Bytes(SIZE + 1))

    with pytest.raises(ObjectDamaged, match=f"{SIZE} bytes; {SIZE + 1} were announced"):
        download(url, tmp_path / "film", longer, line=line)


def test_blocks_that_fit_but_not_the_whole_are_refused_and_forgotten(
    film: Film, url: Renewing, line: Line, tmp_path: Path
) -> None:
    other = replace(film.digests, sha256="00" * 32)

    with pytest.raises(ObjectDamaged, match="SHA-256"):
        download(url, tmp_path / "film", other, line=line)

    assert not list(tmp_path.iterdir())


def test_an_object_that_is_gone_is_named(bucket: Bucket, film: Film, line: Line, tmp_path: Path) -> None:
    gone = Renewing(lambda: bucket.get_url("sources/gone"))

    with pytest.raises(ObjectMissing, match="sources/gone"):
        download(gone, tmp_path / "film", film.digests, line=line)


def test_nobody_listening_is_a_broken_transfer(film: Film, line: Line, tmp_path: Path) -> None:
    dead = Renewing(lambda: "http://127.0.0.1:9/films/film?X-Amz-Signature=secret", name="the film")

    with pytest.raises(TransferBroken, match=r"127\.0\.0\.1 port 9 cannot be reached: Connection refused"):
        download(dead, tmp_path / "film", film.digests, line=line)


def test_an_empty_object_is_an_empty_file(line: Line, tmp_path: Path) -> None:
    empty = Digests(size=Bytes(0), sha256=hashlib.sha256().hexdigest(), packed=b"")

    download(Renewing(lambda: "http://127.0.0.1:9/never"), tmp_path / "film", empty, line=line)

    assert (tmp_path / "film").read_bytes() == b""


def test_a_broken_off_download_goes_on(film: Film, url: Renewing, bucket: Bucket, line: Line, tmp_path: Path) -> None:
    bucket.proxy.fault = lambda exchange: Fault(answer=(500, b"")) if exchange.number else Fault(truncate=6 * BLOCK)
    with pytest.raises(TransferBroken):
        download(url, tmp_path / "film", film.digests, line=line, workers=1)
    bucket.proxy.forget()
    told: list[int] = []

    moved = download(url, tmp_path / "film", film.digests, line=line, on_bytes=told.append)

    assert moved == bucket.proxy.down == SIZE - 6 * BLOCK
    assert told[0] == 6 * BLOCK
    assert (tmp_path / "film").read_bytes() == film.data


def test_what_lies_there_from_before_is_verified(
    film: Film, url: Renewing, bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    bucket.proxy.fault = lambda exchange: Fault(answer=(500, b"")) if exchange.number else Fault(truncate=6 * BLOCK)
    with pytest.raises(TransferBroken):
        download(url, tmp_path / "film", film.digests, line=line, workers=1)
    bucket.proxy.forget()
    with (tmp_path / "film.part").open("r+b") as file:
        file.seek(2 * BLOCK + 5)
        file.write(b"rotten")

    moved = download(url, tmp_path / "film", film.digests, line=line)

    assert moved == SIZE - 5 * BLOCK
    assert (tmp_path / "film").read_bytes() == film.data


def test_what_lies_there_from_another_object_is_not_used(film: Film, url: Renewing, line: Line, tmp_path: Path) -> None:
    (tmp_path / "film.part").write_bytes(film.data[:BLOCK])
    (tmp_path / "film.blocks").write_text('{"of": "another"}\n0\n')

    moved = download(url, tmp_path / "film", film.digests, line=line)

    assert moved == SIZE


CHILD = """
import json, sys
from pathlib import Path
from reencodarr.transfer.blocks import Digests
from reencodarr.transfer.download import download
from reencodarr.transfer.urls import Renewing
url, path, size, sha256, packed = sys.argv[1:]
download(Renewing(lambda: url), Path(path), Digests(size=int(size), sha256=sha256, packed=bytes.fromhex(packed)),
    on_bytes=lambda n: print(n, flush=True))
"""


def test_a_killed_process_is_resumed_with_what_is_missing(
    film: Film, bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    """The proxy hangs after the blocks that came, so the kill hits a transfer in its middle, at any speed."""
    bucket.proxy.fault = lambda exchange: Fault(drip=0.05) if exchange.range and exchange.range[0] else Fault()
    known = film.digests
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, bucket.get_url(), tmp_path / "film"]
        + [str(known.size), known.sha256, known.packed.hex()],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout
    came = 0
    while came < 16 * BLOCK:
        came += int(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert (tmp_path / "film.part").exists()
    bucket.proxy.forget()

    moved = download(Renewing(bucket.get_url), tmp_path / "film", known, line=line)

    assert moved == bucket.proxy.down == SIZE - 16 * BLOCK
    assert (tmp_path / "film").read_bytes() == film.data


@pytest.mark.parametrize("fault", [Fault(hang=True), Fault(drip=0.05), Fault(answer=(500, b""))])
def test_a_stop_is_heard_while_it_waits(
    fault: Fault, film: Film, url: Renewing, bucket: Bucket, tmp_path: Path
) -> None:
    bucket.proxy.fault = lambda _: fault
    asked = threading.Event()
    patient = replace(hurried(silence=60.0, first_pause=60.0, longest_pause=60.0), stop=asked.is_set)
    threading.Timer(0.3, asked.set).start()

    with pytest.raises(WorkStopped):
        download(url, tmp_path / "film", film.digests, line=patient)


def test_a_stop_is_heard_while_it_connects(film: Film, tmp_path: Path) -> None:
    """A listener whose queue is full lets everybody wait."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        asked = threading.Event()
        threading.Timer(0.3, asked.set).start()
        line = replace(hurried(connect=60.0), stop=asked.is_set)

        with pytest.raises(WorkStopped):
            download(
                Renewing(lambda: f"http://127.0.0.1:{full.getsockname()[1]}/x"),
                tmp_path / "film",
                film.digests,
                line=line,
            )

        for client in waiting:
            client.close()


def test_an_error_of_whoever_makes_the_urls_is_passed_on(film: Film, line: Line, tmp_path: Path) -> None:
    def broken() -> str:
        raise LookupError("the server does not answer")

    with pytest.raises(LookupError, match="does not answer"):
        download(Renewing(broken), tmp_path / "film", film.digests, line=line)


def test_a_film_that_does_not_fit_is_refused_before_the_first_byte(
    url: Renewing, bucket: Bucket, line: Line, tmp_path: Path
) -> None:
    count = 2**21
    huge = Digests(size=Bytes(count * BLOCK), sha256="00", packed=bytes(16 * count))

    with pytest.raises(NoSpace):
        download(url, tmp_path / "film", huge, line=line)

    assert not bucket.proxy.exchanges


@pytest.mark.parametrize("name", ["rclone", pytest.param("swift", marks=pytest.mark.slow)])
def test_encryption_changes_nothing(name: str, line: Line, tmp_path: Path) -> None:
    with servers.serving(name, tmp_path / "s3", tls=True) as server:
        client = client_of(server, server.endpoint, verify=str(server.verify))
        client.create_bucket(Bucket="films")
        data = random.Random(1).randbytes(3 * BLOCK + 5)
        client.put_object(Bucket="films", Key="film", Body=data)
        url = Renewing(
            lambda: client.generate_presigned_url("get_object", Params={"Bucket": "films", "Key": "film"}), name="it"
        )
        digests = blocks.digests(io.BytesIO(data))
        trusting = replace(line, trust=ssl.create_default_context(cafile=str(server.verify)))

        download(url, tmp_path / "film", digests, line=trusting)
        with pytest.raises(TransferBroken, match="certificate verify failed"):
            download(url, tmp_path / "other", digests, line=line)

    assert (tmp_path / "film").read_bytes() == data


@given(st.sets(st.integers(0, 60)), st.integers(1, 20))
def test_spans_cover_each_number_once_in_order(numbers: set[int], longest: int) -> None:
    runs = list(spans(sorted(numbers), longest))

    assert [number for run in runs for number in run] == sorted(numbers)
    assert all(0 < len(run) <= longest for run in runs)
    assert all(len(a) == longest or a.stop < b.start for a, b in pairwise(runs))
