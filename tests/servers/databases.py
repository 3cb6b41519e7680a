"""What the servers of tests keep their knowledge in: SQLite, or PostgreSQL where pytest is asked for `--postgresql`.

Each server gets databases of its own there, one for itself and one for its Prefect.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from reencodarr.cli import prefect_database
from tests.servers.postgres import Postgres

OURS = "REENCODARR_DATABASE_URL"
_chosen: list[Postgres] = []


def fresh(server: Postgres) -> dict[str, str]:
    """Variables that put one server on new databases there."""
    return {
        OURS: server.url(server.fresh()),
        prefect_database.URL: server.url(server.fresh(), driver="asyncpg"),
    }


@contextmanager
def preferred(server: Postgres) -> Iterator[None]:
    """Until the block ends, put servers there whose test does not choose itself."""
    _chosen.append(server)
    try:
        yield
    finally:
        _chosen.remove(server)


def environment() -> dict[str, str]:
    """Variables for the server that is made next; none where it shall have SQLite or its test has chosen."""
    return fresh(_chosen[-1]) if _chosen and OURS not in os.environ else {}


def fields(variables: Mapping[str, str]) -> dict[str, str]:
    """The same for `Settings`."""
    return {"database_url": variables[OURS]} if OURS in variables else {}
