"""Trying again: after a pause where a server faltered, with a fresh URL where it refused the old one."""

import logging
from collections.abc import Callable
from typing import TypeVar

from reencodarr.errors import TransferBroken, UrlExpired
from reencodarr.transfer.answers import Faltered, Refused
from reencodarr.transfer.line import Line
from reencodarr.transfer.patience import rest, scattered
from reencodarr.transfer.urls import Renewing

log = logging.getLogger(__name__)

T = TypeVar("T")


class Tries:
    """The failures in a row of one use of a URL."""

    def __init__(self, url: Renewing, line: Line) -> None:
        self._url = url
        self._line = line
        self._failures = 0
        self._renewed = False

    def gained(self) -> None:
        """Something came through: what failed before does not count any more."""
        self._failures = 0
        self._renewed = False

    def failed(self, error: Faltered | Refused, used: str) -> None:
        """Wait for the next try, or renew the URL that was `used`.

        Raises UrlExpired, TransferBroken when that was the last try, WorkStopped, and what the renewal raises.
        """
        if isinstance(error, Refused):
            self._renew(error, used)
        else:
            self._wait(error)

    def _renew(self, error: Refused, used: str) -> None:
        if self._renewed:
            raise UrlExpired(
                f"The bucket refuses the URL of {self._url.name}, also a fresh one: {error}.",
                advice="Check the clocks of server and bucket.",
            ) from error
        self._renewed = True
        log.debug("the URL of %s is refused (%s); asking for a fresh one", self._url.name, error)
        self._url.renew(used)

    def _wait(self, error: Faltered) -> None:
        self._renewed = False  # It was no refusal: the URL may have time to expire once more before this is over.
        self._failures += 1
        patience = self._line.patience
        if self._failures >= patience.tries:
            raise TransferBroken(
                f"The transfer of {self._url.name} broke off {self._failures} times in a row, at last: {error}.",
                advice="The next attempt goes on from there.",
            ) from error
        log.debug("%s: %s; try %d of %d follows", self._url.name, error, self._failures + 1, patience.tries)
        rest(scattered(patience.pause(self._failures)), self._line.stop)


def until_done(url: Renewing, line: Line, attempt: Callable[[str], T]) -> T:
    """What `attempt` returns when it is given a URL that works.

    Raises UrlExpired, TransferBroken, WorkStopped, and what else the attempt raises.
    """
    tries = Tries(url, line)
    while True:
        address = url.current()
        try:
            return attempt(address)
        except (Faltered, Refused) as error:
            tries.failed(error, address)
