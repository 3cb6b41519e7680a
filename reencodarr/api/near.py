"""Whether a request comes from this machine, for a server that asks for no secret. Pure.

Such a server listens on loopback, and yet others find ways there: a page of any site in a browser on this machine (its
requests bear its origin, or after a change of its name server its own name as the host), and a reverse proxy that was
put before it (whose requests tell for whom they come). A proxy that hides all of that cannot be told apart.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from reencodarr.stages import address

_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")


def is_near(scope: Any) -> bool:
    """Whether whoever sent a request, and every name in it, is this machine."""
    client = scope.get("client")
    if client is not None and not address.is_loopback(client[0]):
        return False
    headers = [(name.lower(), value) for name, value in scope["headers"]]
    if any(name in _FORWARDED for name, _ in headers):
        return False
    return all(_names_us(f"//{value}") for value in _of(headers, b"host")) and all(
        _names_us(value) for value in _of(headers, b"origin")
    )


def _of(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in headers if name == wanted]


def _names_us(url: str) -> bool:
    try:
        return address.is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
