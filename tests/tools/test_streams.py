"""A program's output as a stream: whoever reads it learns how the program ended, whatever reading made of it."""

import signal
import sys

import psutil
import pytest

from reencodarr.errors import ProgramFailed
from reencodarr.tools import streams


class Unreadable(Exception):
    """Raised by a reader that cannot make sense of what it read."""


def misread(arguments: list[str]) -> None:
    with streams.output(arguments) as pipe:
        pipe.read(10)
        raise Unreadable


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_the_output_of_a_program_is_read_to_its_end() -> None:
    with streams.output(program("print('frames')")) as pipe:
        assert pipe.read().strip() == b"frames"


def test_a_program_that_fails_is_told_at_the_end() -> None:
    with pytest.raises(ProgramFailed) as caught, streams.output(program("raise SystemExit(3)")) as pipe:
        pipe.read()

    assert caught.value.exit_code == 3


def test_a_program_that_was_killed_is_the_cause_of_what_cannot_be_read() -> None:
    killed = program("import os; os.write(1, b'half a fra'); os.kill(os.getpid(), 9)")

    with pytest.raises(ProgramFailed) as caught:
        misread(killed)

    assert caught.value.exit_code == -signal.SIGKILL


def test_a_reader_that_fails_ends_a_program_that_still_writes() -> None:
    endless = program("import os\nwhile True: os.write(1, bytes(4096))")

    with pytest.raises(Unreadable):
        misread(endless)

    assert [child for child in psutil.Process().children() if "os.write(1, bytes" in " ".join(child.cmdline())] == []
