"""What went wrong with films, and what a person was told of."""

from datetime import datetime

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from reencodarr.library.tables import columns
from reencodarr.library.tables.columns import PlainText


class Failure(SQLModel, table=True):
    """Something that went wrong with a video, until it is resolved."""

    __tablename__ = "failures"
    __table_args__ = (Index(None, "resolved_at", "stage", "category", "code"),)

    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="videos.id", index=True)
    stage: str = Field(max_length=32)
    category: str = Field(max_length=32)
    code: str = Field(max_length=64)
    message: str = columns.text()
    advice: str = columns.text()
    context: str = Field(default="{}", sa_column=Column(PlainText(), nullable=False))
    """JSON: command, exit code, last lines of output, machine, versions."""
    attempt: int = 0
    failed_at: datetime = columns.time()
    resolved_at: datetime | None = columns.time(nullable=True)


class Told(SQLModel, table=True):
    """What a person was told of, and when last."""

    __tablename__ = "told"

    topic: str = Field(primary_key=True, max_length=160)
    told_at: datetime = columns.time()
