"""What a module in this room promises: processes, locks and names of one system.

The modules themselves satisfy the protocol; their functions keep no state but what has to live as long as the process.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil

from reencodarr.units import Bytes, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a program that ended took."""

    cpu: Seconds = Seconds(0.0)
    """User and system time, also of descendants that it waited for; 0 where unknown."""
    largest: Bytes = Bytes(0)
    """The kernel's own figure of its largest resident set; 0 where it has none."""


class System(Protocol):
    """One system."""

    @property
    def name(self) -> str:
        """`linux`, `windows` or `macos`: also the name of its work pool."""
        ...

    # Processes

    def start_options(self, *, own_session: bool) -> dict[str, Any]:
        """Arguments for `Popen`: a session (or group) of its own if asked, and what binds a child to our life."""
        ...

    def adopt(self, process: "subprocess.Popen[bytes]") -> None:
        """Bind a child that has just been started to our life, where `start_options` could not."""
        ...

    def bind_descendants(self) -> None:
        """Bind all that this process starts from now on, and all that they start, to its life, where that can be done.

        Where it cannot, whatever was not started with `start_options` and `adopt` outlives a killed process.
        """
        ...

    def finished(self, process: "subprocess.Popen[bytes]") -> Usage | None:
        """Collect a child's exit code if it ended, never waiting; None while it runs. Raises ChildProcessError."""
        ...

    def ask_to_end(self, process: psutil.Process) -> None:
        """Ask a process to end, where the system knows such a request; else end it. Raises psutil.Error."""
        ...

    def ended_by(self, exit_code: int) -> str:
        """What ended a program from outside, by name (`SIGKILL`); empty where the exit code is its own."""
        ...

    def end_like(self, exit_code: int) -> None:
        """End this process as a child ended, so that whoever started it sees the same; returns where it cannot."""
        ...

    def peak_memory(self, pid: int) -> Bytes:
        """The largest resident set of a living process since it became its program; 0 where unknown."""
        ...

    # Files

    def try_lock(self, handle: int) -> bool:
        """Lock an open file if nobody else holds it. Whoever holds it, the file can be read. Raises OSError."""
        ...

    def wait_for_lock(self, handle: int) -> None:
        """Lock an open file as soon as nobody else holds it. Raises OSError."""
        ...

    def folder_handle(self, folder: Path) -> int | None:
        """An open folder that `try_lock` takes; None where folders cannot be opened. Raises OSError."""
        ...

    def sync(self, path: Path) -> None:
        """Wait until the disk has a file's bytes, or a folder's names where that can be waited for. Raises OSError."""
        ...

    # Names

    def executable(self, name: str) -> str:
        """The file name of a program."""
        ...
