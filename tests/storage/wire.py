"""A wire between a client and a server that breaks when it is told to."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cut(port: int, *, after: list[int]) -> Iterator[int]:
    """A port that leads to `port`; the n-th connection breaks after `after[n]` bytes of answers, later ones never."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, port, list(after)), daemon=True).start()
        yield listener.getsockname()[1]


def _serve(listener: socket.socket, port: int, after: list[int]) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            limit = after.pop(0) if after else None
            threading.Thread(target=_join, args=(client, port, limit), daemon=True).start()


def _join(client: socket.socket, port: int, limit: int | None) -> None:
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        questions = threading.Thread(target=_pump, args=(client, server, None), daemon=True)
        questions.start()
        _pump(server, client, limit)
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        questions.join()


def _pump(source: socket.socket, sink: socket.socket, limit: int | None) -> None:
    left = limit
    with contextlib.suppress(OSError):
        while (left is None or left > 0) and (piece := source.recv(65536 if left is None else min(left, 65536))):
            sink.sendall(piece)
            left = None if left is None else left - len(piece)
