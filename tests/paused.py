"""Looking at programs that are held still: what the tests of pausing have in common."""

import time
from collections.abc import Callable
from typing import TypeVar

import psutil

T = TypeVar("T")

RESTING = {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}


def eventually(look: Callable[[], T], *, patience: float = 120.0) -> T:
    """What `look` finds, as soon as it finds anything."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing within {patience:.0f} s")


def encoders(of: psutil.Process) -> list[psutil.Process]:
    """The programs below a process that encode a film."""
    found = []
    for child in of.children(recursive=True):
        try:
            words = child.cmdline()
        except psutil.NoSuchProcess:
            continue
        if "libsvtav1" in words and "lavfi" not in words:
            found.append(child)
    return found


def at_work(of: psutil.Process) -> list[psutil.Process]:
    """Every ffmpeg below a process, whatever it does."""
    found = []
    for child in of.children(recursive=True):
        try:
            if "ffmpeg" in child.name():
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def still(children: list[psutil.Process]) -> bool:
    """Whether there are any, and all of them are stopped, or had just ended when their parent was."""
    try:
        return bool(children) and all(child.status() in RESTING for child in children)
    except psutil.NoSuchProcess:
        return False


def works(of: psutil.Process) -> bool:
    """Whether an ffmpeg below a process is at work."""
    for child in at_work(of):
        try:
            if child.status() not in RESTING:
                return True
        except psutil.NoSuchProcess:
            continue
    return False


def rests(of: psutil.Process, *, seconds: float = 3.0) -> bool:
    """Whether no ffmpeg below a process works for so long: each is stopped, or it rests between two of them."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if works(of):
            return False
        time.sleep(0.05)
    return True
