"""What work on a film achieved: probes, searches and encodes."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from reencodarr.library.tables import columns
from reencodarr.library.tables.columns import PlainText


class VmafProbe(SQLModel, table=True):
    """One tried CRF. Unique for everything that changes the meaning of its score."""

    __tablename__ = "vmaf_probes"
    __table_args__ = (UniqueConstraint("video_id", "search_key", "crf", "pilot", "preset"),)

    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="videos.id", index=True)
    search_key: str = Field(max_length=64, index=True)
    """Digest of file identity, video plan, target's model, scaling and subsampling, engine and builds."""
    crf: float
    pilot: bool = False
    """Of a few of the windows only: its level is not the film's."""
    preset: int = 0
    """Of the encoder; a proxy's where it is not the plan's."""
    mean: float
    p5: float | None = None
    percent: float
    """Predicted size in per cent of the source's video."""
    seconds: float
    cpu_seconds: float = 0.0
    target: float
    windows: str = Field(default="[]", sa_column=Column(Text(), nullable=False))
    """Every window's score as JSON."""
    engine: str
    build: str
    parameters: str = columns.text()
    """The video plan as JSON."""
    probed_at: datetime = columns.time()


class Search(SQLModel, table=True):
    """The answer of a CRF search; the newest row of a video counts."""

    __tablename__ = "searches"

    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="videos.id", index=True)
    search_key: str = Field(max_length=64)
    crf: float
    predicted: float
    interval: float
    percent: float
    target: float
    met: bool
    preset: int | None = None
    reason: str = columns.text()
    class_key: str = Field(default="", max_length=64, index=True)
    """Digest of what makes films alike; see `quality.keys.class_key`."""
    slope: float | None = None
    """ln(100.3 - VMAF) per CRF around `crf`; None where one point was known."""
    bias: float = 0.0
    """VMAF that `predicted` took over from films alike: by so much finished films are better than their samples."""
    sampled: bool = False
    """Windows stood for the film; False: it was scored whole."""
    probed: bool = True
    """False: films alike were sure enough, and nothing was encoded."""
    proxy_offset: float | None = None
    """VMAF at the plan's preset less that at the proxy's; None where only one of them was probed."""
    proxy_size: float | None = None
    """Factor between their sizes."""
    engine: str
    build: str
    searched_at: datetime = columns.time()


class Encode(SQLModel, table=True):
    """A finished encode and what was measured on it."""

    __tablename__ = "encodes"

    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="videos.id", index=True)
    attempt: int
    crf: float
    result_path: Path = columns.path()
    """In scratch until it is swapped in, then the film's path."""
    sha256: str
    size: int = columns.big()
    source_size: int = columns.big()
    seconds: float
    cpu_seconds: float = 0.0
    frames: int = 0
    predicted: float
    achieved: float | None = None
    """Mean VMAF measured on the finished film; None while it was not measured."""
    achieved_p5: float | None = None
    deviation: float | None = None
    """What the first encode of the searched CRF achieved less what was predicted for it."""
    note: str = columns.text()
    """Why it was encoded twice, or lies further from its target than promised; empty where neither is so."""
    scored_share: float = 0.0
    """Share of the film's seconds that `achieved` rests on; 1 when all were scored."""
    streams_before: str = Field(default="[]", sa_column=Column(PlainText(), nullable=False))
    streams_after: str = Field(default="[]", sa_column=Column(PlainText(), nullable=False))
    """One line of words a stream, as JSON arrays."""
    command: str = columns.text()
    build: str = ""
    verdict: str = columns.text()
    """Empty until proven; `proven`, or the differences."""
    ended_at: datetime = columns.time()
