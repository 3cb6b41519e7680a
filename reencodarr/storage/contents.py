"""What is in the bucket: objects, and multipart uploads with their parts."""

from dataclasses import dataclass
from datetime import datetime

from reencodarr.units import Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An object that is there."""

    size: Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An object in a listing."""

    key: str
    size: Bytes
    modified: datetime
    """By the server's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A multipart upload that was neither finished nor aborted."""

    key: str
    upload_id: str
    started: datetime
    """By the server's clock."""
