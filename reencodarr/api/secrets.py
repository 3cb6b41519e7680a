"""The owner's secret: made once, kept in a file that only the owner can read.

Whoever has it may do everything. Workers' secrets are none of this module's: the database keeps their digests; nor is
the one of webhooks (`arr.secrets`).
"""

import logging
import secrets
from pathlib import Path

from reencodarr.errors import SettingsError
from reencodarr.settings import Settings
from reencodarr.tools import private

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
        text = private.text(file)
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
    return private.write_new(file, content)


def _make(file: Path) -> None:
    if private_file(file, f"{NAME}:{secrets.token_urlsafe(_BYTES)}\n".encode()):
        log.info("made the owner's secret: %s", file)
