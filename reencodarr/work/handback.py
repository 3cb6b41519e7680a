"""How a worker tells its runs to hand their jobs back at once: a file in the data folder that they look for.

Not a signal, because Windows has none that reaches a process without a console, and because one file reaches all runs.
"""

import contextlib
from pathlib import Path

_FILE = "hand-back"


def ask(data_dir: Path) -> None:
    """Ask every run of this worker to leave its job."""
    (data_dir / _FILE).touch()


def asked(data_dir: Path) -> bool:
    """Whether runs shall leave their jobs."""
    return (data_dir / _FILE).exists()


def withdraw(data_dir: Path) -> None:
    """Let runs work again. May be repeated safely."""
    with contextlib.suppress(FileNotFoundError):
        (data_dir / _FILE).unlink()
