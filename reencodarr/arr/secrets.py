"""The secret that proves a webhook to come from one of our Sonarrs and Radarrs: made once, kept in a private file.

It opens nothing but the webhooks, and all a webhook can do is have a title looked at again.
"""

import secrets
from pathlib import Path

from pydantic import SecretStr

from reencodarr.errors import SettingsError
from reencodarr.settings import Settings
from reencodarr.tools import private

_BYTES = 32


def path(settings: Settings) -> Path:
    """Where it is kept."""
    return settings.data_dir / "secrets" / "webhook"


def webhook(settings: Settings) -> SecretStr:
    """The secret; made now if there is none.

    Raises SettingsError.
    """
    file = path(settings)
    text = private.kept(file, "the secret of webhooks", lambda: secrets.token_urlsafe(_BYTES))
    if len(text) < _BYTES or not text.isascii():
        raise SettingsError(
            f"{file} does not hold a secret.",
            path=file,
            advice="Delete it and restart the server; a new one is made and told to every Sonarr and Radarr.",
        )
    return SecretStr(text)
