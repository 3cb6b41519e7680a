"""Files that only their owner can read: written once, whoever comes first."""

import os
import time
from pathlib import Path

_LOOKS = 20
_PAUSE = 0.05


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


def text(file: Path) -> str:
    """The file's text; waits a moment where another process has made the file and not written it yet.

    Raises OSError.
    """
    for _ in range(_LOOKS):
        found = file.read_text(encoding="utf-8", errors="replace").strip()
        if found:
            return found
        time.sleep(_PAUSE)
    return ""
