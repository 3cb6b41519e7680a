import io
import random
import threading
from dataclasses import replace
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reencodarr.errors import ObjectDamaged, TransferBroken, WorkStopped
from reencodarr.transfer import blocks
from reencodarr.transfer.blocks import BLOCK
from reencodarr.transfer.line import Line
from reencodarr.transfer.ranged import RangedFile
from reencodarr.transfer.urls import Renewing
from reencodarr.units import KIB
from tests.transfer import proxy as proxies
from tests.transfer.conftest import SIZE, Bucket, Film, hurried
from tests.transfer.proxy import Fault


def test_it_reads_like_the_file(film: Film, url: Renewing, line: Line, kept: Path) -> None:
    with RangedFile(url, film.digests, kept, line=line) as ranged:
        whole = io.BufferedReader(ranged).read()

    assert whole == film.data


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    reads=st.lists(
        st.tuples(
            st.sampled_from([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END]),
            st.integers(-SIZE, SIZE + 10),
            st.integers(0, 3 * BLOCK),
        ),
        max_size=12,
    ),
    ahead=st.integers(0, 4),
)
def test_any_reads_anywhere_give_what_the_file_has(
    reads: list[tuple[int, int, int]], ahead: int, film: Film, url: Renewing, kept: Path
) -> None:
    local = io.BytesIO(film.data)

    with RangedFile(url, film.digests, kept, ahead=ahead) as ranged:
        for whence, offset, size in reads:
            base = {io.SEEK_SET: 0, io.SEEK_CUR: ranged.tell(), io.SEEK_END: SIZE}[whence]
            if base + offset < 0:
                with pytest.raises(ValueError, match="before the beginning"):
                    ranged.seek(offset, whence)
                continue
            assert ranged.seek(offset, whence) == local.seek(base + offset)
            got = ranged.read(size)
            assert got == local.read(len(got))
            assert got or not size or base + offset >= SIZE
            local.seek(ranged.tell())


def test_no_block_is_fetched_twice(film: Film, url: Renewing, bucket: Bucket, line: Line, kept: Path) -> None:
    order = random.Random(7)

    with RangedFile(url, film.digests, kept, line=line) as ranged:
        for _ in range(400):
            ranged.seek(order.randrange(SIZE))
            ranged.read(32 * KIB)
        for offset in range(0, SIZE, 32 * KIB):
            ranged.seek(offset)
            ranged.read(32 * KIB)
        moved = ranged.moved

    fetched = [block for exchange in bucket.proxy.exchanges for block in blocks.touched(*exchange.range)]
    assert sorted(fetched) == list(range(film.digests.count))
    assert moved == SIZE


def test_a_few_reads_move_a_few_blocks(film: Film, url: Renewing, line: Line, kept: Path) -> None:
    with RangedFile(url, film.digests, kept, line=line) as ranged:
        ranged.seek(-10, io.SEEK_END)
        ranged.read(10)
        ranged.seek(5 * BLOCK - 5)
        ranged.read(3)
        moved = ranged.moved

    assert moved == BLOCK + film.digests.length(film.digests.count - 1)


def test_reading_straight_on_is_served_ahead_in_requests_of_several_blocks(
    film: Film, url: Renewing, bucket: Bucket, line: Line, kept: Path
) -> None:
    with RangedFile(url, film.digests, kept, line=line) as ranged:
        while ranged.read(64 * KIB):
            pass

    # How many blocks go into one request depends on who is faster, reader or bucket; one by one, they would be more.
    assert len(bucket.proxy.exchanges) < SIZE // BLOCK


def test_reading_ahead_goes_a_few_blocks_only(
    film: Film, url: Renewing, bucket: Bucket, line: Line, kept: Path
) -> None:
    with RangedFile(url, film.digests, kept, line=line, ahead=2) as ranged:
        ranged.read(BLOCK)
        ranged.read(BLOCK)
    beyond = max(exchange.range[1] for exchange in bucket.proxy.exchanges if exchange.range)

    assert beyond <= 4 * BLOCK


def test_what_is_expected_is_fetched_in_whole_runs_and_nothing_else(
    film: Film, url: Renewing, bucket: Bucket, line: Line, kept: Path
) -> None:
    with RangedFile(url, film.digests, kept, line=line, ahead=0) as ranged:
        ranged.expect([(BLOCK + 5, 3 * BLOCK + 5), (10 * BLOCK, 11 * BLOCK), (SIZE - 5, SIZE + 99)])
        for start in (10 * BLOCK + 7, BLOCK + 5, SIZE - 5):
            ranged.seek(start)
            assert ranged.read(5) == film.data[start : start + 5]
        ranged.seek(3 * BLOCK)
        ranged.read(1)
        moved = ranged.moved

    assert moved == 4 * BLOCK + film.digests.length(film.digests.count - 1)


