import hashlib
import os

import pytest

from reencodarr.errors import ObjectDamaged, UrlExpired
from reencodarr.transfer import small
from reencodarr.transfer.line import Line
from reencodarr.transfer.urls import Renewing
from reencodarr.units import Bytes
from tests.transfer import proxy as proxies
from tests.transfer.conftest import Bucket
from tests.transfer.proxy import Fault

DATA = os.urandom(700_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def sheet(bucket: Bucket) -> Renewing:
    bucket.store("sheet", DATA)
    return Renewing(lambda: bucket.get_url("sheet"), name="the sheet")


def test_an_object_is_had_if_it_is_the_announced_one(sheet: Renewing, line: Line) -> None:
    assert small.get(sheet, sha256=SHA256, line=line) == DATA


@pytest.mark.parametrize(
    "fault", [Fault(answer=(500, b"")), Fault(answer=(400, proxies.EXPIRED)), Fault(truncate=9), Fault(flip=9)]
)
def test_a_mishap_is_overcome(fault: Fault, sheet: Renewing, bucket: Bucket, line: Line) -> None:
    bucket.proxy.fault = lambda exchange: fault if exchange.number == 0 else Fault()

    assert small.get(sheet, sha256=SHA256, line=line) == DATA


def test_another_object_is_refused(sheet: Renewing, line: Line) -> None:
    with pytest.raises(ObjectDamaged, match="the sheet is not what was announced"):
        small.get(sheet, sha256="00" * 32, line=line)


def test_an_object_that_is_too_large_is_refused(sheet: Renewing, line: Line) -> None:
    with pytest.raises(ObjectDamaged, match="larger"):
        small.get(sheet, sha256=SHA256, largest=Bytes(1000), line=line)


@pytest.mark.parametrize("data", [DATA, b"{}", b""])
def test_an_object_is_written(data: bytes, bucket: Bucket, line: Line) -> None:
    small.put(Renewing(lambda: bucket.put_url("result.json")), data, line=line)

    assert bucket.read("result.json") == data


@pytest.mark.parametrize("fault", [Fault(answer=(500, b"")), Fault(answer=(403, proxies.EXPIRED)), Fault(flip=5)])
def test_an_object_is_written_in_spite_of_a_mishap(fault: Fault, bucket: Bucket, line: Line) -> None:
    bucket.proxy.fault = lambda exchange: fault if exchange.number == 0 else Fault()

    small.put(Renewing(lambda: bucket.put_url("result.json")), DATA, line=line)

    assert len(bucket.proxy.exchanges) == 2
    assert bucket.read("result.json") == DATA


def test_a_url_for_reading_does_not_write(bucket: Bucket, line: Line) -> None:
    with pytest.raises(UrlExpired):
        small.put(Renewing(lambda: bucket.get_url("result.json")), DATA, line=line)
