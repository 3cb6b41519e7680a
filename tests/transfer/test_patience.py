import threading

import pytest

from reencodarr.errors import WorkStopped
from reencodarr.transfer.patience import Patience, rest, scattered
from reencodarr.units import Seconds


def test_pauses_double_up_to_the_longest() -> None:
    patience = Patience(first_pause=Seconds(0.5), longest_pause=Seconds(3.0))

    assert [patience.pause(failures) for failures in (1, 2, 3, 4, 5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_pauses_are_scattered_a_little() -> None:
    waits = {scattered(Seconds(8.0)) for _ in range(50)}

    assert len(waits) > 10
    assert all(8.0 <= wait <= 10.0 for wait in waits)


def test_a_rest_ends_at_the_request_to_stop() -> None:
    asked = threading.Event()
    threading.Timer(0.05, asked.set).start()

    with pytest.raises(WorkStopped):
        rest(60.0, asked.is_set)
