"""When an expired URL is renewed, and when trying ends."""

import pytest

from reencodarr.errors import UrlExpired
from reencodarr.transfer import small
from reencodarr.transfer.line import Line
from reencodarr.transfer.urls import Renewing
from tests.transfer import proxy as proxies
from tests.transfer.conftest import Bucket
from tests.transfer.proxy import Fault

EXPIRED, TROUBLE = Fault(answer=(403, proxies.EXPIRED)), Fault(answer=(500, b""))


def put(bucket: Bucket, line: Line, faults: list[Fault]) -> None:
    bucket.proxy.fault = lambda exchange: faults[exchange.number] if exchange.number < len(faults) else Fault()
    small.put(Renewing(lambda: bucket.put_url("result.json")), b"{}", line=line)


def test_a_url_may_expire_again_in_an_outage_that_outlasts_it(bucket: Bucket, line: Line) -> None:
    put(bucket, line, [EXPIRED, TROUBLE, EXPIRED, TROUBLE, EXPIRED])

    assert bucket.read("result.json") == b"{}"


def test_a_fresh_url_that_is_refused_at_once_is_no_use(bucket: Bucket, line: Line) -> None:
    with pytest.raises(UrlExpired):
        put(bucket, line, [EXPIRED, EXPIRED])
