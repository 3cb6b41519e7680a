"""The standard output of a program as a stream of bytes, for a process that exists to read it.

Its standard error is ours and nothing is logged: both belong to whoever runs this process. Programs that are run for
their lines or their end are the business of `programs`.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from reencodarr.errors import ProgramFailed
from reencodarr.tools import platforms, processes, programs

_MOMENT = 0.2
"""Seconds between the last byte of a program that was killed and its end."""


@contextmanager
def output(arguments: Sequence[str | Path]) -> Iterator[IO[bytes]]:
    """A program's output while the block reads it; the program is waited for at the end, and ended if the block fails.

    Raises ProgramFailed where it ended with another exit code than 0; it has said why itself.
    """
    process = subprocess.Popen(
        [os.fspath(argument) for argument in arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        **platforms.here().start_options(own_session=False),
    )
    platforms.here().adopt(process)
    pipe = process.stdout
    assert pipe is not None
    try:
        with pipe:
            try:
                yield pipe
            except Exception as error:
                # What a program that died left is often not readable: its end is the cause then, not the reader's.
                if _has_failed(process):
                    raise _failure(arguments, process) from error
                raise
    except BaseException:
        processes.end_tree(process.pid)
        process.wait()
        raise
    if process.wait() != 0:
        raise _failure(arguments, process)


def _has_failed(process: "subprocess.Popen[bytes]") -> bool:
    """Whether it ended badly by itself; one that still writes has not."""
    try:
        return process.wait(_MOMENT) != 0
    except subprocess.TimeoutExpired:
        return False


def _failure(arguments: Sequence[str | Path], process: "subprocess.Popen[bytes]") -> ProgramFailed:
    command = programs.quoted(arguments)
    name = Path(os.fspath(arguments[0])).name
    return ProgramFailed(f"{name} failed.", command=command, exit_code=process.returncode, stderr="")
