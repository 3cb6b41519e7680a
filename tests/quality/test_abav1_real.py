"""The real ab-av1 in trouble: each failure under its own name, and no process and no half of a search left behind."""

import shlex
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from reencodarr.errors import (
    DamagedSource,
    EngineFailed,
    NoSpace,
    ProgramInterrupted,
    ProgramMissing,
    ReencodarrError,
    SourceGone,
    WorkStopped,
)
from reencodarr.progress import silent
from reencodarr.quality.abav1 import AbAv1Engine
from reencodarr.quality.engine import SearchOrder
from reencodarr.tools import abav1 as abav1_tool
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.work import halting
from reencodarr.work.halting import Halt
from tests import mounts, paused
from tests.quality.conftest import QUICK, ordered
from tests.quality.test_engines import ON_PATH

pytestmark = pytest.mark.skipif(ON_PATH is None, reason="ab-av1 is not installed: cargo install ab-av1")
ME = psutil.Process()


def search(order: SearchOrder, ffmpeg: Path, scratch: Path) -> None:
    engine = AbAv1Engine(program=Path(ON_PATH or ""), ffmpeg=ffmpeg)
    engine.search(order, scratch=scratch, on_probe=lambda _: None, report=silent)


def prepared(ffmpeg: Path) -> None:
    """Have the programs tell what they are, lest what a test does to those that search meets these."""
    ffmpeg_tool.build(ffmpeg)
    abav1_tool.version(Path(ON_PATH or ""))


def slow(film: Path) -> SearchOrder:
    return replace(ordered(film), video=replace(QUICK, preset=0))


def ab_av1() -> psutil.Process | None:
    return next((child for child in ME.children() if child.name() == "ab-av1"), None)


def encoder() -> psutil.Process | None:
    """The ffmpeg that ab-av1 started."""
    there = ab_av1()
    return next(iter(paused.encoders(there)), None) if there is not None else None


def once(find: Callable[[], psutil.Process | None], act: Callable[[psutil.Process], object]) -> threading.Thread:
    """Do something to a process as soon as it is there, and has begun."""

    def run() -> None:
        process = paused.eventually(find, patience=240)
        time.sleep(0.3)
        act(process)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def instead(ffmpeg: Path, folder: Path, script: str) -> Path:
    """This ffmpeg behind a few lines of shell."""
    folder.mkdir()
    program = folder / "ffmpeg"
    program.write_text(f'#!/bin/sh\n{script}\nexec {shlex.quote(str(ffmpeg))} "$@"\n')
    program.chmod(0o755)
    return program


@pytest.mark.slow
@pytest.mark.parametrize("find", [ab_av1, encoder], ids=["ab-av1 itself", "its ffmpeg"])
@pytest.mark.parametrize(
    "end",
    [psutil.Process.kill, psutil.Process.terminate, lambda one: one.send_signal(signal.SIGINT)],
    ids=["kill", "term", "int"],
)
def test_whatever_is_ended_from_outside_is_no_failure_of_the_film(
    find: Callable[[], psutil.Process | None],
    end: Callable[[psutil.Process], object],
    ffmpeg: Path,
    short: Path,
    tmp_path: Path,
) -> None:
    prepared(ffmpeg)
    once(find, end)

    with pytest.raises(ProgramInterrupted):
        search(slow(short), ffmpeg, tmp_path)

    assert [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(tmp_path)] == []


@pytest.mark.slow
def test_a_stop_ends_ab_av1_and_its_ffmpeg_also_while_they_rest(ffmpeg: Path, short: Path, tmp_path: Path) -> None:
    halt, family = Halt(), list[psutil.Process]()

    def rest_and_leave(process: psutil.Process) -> None:
        there = ab_av1()
        assert there is not None
        family.extend([there, process])
        halt.rest(True)
        paused.eventually(lambda: paused.still(family))
        halt.ask("enough")

    prepared(ffmpeg)
    thread = once(encoder, rest_and_leave)
    with halting.governs_programs(halt), pytest.raises((ProgramInterrupted, WorkStopped)):
        search(slow(short), ffmpeg, tmp_path)
    thread.join()

    assert not psutil.wait_procs(family, timeout=30)[1]


