"""Which database Prefect's server uses, how much the embedded one carries, and what to say beyond that.

The embedded one is a SQLite file: no server to run, one writer at a time. How its writers are kept from failing is in
`prefect_sqlite`. Knows no Prefect, so that `doctor` and `workers` start fast.
"""

import os
from collections.abc import Callable
from typing import Final

from sqlalchemy import Engine

from reencodarr.library import database, workers

EMBEDDED_SLOTS: Final = 32
"""Jobs at once, on all workers together, that the embedded database carries (`benchmarks/prefect_server.py`)."""
URL: Final = "PREFECT_SERVER_DATABASE_CONNECTION_URL"
ADVICE: Final = f"Give Prefect a PostgreSQL database: set {URL} (docs/operations.md)."
_URLS = (URL, "PREFECT_API_DATABASE_CONNECTION_URL")
_DRIVERS = ("PREFECT_SERVER_DATABASE_DRIVER", "PREFECT_API_DATABASE_DRIVER")

Getenv = Callable[[str], str | None]


def is_embedded(getenv: Getenv = os.environ.get) -> bool:
    """Whether a server started with these variables keeps its runs in SQLite, as it does if none says otherwise."""
    said = next((found for name in (*_URLS, *_DRIVERS) if (found := getenv(name))), "sqlite")
    return said.startswith("sqlite")


def slots(engine: Engine) -> int:
    """Jobs at once on all machines that may work for us.

    Raises DatabaseUnavailable.
    """
    with database.session(engine, reads_only=True) as session:
        return sum(worker.slots for worker in workers.every(session))


def overload(count: int, getenv: Getenv = os.environ.get) -> str:
    """What to say when `count` slots are more than Prefect's database carries well; empty when they are not."""
    if count <= EMBEDDED_SLOTS or not is_embedded(getenv):
        return ""
    return f"{count} worker slots are more than Prefect's SQLite carries well ({EMBEDDED_SLOTS}). {ADVICE}"
