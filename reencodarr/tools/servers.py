"""Long-lived programs that run beside the main one: Prefect's API, the dashboard.

A server lives in a session of its own, so that Ctrl-C reaches the work first and the server is stopped last; it dies
with the process that started it (on Linux the thread), and its words go to a log file.
"""

import contextlib
import logging
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil

from reencodarr.errors import ProgramFailed, ProgramStalled
from reencodarr.tools import platforms, processes, programs
from reencodarr.units import Seconds

log = logging.getLogger(__name__)


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(
    arguments: Sequence[str | Path],
    *,
    environment: dict[str, str],
    log_path: Path,
    cwd: Path | None = None,
    inherits: bool = True,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; then it and its descendants are ended.

    `environment` is added to ours, or, where it `inherits` nothing, is all that it gets.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("wb") as words:
        process = subprocess.Popen(
            [os.fspath(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            env={**(os.environ if inherits else {}), **environment},
            cwd=cwd,
            **platforms.here().start_options(own_session=True),
        )
    platforms.here().adopt(process)
    log.debug("started %s (pid %d)", programs.quoted(arguments), process.pid)
    try:
        yield process
    finally:
        processes.end_tree(process.pid)
        process.wait()


def wait_until_listening(
    process: subprocess.Popen[bytes], port: int, *, log_path: Path, patience: Seconds = Seconds(120.0)
) -> None:
    """Wait until a server accepts connections on its loopback port.

    Raises ProgramFailed when it ended instead, ProgramStalled when it takes longer than `patience`.
    """

    def found() -> int | None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return port
        return None

    _waited_for(process, found, place=f" on port {port}", log_path=log_path, patience=patience)


def listening_port(process: subprocess.Popen[bytes], *, log_path: Path, patience: Seconds = Seconds(120.0)) -> int:
    """The port of a server that was told to take any (0), once it listens: no other program can take it before.

    Raises ProgramFailed when it ended instead, ProgramStalled when it takes longer than `patience`.
    """
    return _waited_for(process, lambda: _port(process.pid), place="", log_path=log_path, patience=patience)


def _port(pid: int) -> int | None:
    """Where a process, or a descendant (the Python of a virtual environment on Windows is one), listens."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in [process, *process.children(recursive=True)]:
            for connection in one.net_connections("tcp4"):
                if connection.status == psutil.CONN_LISTEN:
                    return int(connection.laddr.port)
    return None


def _waited_for(
    process: subprocess.Popen[bytes], found: Callable[[], int | None], *, place: str, log_path: Path, patience: Seconds
) -> int:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if port := found():
            return port
        if process.poll() is not None:
            tail = log_path.read_text(errors="replace")[-2000:]
            raise ProgramFailed(
                f"A server ended at its start: {programs.last_line(tail)}",
                command=programs.quoted(process.args if isinstance(process.args, list) else [str(process.args)]),
                exit_code=process.returncode,
                stderr=tail,
                advice=f"Its log is {log_path}.",
            )
        time.sleep(0.05)
    raise ProgramStalled(f"A server did not listen{place} within {patience:.0f} s.", advice=f"See {log_path}.")
