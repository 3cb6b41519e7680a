"""Processes, as tests ask about them."""

import contextlib

import psutil


def lives(process: psutil.Process) -> bool:
    """Whether a process still runs or could; one that only waits to be collected does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def living(parent: psutil.Process, name: str) -> list[psutil.Process]:
    """The children of a process whose names contain that and which live, the youngest first."""
    found = []
    for child in parent.children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if name in child.name() and lives(child):
                found.append(child)
    return sorted(found, key=lambda child: child.create_time(), reverse=True)
