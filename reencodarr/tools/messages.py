"""Messages to people through Apprise, which knows some 150 services. No token of a URL reaches a log or an answer."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is said to a person, as plain text."""

    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of a message on one way."""

    address: str
    """The kind of service and the URL's place in the list; hosts and paths hold tokens."""
    delivered: bool
    words: str = ""
    """Why not."""


def send(urls: Sequence[str], message: Message) -> tuple[Delivery, ...]:
    """Send a message to every URL, one after another; what became of each, in order. Raises nothing.

    A service that does not answer within 4 s is given up (Apprise's own limit).
    """
    return tuple(_send(f"{_kind(url)} (number {place})", url, message) for place, url in enumerate(urls, start=1))


def _send(address: str, url: str, message: Message) -> Delivery:
    try:
        words = _trouble(url, message)
    except Exception as error:  # noqa: BLE001 - the boundary: no plug-in of 150 may end what had something to tell
        words = f"Apprise broke ({type(error).__name__})."
    if words:
        log.warning("%r was not delivered by %s: %s", message.title, address, words)
    else:
        log.info("%r was delivered by %s", message.title, address)
    return Delivery(address=address, delivered=not words, words=words)


def _trouble(url: str, message: Message) -> str:
    """Send it; why that failed, or nothing."""
    from apprise import Apprise, AppriseAsset, NotifyFormat

    # Its own lines may name the URL and what a service answered.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    way = Apprise(asset=AppriseAsset(app_id="reencodarr", app_desc="Reencodarr", secure_logging=True))
    if not way.add(url):
        return "Apprise cannot read this URL."
    delivered = way.notify(title=message.title, body=message.body, body_format=NotifyFormat.TEXT)
    return "" if delivered else "It did not answer, or refused the message."


def _kind(url: str) -> str:
    """What stands before `://`; nothing else of a URL is fit to be shown."""
    kind, separator, _ = url.partition("://")
    return kind if separator and kind.isalnum() else "unknown"
