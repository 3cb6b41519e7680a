"""Presigned URLs, which expire: each is fetched when it is first needed and again when it is refused.

What follows the question mark is a secret. It is in no message and in no log line: these say `shown`.
"""

import threading
from collections.abc import Callable, Mapping, Sequence

AT_ONCE = 16
"""URLs of parts that are asked for together."""

PartUrls = Callable[[Sequence[int]], Mapping[int, str]]
"""Fresh URLs for parts of one upload, by number. Called by one thread at a time."""


class Renewing:
    """A URL that can be had anew. Threads share it."""

    def __init__(self, fetch: Callable[[], str], *, name: str = "") -> None:
        """`name` is the object, for messages; without it they show the URL's path. `fetch` may raise what it likes."""
        self._fetch = fetch
        self._name = name
        self._url: str | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """For people."""
        return self._name or shown(self._url or "an object")

    def current(self) -> str:
        """The URL; fetched at the first call."""
        with self._lock:
            if self._url is None:
                self._url = self._fetch()
            return self._url

    def renew(self, refused: str) -> None:
        """Fetch it anew, unless another thread did so since `refused` was taken."""
        with self._lock:
            if self._url == refused:
                self._url = self._fetch()


class Parts:
    """The URLs of the parts of one upload: the first ones come in batches, a refused one alone."""

    def __init__(self, fetch: PartUrls, numbers: Sequence[int], *, name: str) -> None:
        """`numbers` are the parts that will be sent, in that order."""
        self._fetch = fetch
        self._numbers = list(numbers)
        self._name = name
        self._unused: dict[int, str] = {}
        self._lock = threading.Lock()

    def of(self, number: int) -> Renewing:
        """The URL of one part."""
        return Renewing(lambda: self._url(number), name=f"part {number} of {self._name}")

    def _url(self, number: int) -> str:
        with self._lock:
            if number in self._numbers:
                first = self._numbers.index(number) // AT_ONCE * AT_ONCE
                batch = self._numbers[first : first + AT_ONCE]
                del self._numbers[first : first + AT_ONCE]
                self._unused |= self._fetch(batch)
            return self._unused.pop(number, None) or self._fetch([number])[number]


def shown(url: str) -> str:
    """The URL as it may be read by anybody."""
    return url.partition("?")[0]
