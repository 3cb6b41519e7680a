"""Processes, as tests ask about them."""

import psutil


def lives(process: psutil.Process) -> bool:
    """Whether a process still runs or could; one that only waits to be collected does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
