"""Libraries, their videos, and where each is on its way."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from reencodarr.library.states import State
from reencodarr.library.tables import columns
from reencodarr.library.tables.columns import Unsigned64


class Library(SQLModel, table=True):
    """A root folder with films."""

    __tablename__ = "libraries"

    id: int | None = Field(default=None, primary_key=True)
    path: Path = columns.path(unique=True)
    sentinel: str = ""
    """What the marker file in the root must say; empty while there is none (a read-only root)."""
    added_at: datetime = columns.time()
    confirmed_at: datetime | None = columns.time(nullable=True)
    """When replacing films in it was first confirmed."""
    scanned_at: datetime | None = columns.time(nullable=True)
    """When a scan last went through to its end."""


class Video(SQLModel, table=True):
    """A file in a library and its identity, as the scan saw it. Only scans (and a swap's own result) write it."""

    __tablename__ = "videos"
    __table_args__ = (Index(None, "inode", "device"),)

    id: int | None = Field(default=None, primary_key=True)
    library_id: int = Field(foreign_key="libraries.id", index=True)
    path: Path = columns.path(unique=True)
    device: int = Field(sa_column=Column(Unsigned64(), nullable=False))
    inode: int = Field(sa_column=Column(Unsigned64(), nullable=False))
    size: int = columns.big()
    mtime_ns: int = columns.big()
    sparse_hash: str
    """Empty when the file could not be read."""
    links: int = 1
    found_at: datetime = columns.time()
    seen_at: datetime = columns.time()
    """The last scan that saw it; a resumed scan skips what it already saw."""


class VideoState(SQLModel, table=True):
    """Where a video is on its way; only `library.transitions` writes it, by compare-and-set."""

    __tablename__ = "video_states"
    __table_args__ = (Index(None, "state", "priority"),)

    video_id: int = Field(primary_key=True, foreign_key="videos.id")
    state: str = Field(default=State.NEEDS_ANALYSIS.value, max_length=32)
    reason: str = columns.text()
    """A `LeaveReason` for skipped, a failure code for failed, else empty."""
    attempt: int = 0
    """Counts claims; a result is accepted only for the attempt that holds the claim."""
    claimed_by: str = ""
    """`host:pid` of the holder; empty when nobody works on it."""
    claimed_until: datetime | None = columns.time(nullable=True)
    priority: int = 0
    changed_at: datetime = columns.time()


class StateChange(SQLModel, table=True):
    """What happened when: one row a transition, appended only."""

    __tablename__ = "state_changes"

    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="videos.id", index=True)
    before: str = Field(max_length=32)
    after: str = Field(max_length=32)
    note: str = columns.text()
    at: datetime = columns.time()


class Exclusion(SQLModel, table=True):
    """A video that a person wants left alone, whatever scans find and policies say, until it is included again."""

    __tablename__ = "exclusions"

    video_id: int = Field(primary_key=True, foreign_key="videos.id")
    stage: str = Field(default="", max_length=32)
    """With category and code the cause that it was excluded for."""
    category: str = Field(default="", max_length=32)
    code: str = Field(default="", max_length=64)
    excluded_at: datetime = columns.time()


class Hold(SQLModel, table=True):
    """A video whose search or encode a person wants to rest, until that person resumes it."""

    __tablename__ = "holds"

    video_id: int = Field(primary_key=True, foreign_key="videos.id")
    kind: str = Field(max_length=16)
    """`library.holds.PAUSED` or `CANCELLED`."""
    at: datetime = columns.time()
