"""A few threads that share jobs. None of them outlives the call, whatever happens."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from reencodarr.errors import WorkStopped

J = TypeVar("J")

_LOOK = 0.1
"""Seconds between two calls of `meanwhile`."""


def share(
    jobs: Iterable[J],
    do: Callable[[J], None],
    *,
    workers: int,
    halted: threading.Event,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Do each job once, in order of their beginning, by at most so many threads; `meanwhile` runs in this one.

    The first error sets `halted`, which every job must heed, and is raised when all threads have ended.
    """
    waiting = deque(jobs)
    with ThreadPoolExecutor(max(1, min(workers, len(waiting))), thread_name_prefix="transfer") as pool:
        pending = {pool.submit(_drain, waiting, do, halted) for _ in range(min(workers, len(waiting)))}
        everything = frozenset(pending)
        try:
            while pending and not any(future.done() and future.exception() for future in everything):
                _, pending = wait(pending, timeout=_LOOK, return_when=FIRST_EXCEPTION)
                meanwhile()
        finally:
            if pending:
                halted.set()
    _raise_first(everything)


def in_turn(told: Callable[[J], None]) -> Callable[[J], None]:
    """The same, for callers in several threads: one at a time."""
    lock = threading.Lock()

    def one_at_a_time(news: J) -> None:
        with lock:
            told(news)

    return one_at_a_time


def _drain(waiting: deque[J], do: Callable[[J], None], halted: threading.Event) -> None:
    while waiting and not halted.is_set():
        try:
            job = waiting.popleft()
        except IndexError:
            return
        do(job)


def _raise_first(futures: Iterable[Future[None]]) -> None:
    """What went wrong, rather than that the others were stopped because of it."""
    errors = [error for future in futures if (error := future.exception())]
    if errors:
        raise next((error for error in errors if not isinstance(error, WorkStopped)), errors[0])
