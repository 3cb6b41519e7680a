"""What this process may use of its machine: cores and memory, also in a container that is given a part of them.

Linux tells a container's limits in its control group (version 2). Reads only; what cannot be read sets no limit.
"""

import os
from pathlib import Path

import psutil

from reencodarr.units import Bytes

GROUP = Path("/sys/fs/cgroup")
"""Where a container sees the limits that are its own."""


def cores(group: Path = GROUP) -> int:
    """Cores that this process may use, at least one; a part of a core counts as one."""
    free = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _read(group / "cpu.max").partition(" ")
    if not (quota.isdigit() and period.isdigit() and int(period)):
        return free
    return max(1, min(free, -(-int(quota) // int(period))))


def memory(group: Path = GROUP) -> Bytes:
    """What this machine, or the container it is in, has."""
    installed: int = psutil.virtual_memory().total
    limit = _number(group / "memory.max")
    return Bytes(installed if limit is None else min(installed, limit))


def free_memory(group: Path = GROUP) -> Bytes:
    """What programs may still take: of the machine and, in a container, of what it is given.

    Files that a container has read count as taken by it, but give way; those not used of late are free.
    """
    available: int = psutil.virtual_memory().available
    limit, taken = _number(group / "memory.max"), _number(group / "memory.current")
    if limit is None or taken is None:
        return Bytes(available)
    return Bytes(max(0, min(available, limit - taken + _unused_files(group))))


def _unused_files(group: Path) -> int:
    pairs = (line.split() for line in _read(group / "memory.stat").splitlines())
    return next((int(pair[1]) for pair in pairs if pair[0] == "inactive_file"), 0)


def _number(file: Path) -> int | None:
    """None where there is no such file, or no limit: `max`."""
    text = _read(file)
    return int(text) if text.isdigit() else None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
