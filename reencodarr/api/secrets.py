"""The owner's secret: made once, kept in a file that only the owner can read.

Whoever has it may do everything. Workers' secrets are none of this module's: the database keeps their digests.
"""

import logging
import os
import secrets
import time
from pathlib import Path

from reencodarr.errors import SettingsError
from reencodarr.settings import Settings

log = logging.getLogger(__name__)

NAME = "owner"
_BYTES = 32


def path(settings: Settings) -> Path:
    """Where the owner's secret is kept."""
    return settings.data_dir / "secrets" / "owner"


def owner(settings: Settings) -> str:
    """The owner's `name:secret`, as `PREFECT_API_AUTH_STRING` wants it; made now if there is none.

    Raises SettingsError.
    """
    file = path(settings)
    try:
        if not file.exists():
            _make(file)
        text = _read(file)
    except OSError as error:
        raise SettingsError(
            f"The owner's secret {file} cannot be read or written: {error.strerror}.",
            path=file,
            advice="Set REENCODARR_DATA_DIR to a folder that can be written.",
        ) from error
    name, _, secret = text.partition(":")
    if not name or len(secret) < _BYTES:
        raise SettingsError(
            f"{file} does not hold an owner's secret.", path=file, advice="Delete it; a new one is made."
        )
    return text


def private_file(file: Path, content: bytes) -> bool:
    """Write a new file that only its owner can read; False when there is one of that name."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(opened, "wb") as stream:
        stream.write(content)
    return True


def _make(file: Path) -> None:
    if private_file(file, f"{NAME}:{secrets.token_urlsafe(_BYTES)}\n".encode()):
        log.info("made the owner's secret: %s", file)


def _read(file: Path) -> str:
    """The file's text; waits a moment where another process has made the file and not written it yet."""
    for _ in range(20):
        text = file.read_text(encoding="utf-8").strip()
        if text:
            return text
        time.sleep(0.05)
    return ""
