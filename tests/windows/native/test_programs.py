"""Programs on Windows: `.exe`, names, exit codes, and the end of whole process trees."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from reencodarr.errors import ProgramFailed, ProgramInterrupted, ProgramMissing, ProgramStalled
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import processes, programs
from reencodarr.units import Seconds

PYTHON = Path(sys.executable)
FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
print(child.pid, flush=True)
time.sleep(120)
"""


def soon(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid)


def test_ffmpeg_is_found_in_its_wheel_and_tells_its_build() -> None:
    program = ffmpeg_tool.locate()

    build = ffmpeg_tool.build(program)

    assert program.suffix == ".exe"
    assert build.libvmaf
    assert build.ffmpeg.startswith("9.")


def test_a_path_with_a_drive_spaces_and_letters_of_all_kinds_is_read_and_written(tmp_path: Path, bikes: Path) -> None:
    folder = tmp_path / "Фильмы & «日本» (100%)"
    folder.mkdir()

    programs.run(
        [ffmpeg_tool.locate(), *ffmpeg_tool.QUIET, "-i", bikes, "-frames:v", "5", "-c", "copy", folder / "ä b.mkv"]
    )

    assert folder.drive != bikes.drive
    assert (folder / "ä b.mkv").stat().st_size > 1000


def test_lines_have_no_carriage_returns(tmp_path: Path) -> None:
    heard: list[str] = []

    programs.run([PYTHON, "-c", "print('one'); print('ü')"], on_line=heard.append)

    assert heard == ["one", "ü"]


def test_standard_input_is_closed() -> None:
    done = programs.run([PYTHON, "-c", "import sys; print(len(sys.stdin.read()))"])

    assert done.stdout.strip() == "0"


def test_a_failure_names_the_program_and_its_last_words() -> None:
    with pytest.raises(ProgramFailed, match=r"ended with exit code 3: the reason") as caught:
        programs.run([PYTHON, "-c", "import sys; sys.exit(print('the reason', file=sys.stderr) or 3)"])

    assert caught.value.exit_code == 3


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match="is not there"):
        programs.run([tmp_path / "nothing.exe"])


def test_a_silent_program_is_ended_with_its_children() -> None:
    heard: list[int] = []

    with pytest.raises(ProgramStalled):
        programs.run([PYTHON, "-c", FAMILY], on_line=lambda line: heard.append(int(line)), stall_deadline=Seconds(20.0))

    assert soon(lambda: gone(heard[0]))


def test_what_a_listener_raises_ends_the_program_with_its_children() -> None:
    heard: list[int] = []

    def cancelled(line: str) -> None:
        heard.append(int(line))
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        programs.run([PYTHON, "-c", FAMILY], on_line=cancelled)

    assert soon(lambda: gone(heard[0]))
    assert time.monotonic() - started < 60


def test_another_thread_can_end_everything_that_runs() -> None:
    """This is how a run that is cancelled ends its programs: Windows has no signal for it."""
    heard: list[int] = []

    def end() -> None:
        soon(lambda: bool(heard))
        for child in psutil.Process().children():
            processes.end_tree(child.pid)

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(ProgramInterrupted, match="SIGTERM") as caught:
        programs.run([PYTHON, "-c", FAMILY], on_line=lambda line: heard.append(int(line)))
    ending.join()

    assert caught.value.transient
    assert soon(lambda: gone(heard[0]))


def test_ending_a_tree_takes_grandchildren_and_may_be_repeated() -> None:
    parent = subprocess.Popen([PYTHON, "-c", FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    grandchild = int(parent.stdout.readline())

    processes.end_tree(parent.pid)
    processes.end_tree(parent.pid)

    assert parent.wait(60) != 0
    assert soon(lambda: gone(grandchild))
