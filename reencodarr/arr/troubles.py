"""What an instance's troubles mean, each as an error that says what to do. No message holds a key or a page."""

import json
import ssl

import httpx

from reencodarr.arr.instance import Instance
from reencodarr.errors import (
    ArrBusy,
    ArrError,
    ArrFailed,
    ArrIsNot,
    ArrNotFound,
    ArrRefused,
    ArrUnreachable,
)

_LONGEST_WORDS = 300
_DENIED = frozenset({401, 403})
_NOT_FOUND = frozenset({404, 410})


def unreachable(instance: Instance, error: httpx.HTTPError) -> ArrUnreachable:
    """For a connection that fails or breaks. One that fails for its certificate or scheme will not mend itself."""
    if tls := _tls_trouble(error):
        return ArrUnreachable(f"{instance} at {instance.url} cannot be used: {tls[0]}.", advice=tls[1])
    words = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        words = f"it does not answer in time ({type(error).__name__})"
    return ArrUnreachable(
        f"{instance} at {instance.url} does not answer: {words}.",
        advice="Check that it runs and that this machine can reach it.",
    )


def lasting(error: httpx.HTTPError) -> bool:
    """Whether trying again is no use: the certificate or the scheme is wrong."""
    return _tls_trouble(error) is not None


def busy(instance: Instance, answer: httpx.Response) -> ArrBusy:
    """For an answer that it is overloaded or in trouble itself."""
    return ArrBusy(f"{instance} is in trouble: it answers {answer.status_code}{_said(answer)}.")


def refusal(instance: Instance, answer: httpx.Response) -> ArrError:
    """For an answer that will be the same next time."""
    status, path = answer.status_code, answer.request.url.path
    if answer.is_redirect:
        return is_not(instance, f"it sends us on to {_without_query(answer.headers.get('location', ''))}")
    if is_page(answer):
        return is_not(instance, f"it answers {status} with a web page")
    if status in _DENIED:
        return ArrRefused(
            f"{instance} at {instance.url} does not accept our API key: it answers {status}.",
            advice=f"Copy the key from its settings (General, Security) to {instance.variable('API_KEY')}.",
        )
    if status in _NOT_FOUND:
        return ArrNotFound(f"{instance} knows no {path}{_said(answer)}.")
    return ArrFailed(f"{instance} refuses {answer.request.method} {path}: it answers {status}{_said(answer)}.")


def unreadable(instance: Instance, path: str, words: str) -> ArrIsNot:
    """For an answer that makes no sense."""
    return is_not(instance, f"its answer to {path} makes no sense: {words}")


def is_not(instance: Instance, words: str) -> ArrIsNot:
    """For an answer that this application does not give."""
    return ArrIsNot(
        f"What answers at {instance.url} is no {instance.kind.application}: {words}.",
        advice=f"{instance.variable('URL')} must be the address of {instance.kind.application} itself, with its URL "
        "base if it has one, and past any login page.",
    )


def is_page(answer: httpx.Response) -> bool:
    """Whether it is for people: a proxy's page, a login form, the application's own front page."""
    kind: str = answer.headers.get("content-type", "")
    return kind.lower().startswith("text/html")


def _said(answer: httpx.Response) -> str:
    """Its own words, if it has any: a message, or what is wrong with each field."""
    try:
        said = json.loads(answer.content)
    except (ValueError, RecursionError):
        return ""
    entries = said if isinstance(said, list) else [said]
    words = [one.get("errorMessage") or one.get("message") for one in entries if isinstance(one, dict)]
    text = "; ".join(word for word in words if isinstance(word, str))
    return f" ({text[:_LONGEST_WORDS]})" if text else ""


def _tls_trouble(error: httpx.HTTPError) -> tuple[str, str] | None:
    """What is wrong with TLS, and what to do; None where it is something else."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({cause.verify_message})",
            "Set SSL_CERT_FILE to a file that holds its authority as well.",
        )
    if cause is not None and "WRONG_VERSION_NUMBER" in str(cause):
        return "it speaks no TLS there", "Write http:// instead of https://."
    return None


def _without_query(url: str) -> str:
    """A query may hold tokens."""
    return url.partition("?")[0] or "another address"
