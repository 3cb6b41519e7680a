"""The owner's secret: made once, kept in a file that only the owner can read.

Whoever has it may do everything. Workers' secrets are none of this module's: the database keeps their digests; nor is
the one of webhooks (`arr.secrets`).
"""

import secrets
from pathlib import Path

from reencodarr.errors import SettingsError
from reencodarr.settings import Settings
from reencodarr.tools import private

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
    text = private.kept(file, "the owner's secret", lambda: f"{NAME}:{secrets.token_urlsafe(_BYTES)}")
    name, _, secret = text.partition(":")
    if not name or len(secret) < _BYTES:
        raise SettingsError(
            f"{file} does not hold an owner's secret.", path=file, advice="Delete it; a new one is made."
        )
    return text
