"""A whole film on Windows: PyAV encodes it, because the `ffmpeg.exe` there has no SVT-AV1, and the result is proven."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.proof import kit

CHILD = """
import os, subprocess, sys, time
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
print(os.getpid(), other.pid, flush=True)
time.sleep(120)
"""
PARENT = """
import sys
from pathlib import Path
from reencodarr.tools import programs
programs.run([Path(sys.executable), "-c", sys.argv[1]], on_line=lambda line: print(line, flush=True))
"""


WORKER = """
import subprocess, sys
from reencodarr.tools import platforms
platforms.here().bind_descendants()
subprocess.Popen([sys.executable, "-c", sys.argv[1]])
sys.stdin.readline()
"""


def test_a_film_is_encoded_without_svt_av1_in_ffmpeg_and_proven(ffmpeg: Path, small_film: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Kratzer ä 日本"
    folder.mkdir()

    film = kit.encoded(ffmpeg, small_film, folder)

    assert kit.proof(ffmpeg, film).differences == ()
    assert "+svtav1-pyav-" in film.result.build
    assert film.result.frames == 50
    assert list(folder.iterdir()) == [film.result.path]


def test_a_process_that_is_killed_takes_its_programs_along() -> None:
    """The job object does it: nobody is left to end them."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    family = [int(pid) for pid in parent.stdout.readline().split()]
    alive = [psutil.pid_exists(pid) for pid in family]

    parent.kill()
    parent.wait()

    deadline = time.monotonic() + 60
    while any(map(psutil.pid_exists, family)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive == [True, True]
    assert not [pid for pid in family if psutil.pid_exists(pid)]


@pytest.mark.parametrize("killed", [True, False])
def test_what_a_worker_starts_in_any_way_ends_with_it(killed: bool) -> None:
    """Prefect starts the runs of a worker, and they start programs: all of them are in the worker's job."""
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    family = [int(pid) for pid in worker.stdout.readline().split()]
    alive = [psutil.pid_exists(pid) for pid in family]

    if killed:
        worker.kill()
    else:
        worker.stdin.write("end\n")
        worker.stdin.flush()
    ended = worker.wait(100)

    deadline = time.monotonic() + 60
    while any(map(psutil.pid_exists, family)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive == [True, True]
    assert not [pid for pid in family if psutil.pid_exists(pid)]
    assert killed or ended == 0
