"""The one line of text that lets a machine join: who it is, its secret, and how it reaches and knows the server.

It is shown once, when the server adds the worker, and stands in a file or a variable of the worker's machine.
"""

import base64
import binascii
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from reencodarr.errors import SettingsError

_MARK = "rwt1."
"""Names the format, and lets people tell the text from other secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a worker knows of its server."""

    name: str
    secret: str = field(repr=False)
    pool: str
    server: str = ""
    """URL, without a path."""
    certificate: str = ""
    """PEM of the only authority that is believed; empty: the public ones."""

    @property
    def auth_string(self) -> str:
        """For HTTP Basic, and for Prefect's client."""
        return f"{self.name}:{self.secret}"


def to_text(token: Token) -> str:
    """The token as one line without spaces."""
    return _MARK + base64.urlsafe_b64encode(json.dumps(asdict(token)).encode()).decode()


def from_text(text: str) -> Token:
    """The token that `to_text` wrote.

    Raises SettingsError, which does not repeat the text.
    """
    try:
        if not text.strip().startswith(_MARK):
            raise ValueError(_MARK)
        fields = json.loads(base64.b64decode(text.strip().removeprefix(_MARK), altchars=b"-_", validate=True))
        token = Token(**{name: str(value) for name, value in fields.items()})
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise SettingsError(
            "This is no token of a Reencodarr worker.",
            advice="Copy the whole line that `reencodarr workers add` printed on the server.",
        ) from error
    if not token.name or not token.secret or not token.pool:
        raise SettingsError("The worker's token is not complete.", advice="Let the server make another one.")
    return token


def from_file(path: Path) -> Token:
    """The token in a file.

    Raises SettingsError.
    """
    try:
        return from_text(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(
            f"The token file {path} cannot be read: {words}.",
            path=path,
            advice="Write the line that `reencodarr workers add` printed on the server into it.",
        ) from error
