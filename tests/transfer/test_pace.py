import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reencodarr.errors import WorkStopped
from reencodarr.transfer.pace import BURST, Pace, booking

RATE = st.floats(1.0, 1e9)
STEPS = st.lists(st.tuples(st.floats(0.0, 10.0), st.integers(1, 1_000_000)), min_size=1, max_size=40)


@settings(deadline=None)
@given(RATE, STEPS)
def test_no_span_of_time_gets_more_than_its_share(rate: float, steps: list[tuple[float, int]]) -> None:
    now, free_at = 0.0, 0.0
    due: list[tuple[float, int]] = []
    for pause, amount in steps:
        now += pause
        booked = booking(free_at=free_at, now=now, amount=amount, rate=rate)
        free_at = booked.free_at
        due.append((now + booked.wait, amount))

    for first in range(len(due)):
        for last in range(first, len(due)):
            moved = sum(amount for _, amount in due[first : last + 1])
            allowed = rate * (due[last][0] - due[first][0] + BURST) + due[last][1]
            assert moved <= allowed * (1 + 1e-6)


@settings(deadline=None)
@given(RATE, STEPS)
def test_nobody_waits_longer_than_what_was_booked_before(rate: float, steps: list[tuple[float, int]]) -> None:
    now, free_at, booked_so_far = 0.0, 0.0, 0
    for pause, amount in steps:
        now += pause
        booked = booking(free_at=free_at, now=now, amount=amount, rate=rate)
        assert booked.wait <= booked_so_far / rate * (1 + 1e-6)
        free_at = booked.free_at
        booked_so_far += amount


@settings(deadline=None)
@given(RATE, st.integers(1, 1_000_000))
def test_who_comes_after_a_rest_does_not_wait(rate: float, amount: int) -> None:
    first = booking(free_at=0.0, now=100.0, amount=amount, rate=rate)

    second = booking(free_at=first.free_at, now=first.free_at, amount=amount, rate=rate)

    assert first.wait == second.wait == 0.0


def test_without_a_cap_nobody_waits() -> None:
    pace = Pace()

    for _ in range(1000):
        pace.take(10**12)


def test_who_waits_hears_the_request_to_stop() -> None:
    pace = Pace(1.0)
    pace.take(10**6)
    asked = threading.Event()
    threading.Timer(0.1, asked.set).start()

    with pytest.raises(WorkStopped):
        pace.take(1, asked.is_set)


@pytest.mark.parametrize("rate", [0, -1.0])
def test_a_cap_that_lets_nothing_through_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="lets nothing through"):
        Pace(rate)
