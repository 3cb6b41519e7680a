"""A job that is asked to rest or to leave, with real ffmpeg below it."""

import threading
import time
from pathlib import Path

import psutil
import pytest

from reencodarr.errors import ProgramInterrupted, WorkStopped
from reencodarr.progress import Progress, silent
from reencodarr.tools import programs
from reencodarr.work import halting
from reencodarr.work.halting import Halt
from tests import paused

ME = psutil.Process()


def encode(ffmpeg: Path, film: Path, *, preset: int = 2) -> programs.Finished:
    """Some seconds of work."""
    return programs.run(
        [ffmpeg, "-v", "error", "-i", film, "-map", "0:v:0", "-frames:v", "25"]
        + ["-c:v", "libsvtav1", "-preset", str(preset), "-f", "null", "-"]
    )


def test_programs_rest_and_go_on(ffmpeg: Path, bikes: Path) -> None:
    halt = Halt()

    def pause() -> None:
        paused.eventually(lambda: paused.encoders(ME))
        halt.rest(True)
        paused.eventually(lambda: paused.still(paused.encoders(ME)))
        time.sleep(1.5)
        seen.append(paused.still(paused.encoders(ME)))
        halt.rest(False)

    seen: list[bool] = []
    thread = threading.Thread(target=pause)
    thread.start()
    with halting.governs_programs(halt):
        encode(ffmpeg, bikes)
    thread.join()

    assert seen == [True]


def test_a_job_that_rests_can_be_left(ffmpeg: Path, bikes: Path) -> None:
    halt = Halt()

    def pause_and_leave() -> None:
        paused.eventually(lambda: paused.encoders(ME))
        halt.rest(True)
        paused.eventually(lambda: paused.still(paused.encoders(ME)))
        halt.ask("enough")

    threading.Thread(target=pause_and_leave, daemon=True).start()
    with halting.governs_programs(halt), pytest.raises(ProgramInterrupted):
        encode(ffmpeg, bikes, preset=0)

    assert paused.encoders(ME) == []
    with pytest.raises(WorkStopped, match="enough"):
        halt.heed()


def test_nothing_stays_held_when_the_block_ends(ffmpeg: Path, bikes: Path) -> None:
    halt, done = Halt(), list[programs.Finished]()
    with halting.governs_programs(halt):
        thread = threading.Thread(target=lambda: done.append(encode(ffmpeg, bikes)))
        thread.start()
        paused.eventually(lambda: paused.encoders(ME))
        halt.rest(True)
        paused.eventually(lambda: paused.still(paused.encoders(ME)))

    thread.join(120)
    assert done


def test_reports_wait_while_the_job_rests() -> None:
    halt, seen = Halt(), list[Progress]()
    report = halt.heard(seen.append)
    halt.rest(True)
    began = time.monotonic()
    threading.Timer(0.7, halt.rest, [False]).start()

    report(Progress(stage="encode", label="a film"))

    assert len(seen) == 1
    assert time.monotonic() - began >= 0.6
    assert not halt.resting


def test_transfers_wait_while_the_job_rests_and_then_go_on() -> None:
    halt = Halt()
    halt.rest(True)
    began = time.monotonic()
    threading.Timer(0.7, halt.rest, [False]).start()

    assert not halt.stop()

    assert time.monotonic() - began >= 0.6
    halt.rest(True)
    halt.ask("enough")
    assert halt.stop()


def test_a_request_to_leave_ends_the_wait() -> None:
    halt = Halt()
    halt.rest(True)
    threading.Timer(0.3, halt.ask, ["enough"]).start()

    with pytest.raises(WorkStopped, match="enough"):
        halt.heard(silent)(Progress(stage="encode", label="a film"))
