"""Answers of a bucket that go wrong, a few times for each object or for as long as a test wants."""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sqlmodel import select

from reencodarr.library import database
from reencodarr.library.tables import Job
from reencodarr.stages.machines import setbacks
from reencodarr.storage import bucket as buckets
from tests.faults.gates import Match
from tests.faults.rig import Rig
from tests.transfer.proxy import EXPIRED, LATE, Exchange, Fault, Proxy, well_behaved

TROUBLE = Fault(answer=(500, b"<Error><Code>InternalError</Code></Error>"))
BUSY = Fault(answer=(503, b"<Error><Code>SlowDown</Code></Error>"))
TOO_LATE = Fault(answer=(400, LATE))
REFUSED = Fault(answer=(403, EXPIRED))
TRUNCATED = Fault(truncate=100, reset_request=100)
RESET = Fault(reset=100, reset_request=100)
FLIPPED = Fault(flip=20)
DRIPPING = Fault(drip=0.002)


@dataclass(kw_only=True)
class First:
    """The first requests for each object and method that match go wrong, each in its way."""

    faults: Sequence[Fault]
    match: Match
    happened: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, exchange: Exchange) -> Fault:
        if not self.match(exchange):
            return Fault()
        name = f"{exchange.method} {exchange.target.partition('?')[0]}"
        with self._lock:
            number = self.happened[name]
            self.happened[name] += 1
        return self.faults[number] if number < len(self.faults) else Fault()

    @property
    def overcome(self) -> dict[str, int]:
        """How many requests each kind of object took."""
        return {f"{name.partition(' ')[0]} {name.rpartition('/')[2]}": self.happened[name] for name in self.happened}


@contextlib.contextmanager
def misbehaving(proxy: Proxy, fault: Callable[[Exchange], Fault]) -> Iterator[None]:
    """The proxy does that to every exchange until the block ends."""
    proxy.fault = fault
    try:
        yield
    finally:
        proxy.fault = well_behaved


def by_url(exchange: Exchange) -> bool:
    """Requests of a worker, who has nothing but signed URLs."""
    return "X-Amz-Signature=" in exchange.target


def by_key(exchange: Exchange) -> bool:
    """Requests of the server, who has a key."""
    return not by_url(exchange)


def behind_the_proxy(rig: Rig) -> Rig:
    """The same site, whose server reaches its bucket through the proxy as well."""
    said = rig.place.workplace.settings.bucket
    assert said.access_key is not None
    assert said.secret_key is not None
    through = buckets.open_bucket(
        endpoint=rig.proxy.endpoint,
        name=said.name,
        access_key=said.access_key.get_secret_value(),
        secret_key=said.secret_key.get_secret_value(),
    )
    return replace(rig, bucket=through)


def let_pauses_pass(rig: Rig) -> None:
    """As if the longest wait had gone by since the bucket last did not take a film."""
    with database.session(rig.place.workplace.database) as session:
        for row in session.exec(select(Job).where(Job.outcome == "returned", Job.worker == "")).all():
            row.ended_at = row.ended_at and row.ended_at - setbacks.LONGEST
