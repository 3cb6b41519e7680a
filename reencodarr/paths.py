"""Paths as text, for databases, JSON and flow parameters: any name a filesystem allows survives.

A path that is valid UTF-8 is its own text. Any other is percent-encoded behind `bytes:`, which no real path begins
with, since all of them are absolute.
"""

import os
import re
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

_NOT_UTF8 = re.compile(r"[\udc80-\udcff\x00]")
_BYTES = "bytes:"


def to_text(path: Path) -> str:
    """The text of a path."""
    plain = str(path)
    return _encoded(path) if _NOT_UTF8.search(plain) else plain


def from_text(text: str) -> Path:
    """The path of a text; what `to_text` made comes back as it was."""
    if text.startswith(_BYTES):
        return Path(os.fsdecode(unquote_to_bytes(text.removeprefix(_BYTES))))
    return Path(text)


def starts_below(folder: Path) -> tuple[str, ...]:
    """How the texts of paths below a folder begin: plain, and encoded for names that are not UTF-8."""
    plain = to_text(folder).rstrip("/") + "/"
    return tuple(dict.fromkeys((plain, _encoded(folder).rstrip("/") + "/")))


def _encoded(path: Path) -> str:
    return _BYTES + quote_from_bytes(os.fsencode(path), safe="/ ")
