"""The process that macOS lacks a kernel call for: ends the children of a parent that is gone.

`python -m reencodarr.tools.platforms.watchdog` reads one process id a line. When its standard input closes, the parent
has ended, and whatever it left behind is killed with all descendants. A number that another process got meanwhile
is told by its time of birth.
"""

import contextlib
import sys
from collections.abc import Iterable

import psutil


def watch(lines: Iterable[str]) -> None:
    """Learn children until there are no more lines, then kill those that live."""
    children: list[psutil.Process] = []
    for line in lines:
        children = [child for child in children if child.is_running()]
        with contextlib.suppress(psutil.Error, ValueError):  # Gone already, or a line cut short.
            children.append(psutil.Process(int(line)))
    for child in children:
        _kill(child)


def _kill(child: psutil.Process) -> None:
    family = [child]
    with contextlib.suppress(psutil.Error):
        family += child.children(recursive=True)
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()


if __name__ == "__main__":
    watch(sys.stdin)
