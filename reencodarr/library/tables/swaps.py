"""Swaps and the bytes that they freed."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Column, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from reencodarr.library.tables import columns
from reencodarr.library.tables.columns import PlainText


class SwapRow(SQLModel, table=True):
    """The journal: one swap and how far it got. The same is in a small file beside the film."""

    __tablename__ = "swaps"

    id: str = Field(primary_key=True, sa_column_kwargs={"autoincrement": False}, sa_type=String(32))
    video_id: int = Field(foreign_key="videos.id", index=True)
    batch: str = Field(default="", index=True, max_length=32)
    """The run that made it, for `undo --batch`."""
    state: str = Field(index=True, max_length=16)
    original: Path = columns.path()
    destination: Path = columns.path()
    trash: Path = columns.path()
    document: str = Field(sa_column=Column(PlainText(), nullable=False))
    """The whole order as JSON: fingerprints, digests, expiry."""
    size_before: int = columns.big()
    size_after: int = columns.big()
    keep_until: datetime = columns.time()
    started_at: datetime = columns.time()
    changed_at: datetime = columns.time()


class LedgerEntry(SQLModel, table=True):
    """Bytes, honestly: appended only, never recomputed from live rows. One row of a kind a swap."""

    __tablename__ = "ledger"
    __table_args__ = (UniqueConstraint("swap_id", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="videos.id", index=True)
    swap_id: str = Field(index=True, max_length=32)
    kind: str = Field(max_length=16)
    """`replaced` (result in place, original in trash), `freed` (original expired) or `undone`."""
    bytes_before: int = columns.big()
    bytes_after: int = columns.big()
    bytes_freed: int = columns.big()
    """What the disk really has more (or, negative, less) because of this entry."""
    note: str = columns.text()
    at: datetime = columns.time()
