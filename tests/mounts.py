"""Small, read-only and vanishing disks for tests, where this user may mount them."""

import contextlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(*arguments: str | Path, at: Path) -> Iterator[Path]:
    """What `mount` makes of these arguments, until the end; skips the test where it is not allowed."""
    at.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *arguments, at], capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", at], check=True)


def disk(at: Path, size: str) -> contextlib.AbstractContextManager[Path]:
    """An empty disk of some size, like `8m`."""
    return mounted("-t", "tmpfs", "-o", f"size={size}", "none", at=at)


def make_read_only(at: Path, *, read_only: bool) -> None:
    """Mount a mounted folder again, without or with the right to write."""
    subprocess.run(["mount", "-o", f"remount,bind,{'ro' if read_only else 'rw'}", at], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all the room that is left; deleting it gives the room back."""
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return filler
