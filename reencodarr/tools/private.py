"""Files that only their owner can read: written once, whoever comes first; secrets that are kept in one."""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from reencodarr.errors import SettingsError

log = logging.getLogger(__name__)

_LOOKS = 20
_PAUSE = 0.05


def kept(file: Path, what: str, make: Callable[[], str]) -> str:
    """The text that a file keeps, without white space around it; `make` makes it where there is no file yet.

    `what` is kept there, in words that follow "made". Where many ask at once, all get the text of the first.

    Raises SettingsError.
    """
    try:
        if not file.exists() and write_new(file, f"{make()}\n".encode()):
            log.info("made %s: %s", what, file)
        return _text(file)
    except OSError as error:
        raise SettingsError(
            f"{what[:1].upper()}{what[1:]} {file} cannot be read or written: {error.strerror}.",
            path=file,
            advice="Set REENCODARR_DATA_DIR to a folder that can be written.",
        ) from error


def write_new(file: Path, content: bytes) -> bool:
    """Write a new file that only its owner can read; False when there is one of that name. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(opened, "wb") as stream:
        stream.write(content)
    return True


def _text(file: Path) -> str:
    """The file's text; waits a moment where another process has made the file and not written it yet."""
    for _ in range(_LOOKS):
        found = file.read_text(encoding="utf-8", errors="replace").strip()
        if found:
            return found
        time.sleep(_PAUSE)
    return ""
