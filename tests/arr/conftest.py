"""One pretended instance of each kind, and a connection to it that does not wait long."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from reencodarr.arr import application
from reencodarr.arr.application import Application
from reencodarr.arr.client import Times
from reencodarr.arr.instance import Instance, Kind
from reencodarr.units import Seconds
from tests.arr.fake import KEY, Fake, serving

QUICK = Times(connect=Seconds(2), answer=Seconds(2), first_pause=Seconds(0.01), longest_pause=Seconds(0.5))


def instance_of(fake: Fake) -> Instance:
    return Instance(name="main", kind=Kind(fake.kind), url=fake.url, api_key=SecretStr(KEY))


def connected(fake: Fake, *, key: str = KEY, times: Times = QUICK, url: str = "") -> Application:
    instance = instance_of(fake)
    return application.connect(replace(instance, api_key=SecretStr(key), url=url or fake.url), times=times)


@pytest.fixture(params=["sonarr", "radarr"])
def fake(request: pytest.FixtureRequest) -> Iterator[Fake]:
    with serving(Fake(request.param)) as running:
        yield running


@pytest.fixture
def app(fake: Fake) -> Iterator[Application]:
    with connected(fake) as connection:
        yield connection
