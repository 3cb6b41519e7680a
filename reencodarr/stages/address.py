"""By which URL others reach this server: workers, browsers, and the Sonarrs and Radarrs that call us."""

import ipaddress
import socket
from urllib.parse import urlsplit

from reencodarr.arr.instance import Instance
from reencodarr.errors import SettingsError
from reencodarr.settings import ServerSettings

WEBHOOKS = "/webhooks"
"""What all webhooks are below."""


def url(server: ServerSettings) -> str:
    """The URL by which workers and browsers reach the server, without a path."""
    if server.public_url:
        parts = urlsplit(server.public_url)
        return f"{parts.scheme}://{parts.netloc}"
    host = socket.getfqdn() if server.host in {"0.0.0.0", "::"} else server.host
    return f"{'https' if server.tls else 'http'}://{bracketed(host)}:{server.port}"


def webhook(server: ServerSettings, instance: Instance) -> str:
    """The URL that an instance is to send its webhooks to.

    Raises SettingsError where that would be the instance's own machine, and not ours.
    """
    own = url(server)
    ours, theirs = urlsplit(own).hostname or "", urlsplit(instance.url).hostname or ""
    # A machine whose name was never set calls itself localhost.localdomain.
    if (is_loopback(ours) or ours.startswith("localhost.")) and not is_loopback(theirs):
        raise SettingsError(
            f"{instance} at {instance.url} cannot send webhooks to {own}: that is its own machine.",
            advice="Set REENCODARR_SERVER__HOST=0.0.0.0 and REENCODARR_SERVER__PUBLIC_URL to the URL by which it "
            "reaches this server, and restart the server.",
        )
    return f"{own}{WEBHOOKS}/{instance.kind.value}/{instance.name}"


def is_loopback(host: str) -> bool:
    """Whether a host is the machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bracketed(host: str) -> str:
    """A host as URLs want it."""
    return f"[{host}]" if ":" in host else host
