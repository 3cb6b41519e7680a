"""Sockets whose every wait hears the request to stop: connecting, the TLS handshake, reading and writing.

A blocked socket cannot be woken by another thread in the same way on every system, so each wait is cut into slices.
httpcore, the lower half of httpx, takes this as its network backend.
"""

import errno
import os
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import httpcore

from reencodarr.transfer.patience import SLICE, Stop, heed

T = TypeVar("T")
Broken = type[httpcore.NetworkError]
Late = type[httpcore.TimeoutException]

_UNDER_WAY = {errno.EINPROGRESS, errno.EWOULDBLOCK}
"""How a system says that it is connecting."""


class Sockets(httpcore.NetworkBackend):
    """Opens TCP connections that raise WorkStopped when it is asked for."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers. Raises ConnectError, ConnectTimeout, WorkStopped."""
        try:
            places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} is not known: {error.strerror}") from error
        for tried, place in enumerate(places, start=1):
            try:
                return Stream(_connected(place, timeout, self._stop), self._stop)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if tried == len(places):
                    raise
        raise httpcore.ConnectError(f"{host} has no address")


class Stream(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, sock: socket.socket, stop: Stop) -> None:
        self._socket = sock
        self._stop = stop
        sock.settimeout(SLICE)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Whatever has come, at most `max_bytes`; empty at the end."""
        return self._sliced(lambda: self._socket.recv(max_bytes), timeout, httpcore.ReadError, httpcore.ReadTimeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        rest = memoryview(buffer)
        while rest:
            piece = rest
            sent = self._sliced(
                lambda piece=piece: self._socket.send(piece),  # type: ignore[misc]
                timeout,
                httpcore.WriteError,
                httpcore.WriteTimeout,
            )
            rest = rest[sent:]

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted from here on."""
        wrapped = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname, do_handshake_on_connect=False)
        stream = Stream(wrapped, self._stop)
        try:
            stream._sliced(wrapped.do_handshake, timeout, httpcore.ConnectError, httpcore.ConnectTimeout)
        except BaseException:
            stream.close()
            raise
        return stream

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks for: the TLS object, and whether an idle connection was closed by the other end."""
        if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket):
            return self._socket
        if info == "is_readable":
            return self._socket.fileno() < 0 or _ready(self._socket, selectors.EVENT_READ, 0)
        return None

    def _sliced(self, operation: Callable[[], T], timeout: float | None, broken: Broken, late: Late) -> T:
        began = time.monotonic()
        while True:
            heed(self._stop)
            try:
                return operation()
            except TimeoutError as error:
                if timeout is not None and time.monotonic() - began >= timeout:
                    raise late(f"nothing moved for {timeout:g} s") from error
            except OSError as error:
                raise broken(str(error)) from error


def _connected(place: tuple[Any, ...], timeout: float | None, stop: Stop) -> socket.socket:
    family, kind, protocol, _, address = place
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setblocking(False)
        began = time.monotonic()
        number = sock.connect_ex(address)
        while number in _UNDER_WAY and not _ready(sock, selectors.EVENT_WRITE, SLICE):
            heed(stop)
            if timeout is not None and time.monotonic() - began >= timeout:
                raise httpcore.ConnectTimeout(f"{address[0]} port {address[1]} did not answer for {timeout:g} s")
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if number in _UNDER_WAY else number
        if number:
            raise httpcore.ConnectError(f"{address[0]} port {address[1]} cannot be reached: {os.strerror(number)}")
    except BaseException:
        sock.close()
        raise
    return sock


def _ready(sock: socket.socket, event: int, seconds: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(sock, event)
        return bool(selector.select(seconds))
