"""Programs are ended, judged and measured as promised: proven with real processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from reencodarr.errors import FileUnreadable, NoSpace, ProgramFailed, ProgramInterrupted, ProgramMissing, ProgramStalled
from reencodarr.tools import pipes, processes, programs
from reencodarr.units import KIB, MIB, Seconds

PYTHON = Path(sys.executable)
FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


_THERE: set[int] = set()
"""Programs that other tests of this session keep running, such as a server that many share."""


@pytest.fixture(autouse=True)
def _others() -> None:
    _THERE.update(child.pid for child in psutil.Process().children(recursive=True))


def new_children(*, recursive: bool = False) -> list[psutil.Process]:
    """What runs below this process since the test began."""
    return [child for child in psutil.Process().children(recursive=recursive) if child.pid not in _THERE]


def script(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "program.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def soon(condition: Callable[[], bool], seconds: float = 40.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def test_what_a_program_says_and_takes_is_told() -> None:
    burn = "import sys, time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"

    done = programs.run([PYTHON, "-c", burn + "print('out'); print('err', file=sys.stderr)"])

    assert (done.stdout, done.stderr) == ("out\n", "err\n")
    assert 0.3 <= done.cpu < 5
    assert done.wall >= 0.3


def test_peak_memory_is_the_programs_own_and_not_its_parents() -> None:
    hold = "data = b'x' * (300 * 2**20)\nimport time; time.sleep(0.8)"
    ballast = bytearray(os.urandom(1024)) * (400 * KIB)

    large = programs.run([PYTHON, "-c", hold])
    small = programs.run([PYTHON, "-c", "import time; time.sleep(0.8)"])

    assert len(ballast) == 400 * MIB
    assert 300 * MIB < large.peak_memory < 340 * MIB
    assert 0 < small.peak_memory < 60 * MIB


def test_lines_come_as_they_are_said_and_an_unfinished_one_at_the_end() -> None:
    talk = "import sys, time\nfor word in ['a', 'ü\\r']: print(word, flush=True); time.sleep(1)\nprint('last', end='')"
    heard: list[tuple[str, float]] = []

    done = programs.run([PYTHON, "-X", "utf8", "-c", talk], on_line=lambda line: heard.append((line, time.monotonic())))

    assert [line for line, _ in heard] == ["a", "ü", "last"]
    assert heard[1][1] - heard[0][1] > 0.4
    assert done.stdout == ""


def test_a_line_longer_than_a_pipe_comes_whole() -> None:
    heard: list[str] = []

    programs.run([PYTHON, "-c", "print('x' * 300_000); print('y')"], on_line=heard.append)

    assert [len(line) for line in heard] == [300_000, 1]


def test_a_large_output_without_a_handler_does_not_block() -> None:
    done = programs.run([PYTHON, "-c", "import sys; sys.stdout.write('x' * 20_000_000)"])

    assert len(done.stdout) == 20_000_000


def test_a_chatty_program_is_not_blocked_and_its_last_words_are_kept() -> None:
    chat = "import sys\nfor n in range(200_000): print('line', n, file=sys.stderr)"

    done = programs.run([PYTHON, "-c", chat])

    assert done.stderr.endswith("line 199999\n")
    assert len(done.stderr.encode()) == pipes.STDERR_KEPT


def test_standard_input_is_closed() -> None:
    done = programs.run([PYTHON, "-c", "import sys; print(len(sys.stdin.read()))"])

    assert done.stdout == "0\n"


def test_a_failure_names_command_film_and_last_words(tmp_path: Path) -> None:
    failing = script(tmp_path, "echo first >&2; echo 'the reason' >&2; echo >&2; exit 3")
    film = tmp_path / "Film.mkv"

    with pytest.raises(ProgramFailed) as caught:
        programs.run([failing, "an argument"], about=film)

    assert not isinstance(caught.value, ProgramInterrupted)
    assert str(caught.value) == f"program.sh ended with exit code 3 on {film}: the reason"
    assert caught.value.command == f"{failing} 'an argument'"
    assert (caught.value.exit_code, caught.value.path) == (3, film)
    assert "first" in caught.value.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_program_that_was_ended_from_outside_is_no_failure_of_the_film(
    tmp_path: Path, number: signal.Signals
) -> None:
    ended = script(tmp_path, f"kill -{int(number)} $$")

    with pytest.raises(ProgramInterrupted, match=f"was ended by {number.name}") as caught:
        programs.run([ended])

    assert caught.value.transient
    assert ("memory" in str(caught.value)) == (number == signal.SIGKILL)


def test_a_program_that_crashed_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match="SIGSEGV") as caught:
        programs.run([script(tmp_path, "kill -SEGV $$")])

    assert not isinstance(caught.value, ProgramInterrupted)


def test_a_cancelled_ffmpeg_is_an_interruption(ffmpeg: Path) -> None:
    endless = [ffmpeg, "-hide_banner", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc2", "-progress", "-"]

    cancelled: list[int] = []

    def cancel(_: str) -> None:
        if not cancelled:
            [child] = new_children()
            cancelled.append(child.pid)
            child.terminate()

    with pytest.raises(ProgramInterrupted, match="received signal 15"):
        programs.run([*endless, "-f", "null", "-"], on_line=cancel)


def test_a_full_disk_is_told_as_such(ffmpeg: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    noise = ["-f", "lavfi", "-i", "testsrc2=duration=1", "-c:v", "rawvideo", "-f", "rawvideo"]

    with pytest.raises(NoSpace, match="No space left on device"):
        programs.run([ffmpeg, "-hide_banner", "-nostdin", "-y", *noise, "/dev/full"])


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ProgramMissing, match="/nowhere/ffmpeg is not there"):
        programs.run(["/nowhere/ffmpeg"])


@pytest.mark.parametrize(("mode", "content"), [(0o644, "#!/bin/sh\n"), (0o755, "neither script nor binary")])
def test_a_file_that_is_no_program_is_named(tmp_path: Path, mode: int, content: str) -> None:
    path = tmp_path / "ffmpeg"
    path.write_text(content)
    path.chmod(mode)

    with pytest.raises(ProgramMissing, match="ffmpeg cannot be executed"):
        programs.run([path])


def test_a_missing_working_folder_is_not_mistaken_for_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="working folder"):
        programs.run(["true"], cwd=tmp_path / "gone")


def test_arguments_of_any_bytes_arrive_and_can_be_logged() -> None:
    strange = ["-dash", "quote ' \" end", "new\nline", "emoji 🎬", os.fsdecode(b"caf\xe9 \\ '"), ""]
    echo = "import os, sys; sys.stdout.buffer.write(b'|'.join(os.fsencode(a) for a in sys.argv[1:]))"

    done = programs.run([PYTHON, "-c", echo, *strange])
    pasted = subprocess.run(
        ["bash", "-c", programs.quoted([PYTHON, "-c", echo, *strange])], capture_output=True, check=True
    )

    expected = b"|".join(os.fsencode(argument) for argument in strange)
    assert done.stdout == expected.decode("utf-8", "replace")
    assert pasted.stdout == expected
    assert programs.quoted(strange).isprintable()


def test_a_handler_that_raises_ends_the_whole_family() -> None:
    grandchildren: list[int] = []

    def listen(line: str) -> None:
        grandchildren.append(int(line))
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        programs.run([PYTHON, "-c", FAMILY], on_line=listen)

    assert gone(grandchildren[0])
    assert not new_children()


def test_lines_are_given_while_the_program_runs_and_closing_ends_the_whole_family() -> None:
    said = programs.lines([PYTHON, "-c", FAMILY])
    child = int(next(said))
    alive = not gone(child)

    said.close()

    assert alive
    assert soon(lambda: gone(child))


def test_a_failure_comes_after_the_last_line() -> None:
    said = programs.lines(["sh", "-c", "echo first; printf last; exit 3"])
    lines = [next(said), next(said)]

    with pytest.raises(ProgramFailed, match="exit code 3"):
        next(said)

    assert lines == ["first", "last"]


def test_time_between_two_lines_that_the_caller_takes_is_no_silence_of_the_program() -> None:
    said = programs.lines(["sh", "-c", "echo first; sleep 2; echo last"], stall_deadline=Seconds(1.5))
    next(said)

    time.sleep(2)

    assert list(said) == ["last"]


def test_a_family_that_ignores_requests_is_forced_to_end(tmp_path: Path) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + FAMILY.replace(
        '"import time;', '"import time, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);'
    )
    grandchildren: list[int] = []

    def listen(line: str) -> None:
        grandchildren.append(int(line))
        time.sleep(0.3)
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError):
        programs.run([PYTHON, "-c", deaf], on_line=listen)

    assert gone(grandchildren[0])
    assert not new_children()


def test_silence_beyond_the_deadline_ends_the_whole_family() -> None:
    with pytest.raises(ProgramStalled, match=r"no sign of life for 2 s.*last words") as caught:
        programs.run(
            ["sh", "-c", "echo 'last words' >&2; sleep 60 & sleep 60"],
            stall_deadline=Seconds(2.0),
            about=Path("film.mkv"),
        )

    assert caught.value.path == Path("film.mkv")
    assert not new_children(recursive=True)


def test_a_program_that_closed_its_pipes_can_stall_too() -> None:
    mute = "import os, time; os.close(1); os.close(2); time.sleep(60)"

    with pytest.raises(ProgramStalled):
        programs.run([PYTHON, "-c", mute], stall_deadline=Seconds(0.8))

    assert not new_children()


def test_a_stopped_program_is_ended_as_well() -> None:
    with pytest.raises(ProgramStalled):
        programs.run([PYTHON, "-c", "import os; os.kill(os.getpid(), 19)"], stall_deadline=Seconds(0.8))

    assert not new_children()


def test_any_output_is_a_sign_of_life() -> None:
    done = programs.run(
        ["sh", "-c", "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do printf . >&2; sleep 0.25; done"],
        stall_deadline=Seconds(2.0),
    )

    assert done.stderr == "." * 12
    assert done.wall > 2.5


@pytest.mark.parametrize("noise", ["", "while True: print('still here', flush=True); time.sleep(0.05)\n"])
def test_a_descendant_that_keeps_the_pipes_is_not_waited_for(tmp_path: Path, noise: str) -> None:
    orphan = tmp_path / "orphan.py"
    orphan.write_text(f"import time\n{noise}time.sleep(60)\n")
    leave = script(tmp_path, f"'{PYTHON}' '{orphan}' & echo $! > '{tmp_path}/pid'; echo done")

    done = programs.run([leave])

    pid = int((tmp_path / "pid").read_text())
    assert not gone(pid), "the orphan was waited for"
    os.kill(pid, signal.SIGKILL)
    assert done.stdout.startswith("done")


def parent_running(tmp_path: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A Python process inside `programs.run`, and the pid of the program it runs."""
    started = tmp_path / "started"
    child = f"import os, pathlib, time; pathlib.Path({str(started)!r}).write_text(str(os.getpid())); time.sleep(120)"
    parent = subprocess.Popen(
        [PYTHON, "-c", f"from reencodarr.tools import programs\nprograms.run([{str(PYTHON)!r}, '-c', {child!r}])"],
        stderr=subprocess.PIPE,
    )
    assert soon(lambda: started.exists() and started.read_text() != "", 60)
    return parent, int(started.read_text())


