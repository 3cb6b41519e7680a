import threading

import pytest

from reencodarr.errors import TransferBroken, WorkStopped
from reencodarr.transfer import crew


def test_each_job_is_done_once_by_several_threads() -> None:
    done: list[int] = []
    together = threading.Barrier(3, timeout=10)
    threads = set()

    def work(job: int) -> None:
        if job < 3:
            together.wait()
        threads.add(threading.get_ident())
        done.append(job)

    crew.share(range(50), work, workers=3, halted=threading.Event())

    assert sorted(done) == list(range(50))
    assert len(threads) == 3


def test_the_first_error_ends_the_others_and_is_the_one_that_is_raised() -> None:
    halted = threading.Event()
    begun: list[int] = []

    def work(job: int) -> None:
        begun.append(job)
        if job == 1:
            raise TransferBroken("it broke")
        halted.wait(10)
        raise WorkStopped("stopped")

    with pytest.raises(TransferBroken):
        crew.share(range(50), work, workers=3, halted=halted)

    assert halted.is_set()
    assert len(begun) <= 3


def test_an_error_in_between_ends_all() -> None:
    halted = threading.Event()

    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crew.share([1], lambda _: halted.wait(10), workers=1, halted=halted, meanwhile=fail)

    assert halted.is_set()


def test_nothing_to_do_is_done_at_once() -> None:
    crew.share([], lambda _: None, workers=4, halted=threading.Event())
