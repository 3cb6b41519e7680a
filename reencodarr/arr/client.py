"""HTTP with one Sonarr or Radarr: timeouts, pages, patience, and its troubles by name. Knows no endpoint of either.

The API key is in a header of each request and nowhere else: in no URL, no message and no log. Redirects are not
followed, for they would carry it away. Only what may be repeated without harm is repeated.
"""

import contextlib
import email.utils
import itertools
import json
import logging
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import IO, Any, NamedTuple, Self

import httpx

from reencodarr.arr import troubles
from reencodarr.arr.elements import NotAList, elements
from reencodarr.arr.instance import Instance
from reencodarr.errors import ArrBusy, ArrUnreachable, SettingsError
from reencodarr.transfer.patience import Stop, never, rest, scattered
from reencodarr.units import MIB, Seconds

log = logging.getLogger(__name__)

API = "/api/v3"
"""Of Sonarr 4 and Radarr 5 and 6."""

_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_IN_MEMORY = 4 * MIB
_CHUNK = 64 * 1024
_PAGE = 250

Query = Mapping[str, int | str | bool | Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long to wait for it, and how often."""

    connect: Seconds = Seconds(10.0)
    answer: Seconds = Seconds(90.0)
    """Between two bytes of an answer; its database is slow while it scans."""
    tries: int = 4
    first_pause: Seconds = Seconds(1.0)
    longest_pause: Seconds = Seconds(30.0)
    """It may ask for a longer one (`Retry-After`); then it counts as busy."""

    def pause(self, failures: int) -> Seconds:
        return Seconds(min(self.longest_pause, self.first_pause * 2 ** (failures - 1)))


DEFAULT_TIMES = Times()


class Arr:
    """A connection to an instance. Threads share it."""

    def __init__(self, instance: Instance, *, stop: Stop = never, times: Times = DEFAULT_TIMES) -> None:
        """Asks nothing yet.

        Raises SettingsError for an URL that is none.
        """
        self._instance = instance
        self._stop = stop
        self._times = times
        try:
            self._client = httpx.Client(
                base_url=instance.url,
                headers={"X-Api-Key": instance.api_key.get_secret_value(), "Accept": "application/json"},
                timeout=httpx.Timeout(times.answer, connect=times.connect),
                follow_redirects=False,
            )
        except (httpx.InvalidURL, ssl.SSLError) as error:
            raise SettingsError(f"The address {instance.url} of {instance} cannot be used: {error}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    @property
    def instance(self) -> Instance:
        return self._instance

    def get(self, path: str, query: Query | None = None) -> Any:
        """What it answers. All calls raise errors of the ArrError family, and WorkStopped."""
        return self._json(self._ask("GET", path, query=query))

    def put(self, path: str, body: object) -> Any:
        return self._json(self._ask("PUT", path, body=body))

    def post(self, path: str, body: object | None = None) -> Any:
        """Sent once, whatever comes of it."""
        return self._json(self._ask("POST", path, body=body))

    def delete(self, path: str) -> None:
        self._ask("DELETE", path)

    def stream(
        self, path: str, query: Query | None = None, *, counted: Callable[[int], None] | None = None
    ) -> Iterator[dict[str, Any]]:
        """The elements of a list, however long.

        It is received whole, to disk if it is long, before the first element comes: a receiver that takes its time
        in between would be cut off. `counted` is told before that how many there are, if the list is a whole one.
        Raises ArrIsNot for what is no list.
        """
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
            self._ask("GET", path, query=query, spool=spool)
            if counted is not None:
                with contextlib.suppress(NotAList):
                    counted(sum(1 for _ in _read(spool)))
            try:
                yield from _read(spool)
            except NotAList as error:
                raise troubles.unreadable(self._instance, path, str(error)) from error

    def pages(self, path: str, query: Query | None = None) -> Iterator[dict[str, Any]]:
        """The records of a paged list.

        What is added meanwhile at its front moves records to a later page; each comes once all the same. A page that
        brings nothing new is the last: one that cannot turn pages says the same for ever.
        """
        seen: set[int] = set()
        page = 1
        while True:
            answer = self.get(path, {**(query or {}), "page": page, "pageSize": _PAGE})
            records = answer.get("records") if isinstance(answer, dict) else None
            if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
                raise troubles.unreadable(self._instance, path, "it is no page of a list")
            fresh = {one["id"]: one for one in records if isinstance(one.get("id"), int) and one["id"] not in seen}
            yield from fresh.values()
            seen.update(fresh)
            total = answer.get("totalRecords")
            if not fresh or len(records) < _PAGE or not isinstance(total, int) or page * _PAGE >= total:
                return
            page += 1

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: object | None = None,
        spool: IO[bytes] | None = None,
    ) -> httpx.Response:
        """Ask until it answers well. Into `spool` goes the body of a good answer, if that is given."""
        request = self._client.build_request(method, API + path, params=_parameters(query), json=body)
        tries = self._times.tries if method in _IDEMPOTENT else 1
        for failures in itertools.count(1):
            answer = self._try(request, spool)
            if isinstance(answer, httpx.Response):
                return answer
            pause = scattered(self._times.pause(failures)) if answer.wished is None else answer.wished
            if failures == tries or pause > self._times.longest_pause:
                raise answer.error
            log.info("%s Trying again in %.1f s.", answer.error.message, pause)
            rest(pause, self._stop)
        raise AssertionError

    def _try(self, request: httpx.Request, spool: IO[bytes] | None) -> "httpx.Response | _Setback":
        """A good answer, or trouble that may pass. Raises what will not."""
        try:
            with contextlib.closing(self._client.send(request, stream=True)) as answer:
                if spool is not None and answer.is_success and not troubles.is_page(answer):
                    _receive(answer, spool)
                else:
                    answer.read()
        except (httpx.TransportError, httpx.DecodingError) as error:
            trouble = troubles.unreachable(self._instance, error)
            if troubles.lasting(error):
                raise trouble from error
            return _Setback(trouble)
        if answer.status_code in _AGAIN:
            return _Setback(troubles.busy(self._instance, answer), _wished(answer))
        if not answer.is_success or troubles.is_page(answer):
            raise troubles.refusal(self._instance, answer)
        return answer

    def _json(self, answer: httpx.Response) -> Any:
        """The body; None where there is none."""
        if not answer.content.strip():
            return None
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            raise troubles.unreadable(self._instance, answer.request.url.path, "it is no JSON") from error


class _Setback(NamedTuple):
    """A try that failed in a way that may pass."""

    error: ArrUnreachable | ArrBusy
    wished: Seconds | None = None
    """How long it asks us to wait."""


def _read(spool: IO[bytes]) -> Iterator[dict[str, Any]]:
    spool.seek(0)
    return elements(iter(lambda: spool.read(_CHUNK), b""))


def _receive(answer: httpx.Response, spool: IO[bytes]) -> None:
    spool.seek(0)
    spool.truncate()
    for chunk in answer.iter_bytes(_CHUNK):
        spool.write(chunk)


def _parameters(query: Query | None) -> httpx.QueryParams:
    """As they read them: a list is the same name several times, and true is lower case."""
    found: list[tuple[str, str]] = []
    for name, value in (query or {}).items():
        values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        found += [(name, str(one).lower() if isinstance(one, bool) else str(one)) for one in values]
    return httpx.QueryParams(tuple(found))


def _wished(answer: httpx.Response) -> Seconds | None:
    """What `Retry-After` asks for, as seconds or as a date."""
    text = answer.headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return Seconds(float(text))
    try:
        date = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return Seconds(max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds()))
