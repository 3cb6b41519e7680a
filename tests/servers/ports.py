"""Ports for servers that start later: nobody else draws them meanwhile.

From its ephemeral range the system gives ports to every connection and to all who ask for any port; one that was found
free there may be taken when a slow server binds it half a minute later. These lie below that range, and each of
pytest's workers draws from a part of its own, one after the other.
"""

import itertools
import os
import random
import socket

_LOWEST, _EACH, _PARTS = 20_000, 1_000, 12
"""Linux's ephemeral range begins at 32,768 (Documentation/networking/ip-sysctl.rst)."""
_drawn = itertools.count(random.randrange(_EACH))


def free() -> int:
    """A loopback port that nobody listens on, and that this test session gives to nobody else."""
    first = _LOWEST + _EACH * (_worker() % _PARTS)
    for number in itertools.islice(_drawn, _EACH):
        port = first + number % _EACH
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError(f"every port from {first} on is taken")


def _worker() -> int:
    """The number of this worker of pytest-xdist; 0 without it."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
