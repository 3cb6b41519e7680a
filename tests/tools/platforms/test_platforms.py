"""Every system of this machine's kind keeps the promise; the watchdog of macOS is plain POSIX and is run here too.

Windows has the same promise and other calls: `tests/windows` runs them.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from reencodarr.tools import platforms
from reencodarr.tools.platforms import system
from reencodarr.tools.platforms.system import System

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="these are the systems with signals")

ROOT = Path(__file__).parents[3]
PARENT = """
import subprocess, sys, time
from reencodarr.tools.platforms import {name} as system
child = "import os, subprocess, sys, time; print(os.getpid(), subprocess.Popen(['sleep', '60']).pid, flush=True); "
process = subprocess.Popen(
    [sys.executable, "-c", child + "time.sleep(60)"], stdout=subprocess.PIPE, **system.start_options(own_session=True)
)
system.adopt(process)
print(process.stdout.readline().decode(), flush=True)
time.sleep(60)
"""


def soon(what: Callable[[], bool], seconds: float = 50) -> bool:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture(params=["linux", "macos"])
def each(request: pytest.FixtureRequest) -> System:
    from reencodarr.tools.platforms import linux, macos

    systems: dict[str, System] = {"linux": linux, "macos": macos}
    return systems[request.param]


def ended(each: System, *words: str) -> tuple[int, system.Usage]:
    process = subprocess.Popen([sys.executable, "-c", *words])
    usage = None
    while usage is None:
        usage = each.finished(process)
        time.sleep(0.02)
    return process.returncode, usage


def test_the_system_here_is_the_one_that_python_names() -> None:
    expected = {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux")

    assert platforms.here().name == expected


def test_a_killed_parent_takes_its_children_along(each: System) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(name=each.name)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert parent.stdout is not None
    child, grandchild = map(int, parent.stdout.readline().split())

    parent.kill()
    parent.wait()
    parent.stdout.close()

    assert soon(lambda: gone(child))
    if each.name == "macos":  # The kernel of Linux ends the child only; what that leaves, `programs` ends.
        assert soon(lambda: gone(grandchild))
    elif not gone(grandchild):
        os.kill(grandchild, signal.SIGKILL)


def test_the_watchdog_leaves_who_has_ended_and_ends_with_its_parent() -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    watchdog = [sys.executable, "-m", "reencodarr.tools.platforms.watchdog"]

    done = subprocess.run(watchdog, input=f"{2**22 + 1}\nno number\n", text=True, capture_output=True, cwd=ROOT)

    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()
    assert (done.returncode, done.stderr) == (0, "")


def test_an_end_is_collected_once_with_what_it_took(each: System) -> None:
    code, usage = ended(each, "bytearray(50_000_000); sum(range(3_000_000)); raise SystemExit(7)")

    assert code == 7
    assert usage.cpu > 0
    assert usage.largest > 10_000  # Linux counts in KiB, so that the macOS of this test reads 1024 times too little.


def test_an_end_from_outside_has_a_name(each: System) -> None:
    code, _ = ended(each, "import os; os.kill(os.getpid(), 9)")

    assert each.ended_by(code) == "SIGKILL"
    assert each.ended_by(-40) == "signal 40"
    assert each.ended_by(0) == each.ended_by(1) == each.ended_by(137) == ""


def test_a_process_can_end_as_its_child_did(each: System) -> None:
    words = f"from reencodarr.tools.platforms import {each.name} as system; system.end_like(%d); raise SystemExit(5)"

    codes = [subprocess.run([sys.executable, "-c", words % code], cwd=ROOT).returncode for code in (3, -9, -15)]

    assert codes == [5, -9, -15]


def test_a_stopped_process_hears_that_it_should_end(each: System) -> None:
    process = subprocess.Popen(["sleep", "60"])
    os.kill(process.pid, signal.SIGSTOP)
    assert soon(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)

    each.ask_to_end(psutil.Process(process.pid))

    assert process.wait(50) == -signal.SIGTERM


def test_the_peak_of_memory_is_told_and_nothing_about_strangers(each: System) -> None:
    assert each.peak_memory(os.getpid()) > 10_000_000
    assert each.peak_memory(2**22 + 1) == 0


def test_a_lock_is_held_by_one_and_ends_with_its_handle(each: System, tmp_path: Path) -> None:
    first, second, third = (os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR) for _ in range(3))

    assert each.try_lock(first)
    assert not each.try_lock(second)
    os.close(first)
    each.wait_for_lock(second)

    assert not each.try_lock(third)
    os.close(second)
    os.close(third)


def test_a_folder_can_be_locked_and_synced(each: System, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    first, second = each.folder_handle(tmp_path), each.folder_handle(tmp_path)
    assert first is not None
    assert second is not None

    each.sync(tmp_path)
    each.sync(tmp_path / "file")

    assert each.try_lock(first)
    assert not each.try_lock(second)
    os.close(first)
    os.close(second)


def test_programs_have_their_names(each: System) -> None:
    assert each.executable("ffmpeg") == "ffmpeg"
