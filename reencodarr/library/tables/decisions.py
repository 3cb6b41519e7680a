"""What is known of a film, and what was decided about it."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from reencodarr.library.tables import columns
from reencodarr.library.tables.columns import PlainText


class Facts(SQLModel, table=True):
    """Probed facts in narrow columns, for lists, filters and rules; see `media.facts` for their meaning."""

    __tablename__ = "facts"

    video_id: int = Field(primary_key=True, foreign_key="videos.id")
    container: str
    duration: float | None = None
    bitrate: int | None = columns.big(nullable=True)
    title: str | None = columns.text(nullable=True)
    codec: str | None = Field(default=None, index=True)
    width: int | None = None
    height: int | None = None
    frame_rate: str | None = None
    """A fraction, `24000/1001`."""
    rate_mode: str = ""
    bit_depth: int | None = None
    chroma: str | None = None
    scan: str = ""
    rotation: int = 0
    pixel_aspect: str = "1"
    hdr: str = ""
    dolby_vision_profile: str | None = None
    audio_tracks: int = 0
    text_tracks: int = 0
    audio_codecs: str = ""
    """Space separated, in track order."""
    content_year: int | None = None
    document: str = Field(sa_column=Column(PlainText(), nullable=False))
    """The whole `MediaFacts` as JSON, which the rules read."""
    probed_at: datetime = columns.time()


class MediaInfoDocument(SQLModel, table=True):
    """MediaInfo's raw answer, apart so that lists stay narrow."""

    __tablename__ = "mediainfo_documents"

    video_id: int = Field(primary_key=True, foreign_key="videos.id")
    document: str = Field(sa_column=Column(PlainText(), nullable=False))


class PlanRow(SQLModel, table=True):
    """What the policy decided about a video."""

    __tablename__ = "plans"

    video_id: int = Field(primary_key=True, foreign_key="videos.id")
    policy_digest: str
    action: str
    """`encode` or `leave`."""
    reason: str = ""
    text: str = columns.text()
    """The reasons in words, one a line."""
    document: str = Field(sa_column=Column(PlainText(), nullable=False))
    """The whole decision as JSON."""
    decided_at: datetime = columns.time()
