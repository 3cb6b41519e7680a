"""Ctrl-C and SIGTERM: the first asks the run to stop cleanly, the second, or too long a silence, ends it.

An interrupt can strike inside any line, also inside one that holds a lock which then stays held (Python's logging has
such lines), so a clean stop cannot be promised by the interrupt alone. What a forced end leaves is what a crash leaves:
the next run puts it right.
"""

import contextlib
import os
import signal

import psutil

from reencodarr.cli import exits

GRACE_SECONDS = 30

_asked = False


def on_signals() -> None:
    """Take SIGINT and SIGTERM from now on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _force)


def _stop(number: int, frame: object) -> None:
    global _asked  # noqa: PLW0603 - a signal handler has no other place to remember
    if _asked:
        _force(number, frame)
    _asked = True
    if hasattr(signal, "alarm"):
        signal.alarm(GRACE_SECONDS)
    raise KeyboardInterrupt


def _force(_number: int, _frame: object) -> None:
    os.write(2, b"Ended at once; the next run puts right what was under way.\n")
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    os._exit(exits.INTERRUPTED)
