"""How a worker is asked to stop where no signal reaches it: by a file in its data folder, one byte for each request.

Windows tells nothing to a program without a console, as its tasks and services are. A lock beside the file tells
whether anybody looks at it.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from reencodarr.errors import SettingsError
from reencodarr.tools import platforms

_FILE = "stop"
_LOCK = "stop.lock"


def ask(data_dir: Path) -> int:
    """Ask the worker of a data folder to stop; how often it has been asked by now.

    Raises SettingsError where no worker runs that could hear it, or the folder cannot be written.
    """
    try:
        heard = _lock(data_dir)
        if heard is not None:
            os.close(heard)
            raise SettingsError(
                f"No worker is at work with the data folder {data_dir}.",
                path=data_dir,
                advice="Set REENCODARR_DATA_DIR as it is set for the worker.",
            )
        with (data_dir / _FILE).open("ab") as file:
            file.write(b".")
            return file.tell()
    except OSError as error:
        raise SettingsError(f"The data folder {data_dir} cannot be used: {error.strerror}.", path=data_dir) from error


@contextlib.contextmanager
def requests(data_dir: Path) -> Iterator[Callable[[], int]]:
    """What tells how often this worker was asked to stop, for as long as the block runs; earlier requests are void.

    Raises SettingsError where another worker has the data folder.
    """
    lock = _lock(data_dir)
    if lock is None:
        raise SettingsError(
            f"Another worker runs with the data folder {data_dir}.",
            path=data_dir,
            advice="Give each worker of this machine a token and a REENCODARR_DATA_DIR of its own.",
        )
    file = data_dir / _FILE
    try:
        file.unlink(missing_ok=True)
        yield lambda: _size(file)
    finally:
        with contextlib.suppress(OSError):  # Windows deletes no file that somebody is just writing.
            file.unlink()
        os.close(lock)


def _lock(data_dir: Path) -> int | None:
    """The open lock; None where somebody holds it."""
    handle = os.open(data_dir / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    if platforms.here().try_lock(handle):
        return handle
    os.close(handle)
    return None


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
