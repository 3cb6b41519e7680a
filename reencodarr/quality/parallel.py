"""Programs that run side by side, one in each thread, and how they are told to stop.

Whoever waits here is interrupted at once (Ctrl-C, a cancelled run); the programs of the other threads end at their
next sign of life, which ffmpeg's `-progress` gives twice a second.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from reencodarr.tools import capacity
from reencodarr.units import Bytes

T = TypeVar("T")

_TICK = 1.0
_SLOWER = 6
"""Presets up to this one take more memory."""
_MEMORY_SHARE = 0.8
"""Of the free memory; the rest is for what else the machine does."""

PROGRESS = ("-progress", "pipe:1")
"""ffmpeg arguments that make it speak to a `Pulse`."""


class Stopped(Exception):
    """Raised in a thread whose work is no longer wanted; never leaves this module."""


class Pulse:
    """What one job says of itself while it runs."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self.frames = 0
        """Frames that left the program that runs."""
        self.before = 0
        """Frames that left the job's earlier programs."""
        self.done = False

    def begin(self) -> None:
        """The job's next program starts."""
        self.before, self.frames = self.before + self.frames, 0

    def line(self, text: str) -> None:
        """Take a line of ffmpeg's `-progress`; raises to end the program when the job is not wanted any more."""
        if self._stop.is_set():
            raise Stopped
        name, _, value = text.partition("=")
        if name == "frame" and value.strip().isdigit():
            self.frames = int(value)


Job = Callable[[Pulse], T]
Tick = Callable[[Sequence[Pulse]], None]


def results(jobs: Sequence[Job[T]], *, workers: int, tick: Tick) -> list[T]:
    """Run the jobs, at most `workers` at once, and give their results in order.

    `tick` is called in the caller's thread at the end of each job and about once a second. The first error of a
    job, or an error of `tick`, stops the others and is raised.
    """
    stop = threading.Event()
    pulses = [Pulse(stop) for _ in jobs]
    with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="window") as pool:
        futures = [pool.submit(_run, job, pulse) for job, pulse in zip(jobs, pulses, strict=True)]
        try:
            _watch(futures, pulses, tick)
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


def threads_each(workers: int, jobs: int) -> int:
    """Threads for each of the programs that run at once, so that together they fill the machine."""
    return max(1, capacity.cores() // max(1, min(workers, jobs)))


def memory_each(width: int, height: int, preset: int) -> Bytes:
    """What the encode of a window takes at its peak: 0.6 to 0.8 GB at 720p, 0.7 to 1.3 at 1080p, over 2 at 2160p.

    A line through what SVT-AV1 4.2 was seen to take with one thread at 10 bits; scoring it takes less.
    """
    fixed, per_megapixel = (350, 215) if preset > _SLOWER else (400, 440)
    return Bytes(round((fixed + per_megapixel * width * height / 1e6) * 1e6))


def memory_scored(width: int, height: int) -> Bytes:
    """What scoring takes at its peak, by the size at which it is done: 0.1 GB at 480p, 0.35 GB at 1080p.

    A line through what ffmpeg with libvmaf was seen to take with one thread at 10 bits, source and encode decoded.
    """
    return Bytes(round((50 + 150 * width * height / 1e6) * 1e6))


def side_by_side(wished: int, each: Bytes) -> int:
    """How many of `wished` programs that take so much memory each run at once here; at least one."""
    return max(1, min(wished, int(capacity.free_memory() * _MEMORY_SHARE / each)))


def _run(job: Job[T], pulse: Pulse) -> T:
    result = job(pulse)
    pulse.done = True
    return result


def _watch(futures: Sequence[Future[T]], pulses: Sequence[Pulse], tick: Tick) -> None:
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=_TICK, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        tick(pulses)
