"""The secret that proves a webhook to come from one of our Sonarrs and Radarrs: made once, kept in a private file.

It opens nothing but the webhooks, and all a webhook can do is have a title looked at again.
"""

import logging
import secrets
from pathlib import Path

from pydantic import SecretStr

from reencodarr.errors import SettingsError
from reencodarr.settings import Settings
from reencodarr.tools import private

log = logging.getLogger(__name__)

_BYTES = 32


def path(settings: Settings) -> Path:
    """Where it is kept."""
    return settings.data_dir / "secrets" / "webhook"


def webhook(settings: Settings) -> SecretStr:
    """The secret; made now if there is none.

    Raises SettingsError.
    """
    file = path(settings)
    try:
        if not file.exists() and private.write_new(file, f"{secrets.token_urlsafe(_BYTES)}\n".encode()):
            log.info("made the secret of webhooks: %s", file)
        text = private.text(file)
    except OSError as error:
        raise SettingsError(
            f"The secret of webhooks {file} cannot be read or written: {error.strerror}.",
            path=file,
            advice="Set REENCODARR_DATA_DIR to a folder that can be written.",
        ) from error
    if len(text) < _BYTES or not text.isascii():
        raise SettingsError(
            f"{file} does not hold a secret.",
            path=file,
            advice="Delete it and restart the server; a new one is made and told to every Sonarr and Radarr.",
        )
    return SecretStr(text)
