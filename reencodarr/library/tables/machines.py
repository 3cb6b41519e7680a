"""Who works for us, on what, and which films lie in the bucket for them."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from reencodarr.library.tables import columns


class Job(SQLModel, table=True):
    """One attempt at one stage of one video."""

    __tablename__ = "jobs"
    __table_args__ = (UniqueConstraint("video_id", "kind", "attempt"),)

    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="videos.id", index=True)
    kind: str = Field(max_length=16)
    """`analysis`, `crf_search`, `encode` or `finalize`."""
    attempt: int
    worker: str = Field(default="", index=True)
    """The holder's name; for work that was given away, the worker that claimed it, empty until one did."""
    flow_run: str = ""
    """Prefect's flow run id: a reference, not a truth."""
    outcome: str = ""
    """Empty while it runs; `done`, `failed`, `skipped`, `lost` or `returned` (nobody's fault, nothing came of it)."""
    started_at: datetime = columns.time()
    ended_at: datetime | None = columns.time(nullable=True)

    key: str | None = Field(default=None, unique=True, max_length=32)
    """32 hex digits for work that was given away; None for work of this process."""
    phase: str = Field(default="", index=True, max_length=16)
    """Of work that was given away: `staging`, `ready` (a run waits for a worker) or `running`; empty once it is settled
    (its attempt ended, and nothing of it runs any more that anybody knows of)."""
    pool: str = Field(default="", max_length=16)
    queue: str = Field(default="", max_length=64)
    build: str = ""
    """The encoder build that must do it; empty: any."""
    document: str = columns.text()
    """The terms as the worker got them, JSON."""
    upload: str = columns.text()
    """The open multipart upload of its encode, JSON (`library.jobs.OpenUpload`)."""
    progress: str = columns.text()
    """The worker's last word, JSON: stage, fraction, fps, eta, detail, bytes moved."""
    beaten_at: datetime | None = columns.time(nullable=True)
    """When the worker was last heard about it."""
    result: str = columns.text()
    """What came of it, JSON, as it was applied."""


class Worker(SQLModel, table=True):
    """A machine that may work for us, as it described itself."""

    __tablename__ = "workers"

    name: str = Field(primary_key=True, max_length=64)
    pool: str = Field(max_length=16)
    secret_hash: str = Field(unique=True, max_length=64)
    """SHA-256 of its secret, which only it knows."""
    local: bool = False
    """It runs on the server's own machine and reads films from their disks."""
    slots: int = 1
    """Jobs it does at once."""
    capabilities: str = columns.text()
    """What it said of itself, JSON (`work.machine.Capabilities`)."""
    build: str = ""
    draining: bool = False
    version: str = ""
    added_at: datetime = columns.time()
    joined_at: datetime | None = columns.time(nullable=True)
    beaten_at: datetime | None = columns.time(nullable=True)
    revoked_at: datetime | None = columns.time(nullable=True)
    quarantined_at: datetime | None = columns.time(nullable=True)
    quarantine_reason: str = columns.text()


class RunOwner(SQLModel, table=True):
    """Which worker a Prefect flow run belongs to: the first of its pool that took it."""

    __tablename__ = "run_owners"

    flow_run: str = Field(primary_key=True, max_length=36)
    worker: str = Field(max_length=64, index=True)
    at: datetime = columns.time()


class StagedFilm(SQLModel, table=True):
    """A film in the bucket, and what it must be there."""

    __tablename__ = "staged_films"

    key: str = Field(primary_key=True, max_length=128)
    """The folder in the bucket: `sources/<video id>-<sparse hash>`."""
    video_id: int = Field(foreign_key="videos.id", index=True)
    size: int = columns.big()
    """Bytes that it takes, or will take, in the bucket: what the quota counts."""
    sha256: str = Field(default="", max_length=64)
    """Empty until all of it is there."""
    sheet_sha256: str = Field(default="", max_length=64)
    excerpt_sha256: str = Field(default="", max_length=64)
    """Empty where its container has an index, so that a search reads ranges of it."""
    made_at: datetime = columns.time()
    wanted_at: datetime = columns.time()
    """When a job last wanted it."""
