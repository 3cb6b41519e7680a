"""The keys of the bucket that `up` brings along, in a file that only the owner can read."""

import secrets as random_secrets

from reencodarr.api import secrets
from reencodarr.errors import SettingsError
from reencodarr.settings import Settings


def made(loaded: Settings) -> tuple[str, str]:
    """Access and secret key; made once.

    Raises SettingsError.
    """
    file = loaded.data_dir / "secrets" / "bucket"
    made = f"{random_secrets.token_hex(10)}:{random_secrets.token_hex(20)}"
    secrets.private_file(file, made.encode())
    access, _, secret = file.read_text(encoding="ascii").strip().partition(":")
    if not access or not secret:
        raise SettingsError(
            f"{file} does not hold the bucket's keys.", path=file, advice="Delete it; new ones are made."
        )
    return access, secret
