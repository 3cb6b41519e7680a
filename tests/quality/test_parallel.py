"""Work side by side: results in order, errors at once, and nothing left running."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from reencodarr.errors import DamagedSource
from reencodarr.quality import parallel
from reencodarr.quality.parallel import PROGRESS, Job, Pulse
from reencodarr.tools import capacity, programs
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.units import GIB, Bytes


def nothing(_: Sequence[Pulse]) -> None:
    """Nobody listens."""


def endless(ffmpeg: Path) -> Job[int]:
    """An ffmpeg that would run for an hour."""

    def job(pulse: Pulse) -> int:
        source = ("-re", "-f", "lavfi", "-i", "color=size=64x64:duration=3600")
        programs.run(
            [ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", *PROGRESS, *source, "-f", "null", "-"], on_line=pulse.line
        )
        return 0

    return job


def of_value(value: int) -> Job[int]:
    return lambda _: value


def test_results_come_in_the_order_of_the_jobs() -> None:
    def slow_first(_: Pulse) -> int:
        time.sleep(0.2)
        return 0

    found = parallel.results([slow_first, *(of_value(value) for value in range(1, 9))], workers=3, tick=nothing)

    assert found == list(range(9))


def test_ticks_come_in_the_callers_thread_and_see_frames() -> None:
    seen: list[tuple[int, int, bool]] = []

    def job(pulse: Pulse) -> None:
        pulse.line("frame=12\n")
        pulse.begin()
        pulse.line("frame=5\n")
        pulse.line("fps=nonsense")

    def tick(pulses: Sequence[Pulse]) -> None:
        seen.append((threading.get_ident(), pulses[0].before + pulses[0].frames, pulses[0].done))

    parallel.results([job], workers=1, tick=tick)

    assert seen[-1] == (threading.get_ident(), 17, True)


def test_an_error_in_one_job_ends_the_others(ffmpeg: Path) -> None:
    def broken(_: Pulse) -> int:
        time.sleep(0.5)
        raise DamagedSource("broken")

    with pytest.raises(DamagedSource, match="broken"):
        parallel.results([endless(ffmpeg), broken, endless(ffmpeg)], workers=2, tick=nothing)

    assert not [child for child in psutil.Process().children(recursive=True) if "ffmpeg" in child.name()]


def test_an_interruption_of_the_caller_ends_the_programs(ffmpeg: Path) -> None:
    def interrupted(pulses: Sequence[Pulse]) -> None:
        if any(pulse.frames for pulse in pulses):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parallel.results([endless(ffmpeg), endless(ffmpeg)], workers=2, tick=interrupted)

    assert not [child for child in psutil.Process().children(recursive=True) if "ffmpeg" in child.name()]


def test_threads_are_shared_out_among_what_runs_at_once() -> None:
    cores = capacity.cores()

    assert parallel.threads_each(workers=1, jobs=8) == cores
    assert parallel.threads_each(workers=8, jobs=1) == cores
    assert parallel.threads_each(workers=cores, jobs=48) == 1


def test_memory_bounds_what_runs_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    free = 8 * GIB
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free))

    assert parallel.side_by_side(4, Bytes(free // 100)) == 4
    assert parallel.side_by_side(4, Bytes(free // 3)) == 2
    assert parallel.side_by_side(4, Bytes(free * 2)) == 1


@pytest.mark.parametrize(
    ("size", "preset", "megabytes"),
    [((1280, 720), 8, 574), ((1920, 1080), 8, 720), ((3840, 2160), 10, 2129), ((1280, 720), 6, 678),
     ((1920, 1080), 6, 1126), ((1920, 1080), 4, 1307)],
)  # fmt: skip
def test_the_memory_of_an_encode_is_what_was_measured(size: tuple[int, int], preset: int, megabytes: int) -> None:
    assert parallel.memory_each(*size, preset) == pytest.approx(megabytes * 1e6, rel=0.2)


@pytest.mark.parametrize(
    ("size", "megabytes"), [((854, 480), 103), ((1280, 720), 172), ((1920, 816), 238), ((1920, 1080), 347)]
)
def test_the_memory_of_scoring_is_what_was_measured(size: tuple[int, int], megabytes: int) -> None:
    assert parallel.memory_scored(*size) == pytest.approx(megabytes * 1e6, rel=0.25)
