"""The way to the server: the messages of `talk` over HTTP, as the worker whose token this is.

An API that is away for minutes hurts nothing: every message is sent again until it is answered or patience ends. What
the server says against it is named here; what to do about that is left to the callers.
"""

import email.utils
import functools
import json
import logging
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeVar

import httpx

from reencodarr.errors import (
    JobLost,
    JobRefused,
    OrderUnreadable,
    ReencodarrError,
    ServerRefused,
    ServerUnreachable,
    SettingsError,
)
from reencodarr.transfer.patience import Stop, never, rest, scattered
from reencodarr.units import Seconds
from reencodarr.work import orders, talk
from reencodarr.work.orders import Order
from reencodarr.work.talk import (
    Capabilities,
    Claim,
    GoOn,
    JobBeat,
    PartsAsked,
    PartUrls,
    Refusal,
    Upload,
    UploadAsked,
    Urls,
    Welcome,
    WorkerBeat,
)
from reencodarr.work.token import Token

log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE = Seconds(3600.0)
"""How long a message is sent again and again: a server that is restarted or updated is back by then."""
BRIEF = Seconds(0.0)
"""For messages that are repeated anyway: once."""

_FIRST_PAUSE = Seconds(1.0)
_LONGEST_PAUSE = Seconds(20.0)
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_OWN_TROUBLE = 500
_OK = 200
_AGAIN = {408, 425, 429}
_UNKNOWN_TO_IT = {401, 403}
_LOST = {"lost", "taken"}
_REVOKED = "revoked"
_JOBS = f"{talk.PREFIX}/jobs/"
_IGNORED_SKEW = Seconds(60.0)
_LARGEST_SKEW = Seconds(24 * 3600.0)