@pytest.mark.slow
def test_a_pause_holds_ab_av1_and_its_ffmpeg_still_and_the_search_goes_on(
    ffmpeg: Path, short: Path, tmp_path: Path
) -> None:
    halt, seen = Halt(), list[bool]()

    def rest(there: psutil.Process) -> None:
        while not any(seen):  # It may have rested between two of its programs.
            halt.rest(True)
            try:
                paused.eventually(lambda: paused.still([there, *there.children(recursive=True)]))
                seen.append(len(there.children()) == 1)
            finally:
                halt.rest(False)
            time.sleep(0.2)

    prepared(ffmpeg)
    thread = once(ab_av1, rest)
    with halting.governs_programs(halt):
        search(replace(ordered(short), video=replace(QUICK, preset=5)), ffmpeg, tmp_path)
    thread.join()

    assert any(seen)


def test_an_ffmpeg_without_libvmaf_is_named(ffmpeg: Path, short: Path, tmp_path: Path) -> None:
    refuse = 'case "$*" in *libvmaf=*) echo "[AVFilterGraph @ 0x1] No such filter: \'libvmaf\'" >&2; exit 8;; esac'

    with pytest.raises(ProgramMissing, match="no libvmaf filter"):
        search(ordered(short), instead(ffmpeg, tmp_path / "poor", refuse), tmp_path)


def test_an_ffmpeg_without_svt_av1_is_named(poor_ffmpeg: Path, short: Path, tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match="no libsvtav1"):
        search(ordered(short), poor_ffmpeg, tmp_path)


def test_a_model_that_is_not_there_is_named(ffmpeg: Path, short: Path, tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match="vmaf_v9"):
        search(ordered(short, model="vmaf_v9"), ffmpeg, tmp_path)


def test_a_parameter_that_the_encoder_refuses_is_told_in_its_own_words(
    ffmpeg: Path, short: Path, tmp_path: Path
) -> None:
    order = replace(ordered(short), video=replace(QUICK, svt_parameters=(("tune", "99"),)))

    with pytest.raises(EngineFailed, match="ffmpeg encode_sample exit code") as failed:
        search(order, ffmpeg, tmp_path)

    assert "---" not in failed.value.message


def test_a_file_that_is_no_film_is_named(ffmpeg: Path, tmp_path: Path) -> None:
    junk = tmp_path / "junk.mkv"
    junk.write_bytes(b"not a film " * 5000)

    with pytest.raises(DamagedSource, match=r"junk\.mkv"):
        search(ordered(junk), ffmpeg, tmp_path)


def test_a_film_that_is_gone_is_named(ffmpeg: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceGone, match="nowhere"):
        search(ordered(tmp_path / "nowhere.mkv"), ffmpeg, tmp_path)


@pytest.mark.slow
def test_a_full_scratch_disk_is_named(ffmpeg: Path, short: Path, tmp_path: Path) -> None:
    with mounts.disk(tmp_path / "small", "200k") as scratch, pytest.raises(NoSpace):
        search(ordered(short), ffmpeg, scratch)


@pytest.mark.slow
def test_an_ab_av1_that_vanished_is_named(ffmpeg: Path, short: Path, tmp_path: Path) -> None:
    program = Path(shutil.copy(ON_PATH or "", tmp_path / "ab-av1"))
    engine = AbAv1Engine(program=program, ffmpeg=ffmpeg)
    engine.search(ordered(short, largest_percent=5), scratch=tmp_path, on_probe=lambda _: None, report=silent)
    program.unlink()

    with pytest.raises(ReencodarrError) as failed:
        engine.search(ordered(short), scratch=tmp_path, on_probe=lambda _: None, report=silent)

    assert isinstance(failed.value, ProgramMissing)
