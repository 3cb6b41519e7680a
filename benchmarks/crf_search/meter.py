"""One program measured from outside, in a process of its own: `python -m benchmarks.crf_search.meter FILE COMMAND...`.

The program gets a session of its own. What it and all its descendants took is what the kernel adds to this process when
they are reaped; orphans come here too, since this process is their subreaper. So the same is counted for a program in
Rust and for one in Python. Linux only.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

LONGEST = 3 * 3600
"""Seconds after which the program is ended."""

_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Run the command; write what it took. Its standard output and error are this process's own."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, started = _read(), time.monotonic()
    process = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, start_new_session=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda *_: _end(process.pid))
    signal.alarm(LONGEST)
    code = process.wait()
    wall = time.monotonic() - started
    _reap(process.pid)
    after, used = _read(), resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {
        "exit_code": code,
        "wall_s": wall,
        "cpu_s": used.ru_utime + used.ru_stime,
        "read_bytes": after["read_bytes"] - before["read_bytes"],
        "read_chars": after["rchar"] - before["rchar"],
    }
    Path(sys.argv[1]).write_text(json.dumps(figures))


def _reap(group: int) -> None:
    """End and collect what the program left behind."""
    _end(group)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def _end(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _read() -> dict[str, int]:
    """Bytes read by this process and by descendants that it or theirs reaped: from disk, and in all."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return {name: int(value) for name, value in (line.split(": ") for line in lines)}


if __name__ == "__main__":
    main()