class Link:
    """One worker's way to its server. Threads share it."""

    def __init__(
        self,
        token: Token,
        *,
        server: str | None = None,
        stop: Stop = never,
        patience: Seconds = PATIENCE,
        first_pause: Seconds = _FIRST_PAUSE,
    ) -> None:
        """`server` goes before the URL in the token.

        Raises SettingsError.
        """
        self.address = address(token, server)
        self._stop = stop
        self._patience = patience
        self._first_pause = first_pause
        self.skew: Seconds | None = None
        """How far this machine's clock is ahead of the server's, as the last answer said."""
        try:
            self._client = httpx.Client(
                base_url=self.address,
                auth=httpx.BasicAuth(token.name.encode(), token.secret.encode()),
                headers={"Content-Type": "application/json"},
                verify=trust(token),
                timeout=_TIMEOUT,
            )
        except (ssl.SSLError, httpx.InvalidURL) as error:
            raise SettingsError(f"The worker's token cannot be used: {error}.", advice="Make another one.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def hello(self, capabilities: Capabilities, *, patience: Seconds | None = None) -> Welcome:
        """Introduce this machine.

        Every message raises ServerUnreachable, ServerRefused, OrderUnreadable, WorkStopped.
        """
        return self._tell(talk.HELLO, talk.to_json(capabilities), Welcome, patience=patience)

    def beat(self, beat: WorkerBeat, *, patience: Seconds = BRIEF) -> GoOn:
        """Say that this worker lives."""
        return self._tell(talk.BEAT, talk.to_json(beat), GoOn, patience=patience)

    def claim(self, job: str, claim: Claim) -> Order:
        """Take a job.

        All messages about a job raise JobLost when it is not this run's (any more), JobRefused when something else
        speaks against it.
        """
        return self._ask(talk.job_path(job, "claim"), talk.to_json(claim), orders.order_from_json)

    def job_beat(self, job: str, beat: JobBeat, *, patience: Seconds = BRIEF) -> GoOn:
        """Say how far a job is, and hold it."""
        return self._tell(talk.job_path(job, "beat"), talk.to_json(beat), GoOn, patience=patience)

    def urls(self, job: str, attempt: int, *, patience: Seconds | None = None) -> Urls:
        """Fresh URLs of an attempt."""
        body = json.dumps({"attempt": attempt})
        return self._tell(talk.job_path(job, "urls"), body, Urls, patience=patience)

    def upload(self, job: str, asked: UploadAsked) -> Upload:
        """Open an upload, or find the one that is open."""
        return self._tell(talk.job_path(job, "upload"), talk.to_json(asked), Upload)

    def parts(self, job: str, asked: PartsAsked) -> PartUrls:
        """URLs for parts of an upload."""
        return self._tell(talk.job_path(job, "parts"), talk.to_json(asked), PartUrls)

    def _tell(self, path: str, body: str, kind: type[T], *, patience: Seconds | None = None) -> T:
        return self._ask(path, body, functools.partial(talk.from_json, kind), patience=patience)

    def _ask(self, path: str, body: str, read: Callable[[bytes], T], *, patience: Seconds | None = None) -> T:
        """Send a message until it is answered, and read the answer."""
        end = time.monotonic() + (self._patience if patience is None else patience)
        pause = self._first_pause
        while True:
            try:
                answer = self._client.post(path, content=body)
            except httpx.TransportError as error:
                trouble = f"{type(error).__name__}: {error}"
            else:
                self._compare_clocks(answer)
                if answer.status_code < _OWN_TROUBLE and answer.status_code not in _AGAIN:
                    return read(_good(answer))
                trouble = f"it answers {answer.status_code}"
            if time.monotonic() + pause > end:
                raise ServerUnreachable(
                    f"The server {self.address} cannot be used: {trouble}.",
                    advice="Check that it runs and that this machine can reach it.",
                )
            log.info("%s: %s; trying again in %.0f s", self.address, trouble, pause)
            rest(scattered(pause), self._stop)
            pause = Seconds(min(2 * pause, _LONGEST_PAUSE))

    def _compare_clocks(self, answer: httpx.Response) -> None:
        try:
            theirs = email.utils.parsedate_to_datetime(answer.headers["date"])
        except (KeyError, ValueError):
            return
        self.skew = Seconds((datetime.now(UTC) - theirs.replace(tzinfo=UTC)).total_seconds())


def address(token: Token, server: str | None = None) -> str:
    """Where the server is: what was said here, else what the token says.

    Raises SettingsError.
    """
    text = (server or token.server).rstrip("/")
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise SettingsError(f"The server's address {text} is no URL: {error}.") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise SettingsError(
            f"The server's address is {text!r}." if text else "Nobody said where the server is.",
            advice="Say --server https://host:port, or set REENCODARR_SERVER.",
        )
    return text.removesuffix("/api")


def trust(token: Token) -> ssl.SSLContext:
    """What the server's certificate is checked against: the token's authority alone, if it names one."""
    return httpx.create_ssl_context() if not token.certificate else ssl.create_default_context(cadata=token.certificate)


def trust_widely(token: Token) -> ssl.SSLContext:
    """For the bucket, which may be beside the server or anywhere: the token's authority and the public ones."""
    context = httpx.create_ssl_context()
    if token.certificate:
        context.load_verify_locations(cadata=token.certificate)
    return context


def judged_skew(skew: Seconds | None) -> str:
    """What is to be said about a clock that differs from the server's; empty when nothing is.

    Raises ServerRefused when it is wrong by more than a day: certificates and logs would make no sense.
    """
    if skew is None or abs(skew) <= _IGNORED_SKEW:
        return ""
    words = f"This machine's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the server's."
    if abs(skew) > _LARGEST_SKEW:
        raise ServerRefused(words, advice="Set the clock of the machine that is wrong.")
    return words


def _good(answer: httpx.Response) -> bytes:
    """The body of a good answer; what is wrong with another, as an error."""
    if answer.status_code == _OK:
        return answer.content
    raise _refusal(answer)


def _refusal(answer: httpx.Response) -> ReencodarrError:
    try:
        said = talk.from_json(Refusal, answer.content)
    except OrderUnreadable:
        said = Refusal(code="", words=f"it answers {answer.status_code} to {answer.request.url.path}")
    if said.code in _LOST:
        return JobLost(f"The job is not this run's any more: {said.words}")
    if answer.status_code in _UNKNOWN_TO_IT or said.code == _REVOKED:
        return ServerRefused(
            f"The server does not accept this worker: {said.words}",
            advice="Run `reencodarr workers add NAME` on the server for a new token.",
        )
    if said.code and _JOBS in answer.request.url.path:
        return JobRefused(said.words, refusal=said.code)
    advice = "" if said.code else "Server and worker must have the same version of Reencodarr."
    return ServerRefused(f"The server refuses: {said.words}", advice=advice)
