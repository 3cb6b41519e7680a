"""What is known of Sonarrs and Radarrs, and what they have to be told."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from reencodarr.library.tables import columns


class ArrInstance(SQLModel, table=True):
    """A Sonarr or Radarr, as it was found last. What it is reached by stands in the settings alone."""

    __tablename__ = "arr_instances"

    name: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=16)
    """`sonarr` or `radarr`."""
    version: str = ""
    synced_at: datetime | None = columns.time(nullable=True)
    """When a sync last went through to its end."""
    sync_words: str = columns.text()
    """How the last sync ended, for people."""
    failing: bool = False
    unmapped: str = columns.text()
    """Folders of theirs that no mapping leads to ours, JSON."""
    webhook: str = Field(default="", max_length=32)
    """Empty while unknown; `registered`, `missing`, `foreign` (not ours, or altered)."""
    webhook_at: datetime | None = columns.time(nullable=True)
    """When its last event came in."""


class ArrFile(SQLModel, table=True):
    """A file as a Sonarr or Radarr knows it. Only syncs write it; hints, never facts."""

    __tablename__ = "arr_files"
    __table_args__ = (Index(None, "instance", "title_id"),)

    instance: str = Field(primary_key=True, max_length=64)
    file_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    title_id: int
    """Of the series or the movie."""
    title: str = columns.text()
    slug: str = columns.text()
    """What the title's page is called there."""
    video_id: int | None = Field(default=None, foreign_key="videos.id", index=True)
    """The film in our library; None while we cannot see it."""
    theirs: str = columns.text()
    """Its path, as they see it."""
    size: int = columns.big()
    added: str = ""
    """`dateAdded`, as they say it."""
    year: int | None = None
    tags: str = columns.text()
    """Names, JSON."""
    seen_at: datetime = columns.time()


class ArrWish(SQLModel, table=True):
    """Somebody said that a series or movie changed: it is to be looked at again. Many events make one wish."""

    __tablename__ = "arr_wishes"

    instance: str = Field(primary_key=True, max_length=64)
    title_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """0: the whole instance."""
    event: str = Field(default="", max_length=64)
    """The last one that asked."""
    events: int = 1
    asked_at: datetime = columns.time()


class ArrNotice(SQLModel, table=True):
    """A swap that a Sonarr or Radarr has to be told of. One a swap and instance."""

    __tablename__ = "arr_notices"
    __table_args__ = (UniqueConstraint("swap_id", "instance"),)

    id: int | None = Field(default=None, primary_key=True)
    swap_id: str = Field(max_length=32)
    video_id: int = Field(foreign_key="videos.id", index=True)
    instance: str = Field(max_length=64)
    file_id: int
    title_id: int
    state: str = Field(default="waiting", max_length=16)
    """`waiting`, `done` or `failed` (given up)."""
    tries: int = 0
    due_at: datetime = columns.time()
    words: str = columns.text()
    """What happened last."""
    steps: str = columns.text()
    """Each step that was taken, JSON."""
    made_at: datetime = columns.time()
    ended_at: datetime | None = columns.time(nullable=True)


class BadFile(SQLModel, table=True):
    """A file that a person called bad and wants replaced by another release."""

    __tablename__ = "bad_files"

    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="videos.id", index=True)
    instance: str = Field(max_length=64)
    file_id: int
    title_id: int
    parts: str = columns.text()
    """Episode ids or the movie's id and edition, JSON: what a replacement is recognised by."""
    reason: str = columns.text()
    state: str = Field(default="reported", max_length=24)
    """`reported`, `confirmed`, `searching`, `replaced`, `failed` or `dismissed`."""
    steps: str = columns.text()
    """Each step that was taken and what came of it, JSON."""
    reported_at: datetime = columns.time()
    confirmed_at: datetime | None = columns.time(nullable=True)
    ended_at: datetime | None = columns.time(nullable=True)