def test_the_kept_blocks_are_deleted_at_the_end(film: Film, url: Renewing, line: Line, kept: Path) -> None:
    with RangedFile(url, film.digests, kept, line=line) as ranged:
        ranged.read(5)
        assert kept.stat().st_size <= 2 * BLOCK

    assert not kept.exists()
    with pytest.raises(ValueError, match="closed"):
        ranged.read(5)
    ranged.close()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(answer=(500, b"")),
        Fault(answer=(403, proxies.EXPIRED)),
        Fault(answer=(400, proxies.EXPIRED)),
        Fault(truncate=5000),
        Fault(reset=5000),
        Fault(flip=5000),
        Fault(ignore_range=True),
        Fault(hang=True),
    ],
    ids=["500", "expired 403", "expired 400", "truncated", "reset", "flip", "no range", "hang"],
)
def test_a_mishap_of_each_second_request_is_overcome(fault: Fault, film: Film, bucket: Bucket, kept: Path) -> None:
    bucket.proxy.fault = lambda exchange: fault if exchange.number % 2 == 0 and exchange.number < 8 else Fault()

    with RangedFile(Renewing(bucket.get_url), film.digests, kept, line=hurried(silence=0.3)) as ranged:
        ranged.seek(3 * BLOCK - 100)
        read = b"".join(iter(lambda: ranged.read(50_000), b""))

    assert read == film.data[3 * BLOCK - 100 :]


def test_a_block_that_stays_wrong_is_named(film: Film, url: Renewing, bucket: Bucket, line: Line, kept: Path) -> None:
    bucket.proxy.fault = lambda _: Fault(flip=100)

    with RangedFile(url, film.digests, kept, line=line) as ranged:
        ranged.seek(4 * BLOCK)
        with pytest.raises(ObjectDamaged, match="Block 4 of the film"):
            ranged.read(10)

    assert len(bucket.proxy.exchanges) == 2


def test_what_breaks_while_reading_ahead_is_named_when_it_is_read(
    film: Film, url: Renewing, bucket: Bucket, line: Line, kept: Path
) -> None:
    bucket.proxy.fault = lambda exchange: Fault(answer=(500, b"")) if exchange.range[1] > 3 * BLOCK else Fault()

    with RangedFile(url, film.digests, kept, line=line) as ranged:
        assert ranged.read(BLOCK) == film.data[:BLOCK]
        ranged.read(BLOCK)
        assert ranged.read(BLOCK) == film.data[2 * BLOCK : 3 * BLOCK]
        with pytest.raises(TransferBroken):
            ranged.read(BLOCK)


def test_a_stop_is_heard_while_it_waits(film: Film, url: Renewing, bucket: Bucket, kept: Path) -> None:
    bucket.proxy.fault = lambda _: Fault(hang=True)
    asked = threading.Event()
    line = replace(hurried(silence=60.0), stop=asked.is_set)
    threading.Timer(0.3, asked.set).start()

    with RangedFile(url, film.digests, kept, line=line) as ranged, pytest.raises(WorkStopped):
        ranged.read(10)


def test_closing_waits_for_no_answer(film: Film, url: Renewing, bucket: Bucket, kept: Path) -> None:
    bucket.proxy.fault = lambda _: Fault(hang=True)

    with RangedFile(url, film.digests, kept, line=hurried(silence=60.0, connect=60.0)) as ranged:
        ranged.expect([(0, SIZE)])

    assert ranged.closed


def test_pyav_reads_packets_as_from_the_file(bikes: Path, bucket: Bucket, line: Line, kept: Path) -> None:
    bucket.store("bikes", bikes.read_bytes())
    with bikes.open("rb") as file:
        digests = blocks.digests(file)

    with (
        RangedFile(Renewing(lambda: bucket.get_url("bikes")), digests, kept, line=line) as ranged,
        av.open(ranged) as remote,
        av.open(str(bikes)) as local,
    ):
        remote.seek(5_000_000)
        local.seek(5_000_000)
        packets = [[(packet.pts, bytes(packet)) for packet in film.demux(video=0)] for film in (remote, local)]

    assert packets[0] == packets[1]
    assert len(packets[0]) > 100


def test_pyav_passes_our_errors_on(bikes: Path, bucket: Bucket, line: Line, kept: Path) -> None:
    bucket.store("bikes", bikes.read_bytes())
    with bikes.open("rb") as file:
        digests = blocks.digests(file)
    bucket.proxy.fault = lambda _: Fault(answer=(500, b""))

    with (
        RangedFile(Renewing(lambda: bucket.get_url("bikes")), digests, kept, line=line) as ranged,
        pytest.raises(TransferBroken),
    ):
        av.open(ranged)
