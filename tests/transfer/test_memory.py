import random
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from reencodarr.transfer import blocks
from reencodarr.transfer.blocks import BLOCK
from reencodarr.transfer.download import download
from reencodarr.transfer.line import Line
from reencodarr.transfer.ranged import RangedFile
from reencodarr.transfer.upload import upload
from reencodarr.transfer.urls import Renewing
from reencodarr.units import MIB, Bytes
from tests.transfer.conftest import Bucket

SIZE = 200 * MIB
MOST = 16 * MIB


@pytest.mark.slow
def test_memory_does_not_grow_with_the_film(bucket: Bucket, tmp_path: Path) -> None:
    """200 MiB up and down with less than 16 in memory; the proxy, whose memory would count, is left out.

    The line is patient, because rclone reads an object whole, for its MD5, before it sends the first byte.
    """
    line = Line()
    film = tmp_path / "film"
    with film.open("wb") as file:
        file.write(random.Random(2).randbytes(BLOCK))
        file.truncate(SIZE)
    direct = replace(bucket, client=bucket.direct)
    upload_id = direct.begin("large")
    urls = direct.part_urls("large", upload_id)
    urls([1])  # boto3 remembers much at its first URL.
    direct.get_url("large")

    tracemalloc.start()
    with film.open("rb") as file:
        digests = blocks.digests(file)
    parts = upload(film, urls, part_size=Bytes(64 * MIB), line=line)
    _, peak_up = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    direct.complete("large", upload_id, parts)
    url = Renewing(lambda: direct.get_url("large"))
    tracemalloc.start()
    download(url, tmp_path / "back", digests, line=line)
    _, peak_down = tracemalloc.get_traced_memory()
    with RangedFile(url, digests, tmp_path / "kept", line=line) as ranged:
        ranged.seek(SIZE - 40 * MIB)
        while ranged.read(MIB):
            pass
    _, peak_ranged = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert max(peak_up, peak_down, peak_ranged) < MOST
    assert (tmp_path / "back").stat().st_size == SIZE
