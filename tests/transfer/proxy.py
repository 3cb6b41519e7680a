"""A proxy that misbehaves on demand, between our code and a real S3 server. Real sockets, one request a connection.

Presigned URLs are signed for the proxy's address and handed on unchanged, so that the server checks the signature.
"""

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

EXPIRED = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
LATE = b"<?xml version='1.0'?><Error><Code>RequestTimeout</Code><Message>Not read in time</Message></Error>"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to one exchange; nothing by default."""

    answer: tuple[int, bytes] | None = None
    """Answered at once, without the server, after the request's body was read."""
    truncate: int | None = None
    """Bytes of the answer's body after which the connection is closed."""
    reset: int | None = None
    """Bytes of the answer's body after which the connection is reset."""
    reset_request: int | None = None
    """Bytes of the request's body after which the connection is reset."""
    drip: float | None = None
    """Seconds between single bytes of the answer's body."""
    flip: int | None = None
    """The byte of the body (of the request's for a PUT) that changes on its way."""
    ignore_range: bool = False
    partial_status: int | None = None
    """The status for an answer that carries a range."""
    hang: bool = False
    """Never answered."""


@dataclass(kw_only=True)
class Exchange:
    """One request, as it came."""

    method: str
    target: str
    headers: dict[str, str]
    number: int
    """Of the proxy's requests, from 0."""
    up: int = 0
    """Bytes of the request's body that came."""
    down: int = 0
    """Bytes of the answer's body that went on."""

    @property
    def part(self) -> int | None:
        found = parse_qs(self.target.partition("?")[2]).get("partNumber")
        return int(found[0]) if found else None

    @property
    def range(self) -> tuple[int, int] | None:
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("range", ""))
        return (int(found[1]), int(found[2]) + 1) if found else None


def well_behaved(_: Exchange) -> Fault:
    return Fault()


@dataclass(kw_only=True)
class Proxy:
    """Set `fault` to a function of the exchange; `exchanges` tells what passed."""

    upstream: int
    fault: Callable[[Exchange], Fault] = well_behaved
    exchanges: list[Exchange] = field(default_factory=list)
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    @property
    def up(self) -> int:
        return sum(exchange.up for exchange in self.exchanges)

    @property
    def down(self) -> int:
        return sum(exchange.down for exchange in self.exchanges)

    def forget(self) -> None:
        """Behave, and count from nothing again."""
        self.fault = well_behaved
        self.exchanges = []

    def serve(self) -> None:
        while not self.closing.is_set():
            with contextlib.suppress(OSError):
                client, _ = self.listener.accept()
                threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def close(self) -> None:
        self.closing.set()
        self.listener.close()

    def _one(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            stream = client.makefile("rb")
            line = stream.readline().decode("latin-1").split()
            if len(line) != 3:
                return
            headers = _headers(stream)
            with self.lock:
                exchange = Exchange(method=line[0], target=line[1], headers=headers, number=len(self.exchanges))
                self.exchanges.append(exchange)
            self._pass_on(exchange, self.fault(exchange), client, stream)

    def _pass_on(self, exchange: Exchange, fault: Fault, client: socket.socket, stream) -> None:
        if fault.hang:
            self.closing.wait()
            return
        length = int(exchange.headers.get("content-length", "0"))
        if fault.answer:
            for piece in _read(stream, length):
                exchange.up += len(piece)
            status, body = fault.answer
            client.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(body)))
            client.sendall(body)
            return
        with socket.create_connection(("127.0.0.1", self.upstream)) as server:
            passed = {**exchange.headers, "connection": "close"}
            passed.pop("expect", None)  # Else «100 Continue» would be taken for the answer; boto3 goes on without.
            if fault.ignore_range:
                passed.pop("range", None)
            server.sendall(_head(f"{exchange.method} {exchange.target} HTTP/1.1", passed))
            for piece in _read(stream, length):
                if fault.reset_request is not None and exchange.up + len(piece) > fault.reset_request:
                    _reset(client)
                    return
                flipped = _flipped(piece, exchange.up, fault.flip if exchange.method == "PUT" else None)
                exchange.up += len(piece)
                with contextlib.suppress(OSError):  # It may have answered before it read all.
                    server.sendall(flipped)
            self._answer(exchange, fault, client, server.makefile("rb"))

    def _answer(self, exchange: Exchange, fault: Fault, client: socket.socket, answer) -> None:
        status = answer.readline().decode("latin-1").strip()
        headers = _headers(answer)
        if fault.partial_status and "content-range" in headers:
            status = f"HTTP/1.1 {fault.partial_status} X"
        client.sendall(_head(status, {**headers, "connection": "close"}))
        end = fault.truncate if fault.truncate is not None else fault.reset
        for piece in _read(answer, int(headers.get("content-length", "0"))):
            data = _flipped(piece, exchange.down, fault.flip if exchange.method == "GET" else None)
            data = data if end is None else data[: end - exchange.down]
            for part in [data] if fault.drip is None else [data[i : i + 1] for i in range(len(data))]:
                if fault.drip is not None and self.closing.wait(fault.drip):
                    return
                client.sendall(part)
                exchange.down += len(part)
            if end is not None and exchange.down >= end:
                if fault.reset is not None:
                    _reset(client)
                return


@contextlib.contextmanager
def between(upstream: int) -> Iterator[Proxy]:
    """A proxy in front of a loopback port."""
    proxy = Proxy(upstream=upstream)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()


def _head(first: str, headers: dict[str, str]) -> bytes:
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode("latin-1")


def _headers(stream) -> dict[str, str]:
    headers = {}
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


def _read(stream, length: int) -> Iterator[bytes]:
    while length and (piece := stream.read(min(length, 64 * 1024))):
        yield piece
        length -= len(piece)


def _flipped(piece: bytes, start: int, at: int | None) -> bytes:
    if at is None or not start <= at < start + len(piece):
        return piece
    changed = bytearray(piece)
    changed[at - start] ^= 1
    return bytes(changed)


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
