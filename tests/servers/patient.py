"""Asking Prefect's server as its own client does: while SQLite's file is locked it answers 503, and is asked again."""

import time
from typing import Any

import httpx

PATIENCE = 240.0
"""Seconds for which a busy server is asked again."""
TIMEOUT = 120.0
"""Seconds for one answer of a busy server."""
_PAUSE = 0.5


class Transport(httpx.HTTPTransport):
    """Asks once more after each 503, when the server says (`Retry-After`) or soon."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        until = time.monotonic() + PATIENCE
        while True:
            answer = super().handle_request(request)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > until:
                return answer
            answer.read()
            answer.close()
            time.sleep(_pause(answer))


def client(url: str, *, verify: Any = True, **options: Any) -> httpx.Client:
    """For everything below a URL; `options` are those of `httpx.Client`."""
    return httpx.Client(base_url=url, timeout=TIMEOUT, transport=Transport(verify=verify), **options)


def _pause(answer: httpx.Response) -> float:
    said = answer.headers.get("Retry-After", "")
    return float(said) if said.isdigit() else _PAUSE
