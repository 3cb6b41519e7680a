"""Outside programs, and the disks that they fill.

ProgramError
├── ProgramMissing         a program is not there or cannot do its part
├── ProgramNotStarted      the system has no means left to start it
├── ProgramFailed          exit code other than 0
│   └── ProgramInterrupted ended by a signal from outside
└── ProgramStalled         no sign of life for too long; it was ended
NoSpace                    a disk is full, or would be
"""

from pathlib import Path

from reencodarr.errors.base import Category, ReencodarrError


class ProgramError(ReencodarrError):
    """Raised when an outside program cannot do what was asked of it."""

    category = Category.PROGRAM
    code = "program"


class ProgramMissing(ProgramError):
    """Raised when a program is not installed or lacks a needed capability."""

    category = Category.CONFIGURATION
    code = "program_missing"


class ProgramNotStarted(ProgramError):
    """Raised when the system has no memory, processes or open files left to start a program."""

    category = Category.RESOURCES
    code = "program_not_started"
    transient = True


class ProgramFailed(ProgramError):
    """Raised when a program ended with an exit code other than 0."""

    code = "program_failed"

    def __init__(
        self, message: str, *, command: str, exit_code: int, stderr: str, path: Path | None = None, advice: str = ""
    ) -> None:
        super().__init__(message, path=path, advice=advice)
        self.command = command
        self.exit_code = exit_code
        self.stderr = stderr


class ProgramInterrupted(ProgramFailed):
    """Raised when a program was ended from outside (a cancel, the system); it says nothing about the film."""

    category = Category.RESOURCES
    code = "program_interrupted"
    transient = True


class ProgramStalled(ProgramError):
    """Raised when a program showed no sign of life for too long and was ended."""

    category = Category.TIMEOUT
    code = "program_stalled"
    transient = True


class NoSpace(ReencodarrError):
    """Raised when a disk is full, or would be; nothing was written that stays."""

    category = Category.RESOURCES
    code = "no_space"
    transient = True