def test_a_killed_parent_takes_its_program_along(tmp_path: Path) -> None:
    parent, child = parent_running(tmp_path)

    parent.kill()
    parent.communicate()

    assert soon(lambda: gone(child))


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    parent, child = parent_running(tmp_path)

    parent.send_signal(signal.SIGINT)
    _, words = parent.communicate(timeout=40)

    assert b"KeyboardInterrupt" in words
    assert gone(child)


def test_an_exit_code_that_was_lost_is_never_taken_for_success() -> None:
    lose = (
        "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "from reencodarr.tools import programs\nprograms.run(['false'])"
    )

    done = subprocess.run([PYTHON, "-c", lose], capture_output=True, text=True)

    assert done.returncode == 1
    assert "exit code" in done.stderr.splitlines()[-1]
    assert "ProgramError" in done.stderr.splitlines()[-1]


def test_a_program_that_we_hold_still_is_not_silent_and_takes_no_time() -> None:
    drip = "for n in 0 1 2 3 4 5; do echo $n; sleep 0.2; done"
    still, began = processes.Stillness(), time.monotonic()
    heard, begun = list[str](), threading.Event()

    def listen(line: str) -> None:
        heard.append(line)
        begun.set()

    def pause() -> None:
        begun.wait(60)  # Whoever holds a program before its exec holds this process too.
        while not still:
            still.hold(child.pid for child in new_children())
        time.sleep(3)
        still.release()

    thread = threading.Thread(target=pause)
    thread.start()
    done = programs.run(["sh", "-c", drip], on_line=listen, stall_deadline=Seconds(2.0))
    thread.join()

    assert heard == ["0", "1", "2", "3", "4", "5"]
    assert time.monotonic() - began > 3.5
    assert done.wall < time.monotonic() - began - 2.0
