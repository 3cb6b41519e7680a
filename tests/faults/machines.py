"""Machines with something wrong: programs that stand in for a worker's ffmpeg, and clocks that go wrong."""

import shlex
import sys
from pathlib import Path

import pytest

_AT_WORK = 'case "$PWD $*" in *reencodarr-search-*libsvtav1*|*reencodarr-encode-*libsvtav1*) {};; esac'


def breaks(folder: Path, ffmpeg: Path) -> Path:
    """An ffmpeg that passes every check and fails at each film."""
    return _program(folder / "breaks", ffmpeg, _AT_WORK.format('echo "the encoder is broken" >&2; exit 1'))


def dies(folder: Path, ffmpeg: Path) -> Path:
    """An ffmpeg that passes every check and is killed at each film, as when memory runs out."""
    return _program(folder / "dies", ffmpeg, _AT_WORK.format("kill -9 $$"))


def another_build(folder: Path, ffmpeg: Path) -> Path:
    """An ffmpeg that encodes as well and is another build."""
    renamed = f"{shlex.quote(str(ffmpeg))} -version | sed 's/ffmpeg version /&other-/'; exit 0"
    return _program(folder / "another", ffmpeg, f'case "$*" in -version) {renamed};; esac')


_SLEEP = """import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""
"""libfaketime 0.9.10 refuses the system's own sleep with `Invalid argument`, which is no part of a wrong clock."""


def clock(seconds: int, folder: Path) -> dict[str, str]:
    """The variables of a program whose clock is so many seconds ahead; skips the test where that cannot be done."""
    found = [str(path) for path in Path("/usr/lib").glob("*/faketime/libfaketime.so.1")]
    if not found:
        pytest.skip("libfaketime is not installed; .ci/run has the line")
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_SLEEP)
    return {
        "PYTHONPATH": str(folder),
        "LD_PRELOAD": found[0],
        "FAKETIME": f"{seconds:+d}",
        # The clock on the wall only: a monotonic one that jumps would be another fault.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # For each stat it takes a lock that a whole family of processes shares: killed meanwhile, one leaves it taken,
        # and the others wait for ever (libfaketime 0.9.10, lock_for_stat).
        "NO_FAKE_STAT": "1",
        # An encoder's many threads hang in libfaketime now and then.
        "FAKETIME_ONLY_CMDS": Path(sys.executable).name,
    }


def _program(place: Path, ffmpeg: Path, first: str) -> Path:
    place.mkdir(parents=True)
    program = place / "ffmpeg"
    program.write_text(f'#!/bin/sh\n{first}\nexec {shlex.quote(str(ffmpeg))} "$@"\n')
    program.chmod(0o755)
    return program
