"""The cap at work: real transfers over several connections take as long as all their bytes together cost.

Only the least time is asserted, so that no busy machine fails it; and the cap is chosen so that this is more than the
same transfer took without one.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reencodarr.transfer.download import download
from reencodarr.transfer.line import Line
from reencodarr.transfer.pace import BURST, Pace
from reencodarr.transfer.upload import upload
from reencodarr.transfer.urls import Renewing
from reencodarr.units import KIB, MIB, Bytes
from tests.transfer.conftest import SIZE, Bucket, Film
from tests.transfer.proxy import Exchange, Fault

KEY = "jobs/2/1/film.mkv"
PART = Bytes(5 * MIB)
"""The smallest that S3 takes."""
BOOKING = 256 * KIB
"""No transfer books more bytes at a time; those, and what may move in BURST, are free (`pace.booking`)."""
SLOWER = 0.4
"""Seconds that the cap costs at the least."""

Transfer = Callable[[Line], object]


@pytest.fixture
def fetch(film: Film, url: Renewing, tmp_path: Path) -> Transfer:
    """Each time the whole film anew."""
    copies = iter(range(10))
    return lambda line: download(url, tmp_path / f"film {next(copies)}", film.digests, line=line)


@pytest.fixture
def send(bucket: Bucket, tmp_path: Path) -> Transfer:
    """Each time a whole encode, as large as the film."""
    encode = tmp_path / "encode"
    encode.write_bytes(random.Random(6).randbytes(SIZE))
    return lambda line: upload(encode, bucket.part_urls(KEY, bucket.begin(KEY)), part_size=PART, line=line)


def took(transfers: Sequence[Transfer], line: Line) -> float:
    """Seconds for all of them at once."""
    began = time.monotonic()
    with ThreadPoolExecutor(len(transfers)) as threads:
        list(threads.map(lambda transfer: transfer(line), transfers))
    return time.monotonic() - began


@pytest.mark.parametrize("names", [["fetch"], ["send"], ["fetch", "send"]], ids=["down", "up", "both at once"])
def test_all_connections_together_heed_the_cap(
    names: list[str], bucket: Bucket, request: pytest.FixtureRequest
) -> None:
    transfers: list[Transfer] = [request.getfixturevalue(name) for name in names]
    size, connections = SIZE * len(names), 2 * len(names)
    freely = took(transfers, Line())
    cap = (size - BOOKING) / (freely + BURST + SLOWER)
    all_there = threading.Barrier(connections)

    def together(exchange: Exchange) -> Fault:
        if exchange.number < connections:
            all_there.wait(120)
        return Fault()

    bucket.proxy.forget()
    bucket.proxy.fault = together
    capped = took(transfers, Line(pace=Pace(cap)))

    assert capped >= freely + SLOWER
    assert bucket.proxy.down + bucket.proxy.up >= size
