"""Names of Prefect's queues: which one a job waits in, and which ones a worker asks. Pure.

The name of a queue is the whole of the matching that Prefect does for us, so it holds everything that decides who may
do a job: the kind, the encoder build, or one worker alone.
"""

import hashlib
from dataclasses import dataclass

from reencodarr.work.orders import Kind

FIRST = "-first"
"""Ends the name of a queue whose jobs go before all others."""
POOLS = ("linux", "windows", "macos")
"""Those of workers."""
SERVER_POOL = "server"
LOCAL = "local"
SEARCH = "crf-search"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue of a pool; a smaller number goes first."""

    name: str
    priority: int


def encode_queue(build: str) -> str:
    """Of encodes that one encoder build must do."""
    return f"encode-{hashlib.blake2b(build.encode(), digest_size=4).hexdigest()}"


def own_queue(worker: str) -> str:
    """Of jobs that this worker alone shall do, because another one failed at them."""
    return f"only-{worker}"


def queue(kind: Kind, *, build: str = "", local: bool = False, only: str = "", first: bool = False) -> str:
    """Where a job waits."""
    if local:
        name = LOCAL
    elif only:
        name = own_queue(only)
    else:
        name = SEARCH if kind is Kind.CRF_SEARCH else encode_queue(build)
    return name + (FIRST if first else "")


def asked_by(worker: str, build: str, *, local: bool) -> tuple[str, ...]:
    """The queues that a worker asks for work."""
    names = (LOCAL,) if local else (own_queue(worker), encode_queue(build), SEARCH)
    return tuple(f"{name}{FIRST}" for name in names) + names


def ranked(names: tuple[str, ...]) -> tuple[Queue, ...]:
    """The queues with their priorities: prioritised films, then retries, encodes (they end what is begun), searches."""
    return tuple(Queue(name=name, priority=_priority(name)) for name in names)


def _priority(name: str) -> int:
    if name.endswith(FIRST):
        return 1
    if name == SEARCH:
        return 4
    return 2 if name.startswith("only-") else 3
