"""The global limit on films that move over the network at once, as the runs of all machines keep to it."""

import contextvars
import threading
from collections.abc import Iterator

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from reencodarr.cli import pools
from reencodarr.errors import WorkStopped
from reencodarr.work.halting import Halt
from tasks import jobs
from tests.flows.conftest import Prefect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def _one_at_once(prefect_server: Prefect) -> Iterator[None]:
    with temporary_settings({PREFECT_API_URL: prefect_server.url}):
        pools.pools(transfers=1)
        yield


class Mover:
    """Somebody who wants to move a film, in a thread of its own."""

    def __init__(self) -> None:
        self.halt, self.moves, self.done = Halt(), threading.Event(), threading.Event()
        self.stopped = False
        self._thread = threading.Thread(target=contextvars.copy_context().run, args=(self._move,))
        self._thread.start()

    def end(self) -> None:
        self.done.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _move(self) -> None:
        try:
            with jobs.turn(self.halt):
                self.moves.set()
                self.done.wait(120)
        except WorkStopped:
            self.stopped = True


@pytest.mark.usefixtures("_one_at_once")
def test_as_many_move_as_the_limit_says_and_the_next_when_one_is_done() -> None:
    assert jobs.TRANSFERS == pools.TRANSFERS
    first = Mover()
    assert first.moves.wait(60)

    second = Mover()
    waited = not second.moves.wait(5)
    first.end()

    assert waited
    assert second.moves.wait(60)
    second.end()


@pytest.mark.usefixtures("_one_at_once")
def test_a_job_that_is_stopped_while_it_waits_moves_nothing() -> None:
    first = Mover()
    assert first.moves.wait(60)

    second = Mover()
    second.halt.ask("enough")
    second.end()
    first.end()

    assert (second.stopped, second.moves.is_set()) == (True, False)
