"""Where things lie in the bucket. Pure; `storage.janitor` knows the same two prefixes."""

from reencodarr.library.tables import Video
from reencodarr.units import MIB, Bytes

RESULT_LIMIT = Bytes(32 * MIB)
"""The largest `result.json` that is read; a search of a long film with twelve probes has a few hundred KiB."""

PING = "reencodarr-ping"
"""An object that is never there; asking for it tells whether the bucket answers."""


def source(video: Video) -> str:
    """The folder of a film's copy: another content is another folder."""
    return f"sources/{video.id}-{video.sparse_hash}"


def film(source: str) -> str:
    """The whole film."""
    return f"{source}/film"


def sheet(source: str) -> str:
    """Its packet index and block digests."""
    return f"{source}/sheet"


def excerpt(source: str) -> str:
    """The windows of its search."""
    return f"{source}/excerpt"


def everything(source: str) -> tuple[str, ...]:
    """All that may lie in a film's folder."""
    return film(source), sheet(source), excerpt(source)


def encoded(job: str, attempt: int) -> str:
    """The encode of an attempt."""
    return f"jobs/{job}/{attempt}/film"


def result(job: str, attempt: int) -> str:
    """What came of an attempt."""
    return f"jobs/{job}/{attempt}/result.json"
