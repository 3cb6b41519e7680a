"""The keys of the bucket that `up` brings along, in a file that only the owner can read."""

import secrets

from reencodarr.errors import SettingsError
from reencodarr.settings import Settings
from reencodarr.tools import private


def made(loaded: Settings) -> tuple[str, str]:
    """Access and secret key; made once.

    Raises SettingsError.
    """
    file = loaded.data_dir / "secrets" / "bucket"
    text = private.kept(file, "the bucket's keys", lambda: f"{secrets.token_hex(10)}:{secrets.token_hex(20)}")
    access, _, secret = text.partition(":")
    if not access or not secret:
        raise SettingsError(
            f"{file} does not hold the bucket's keys.", path=file, advice="Delete it; new ones are made."
        )
    return access, secret
