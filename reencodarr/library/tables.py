"""The tables. Columns that come from outside (scan, MediaInfo) and columns that the pipeline writes never share one.

Paths are stored through `PathText`, so that any name a filesystem allows survives; times are aware UTC; states and
reasons are stored by value in plain string columns.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, Index, String, Text, TypeDecorator, UniqueConstraint
from sqlmodel import Field, SQLModel

from reencodarr import paths
from reencodarr.library.states import State

_UNSTORABLE = re.compile(r"[\ud800-\udfff\x00]")

# Migrations can only alter what has a name, and SQLite gives unnamed constraints none.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class PathText(TypeDecorator[Path]):
    """A path as text; one that is not valid UTF-8 is stored percent-encoded behind `bytes:`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Path | str | None, dialect: Dialect) -> str | None:
        return None if value is None else paths.to_text(Path(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> Path | None:
        return None if value is None else paths.from_text(str(value))


class PlainText(TypeDecorator[str]):
    """Words for people. What no database stores (lone surrogates of a file's name, NUL) becomes a visible escape."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else plain(value)


def plain(text: str) -> str:
    """The text with everything escaped that a database refuses; `\\xff` for the byte 255 of a file's name."""
    return _UNSTORABLE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


class Unsigned64(TypeDecorator[int]):
    """A device or inode number, up to 2^64 - 1 on some network filesystems; databases count to 2^63 - 1."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        return value - 2**64 if value is not None and value >= 2**63 else value

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else int(value) % 2**64


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        found: datetime = value
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def now() -> datetime:
    """The present, aware UTC."""
    return datetime.now(UTC)


def _path(**options: Any) -> Any:
    return Field(sa_column=Column(PathText(), nullable=False, **options))


def _time(*, nullable: bool = False) -> Any:
    if nullable:
        return Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    return Field(default_factory=now, sa_column=Column(UtcDateTime(), nullable=False))


def _big(*, nullable: bool = False) -> Any:
    if nullable:
        return Field(default=None, sa_column=Column(BigInteger(), nullable=True))
    return Field(sa_column=Column(BigInteger(), nullable=False))


def _text(*, nullable: bool = False) -> Any:
    if nullable:
        return Field(default=None, sa_column=Column(PlainText(), nullable=True))
    return Field(default="", sa_column=Column(PlainText(), nullable=False))


class Library(SQLModel, table=True):
    """A root folder with films."""

    __tablename__ = "libraries"

    id: int | None = Field(default=None, primary_key=True)
    path: Path = _path(unique=True)
    sentinel: str = ""
    """What the marker file in the root must say; empty while there is none (a read-only root)."""
    added_at: datetime = _time()
    confirmed_at: datetime | None = _time(nullable=True)
    """When replacing films in it was first confirmed."""
    scanned_at: datetime | None = _time(nullable=True)
    """When a scan last went through to its end."""


class Video(SQLModel, table=True):
    """A file in a library and its identity, as the scan saw it. Only scans (and a swap's own result) write it."""

    __tablename__ = "videos"
    __table_args__ = (Index(None, "inode", "device"),)

    id: int | None = Field(default=None, primary_key=True)
    library_id: int = Field(foreign_key="libraries.id", index=True)
    path: Path = _path(unique=True)
    device: int = Field(sa_column=Column(Unsigned64(), nullable=False))
    inode: int = Field(sa_column=Column(Unsigned64(), nullable=False))
    size: int = _big()
    mtime_ns: int = _big()
    sparse_hash: str
    """Empty when the file could not be read."""
    links: int = 1
    found_at: datetime = _time()
    seen_at: datetime = _time()
    """The last scan that saw it; a resumed scan skips what it already saw."""


class VideoState(SQLModel, table=True):
    """Where a video is on its way; only `library.transitions` writes it, by compare-and-set."""

    __tablename__ = "video_states"
    __table_args__ = (Index(None, "state", "priority"),)

    video_id: int = Field(primary_key=True, foreign_key="videos.id")
    state: str = Field(default=State.NEEDS_ANALYSIS.value, max_length=32)
    reason: str = _text()
    """A `LeaveReason` for skipped, a failure code for failed, else empty."""
    attempt: int = 0
    """Counts claims; a result is accepted only for the attempt that holds the claim."""
    claimed_by: str = ""
    """`host:pid` of the holder; empty when nobody works on it."""
    claimed_until: datetime | None = _time(nullable=True)
    priority: int = 0
    changed_at: datetime = _time()


class StateChange(SQLModel, table=True):
    """What happened when: one row a transition, appended only."""

    __tablename__ = "state_changes"

    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="videos.id", index=True)
    before: str = Field(max_length=32)
    after: str = Field(max_length=32)
    note: str = _text()
    at: datetime = _time()


class Facts(SQLModel, table=True):
    """Probed facts in narrow columns, for lists, filters and rules; see `media.facts` for their meaning."""

    __tablename__ = "facts"

    video_id: int = Field(primary_key=True, foreign_key="videos.id")
    container: str
    duration: float | None = None
    bitrate: int | None = _big(nullable=True)
    title: str | None = _text(nullable=True)
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
    probed_at: datetime = _time()


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
    text: str = _text()
    """The reasons in words, one a line."""
    document: str = Field(sa_column=Column(PlainText(), nullable=False))
    """The whole decision as JSON."""
    decided_at: datetime = _time()


class VmafProbe(SQLModel, table=True):
    """One tried CRF. Unique for everything that changes the meaning of its score."""

    __tablename__ = "vmaf_probes"
    __table_args__ = (UniqueConstraint("video_id", "search_key", "crf"),)

    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="videos.id", index=True)
    search_key: str = Field(max_length=64)
    """Digest of file identity, video plan, target's model, scaling and subsampling, engine and builds."""
    crf: float
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
    parameters: str = _text()
    """The video plan as JSON."""
    probed_at: datetime = _time()


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
    reason: str = _text()
    engine: str
    build: str
    searched_at: datetime = _time()


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
    started_at: datetime = _time()
    ended_at: datetime | None = _time(nullable=True)

    key: str | None = Field(default=None, unique=True, max_length=32)
    """32 hex digits for work that was given away; None for work of this process."""
    phase: str = Field(default="", index=True, max_length=16)
    """Of work that was given away: `staging`, `ready` (a run waits for a worker) or `running`; empty once it is settled
    (its attempt ended, and nothing of it runs any more that anybody knows of)."""
    pool: str = Field(default="", max_length=16)
    queue: str = Field(default="", max_length=64)
    build: str = ""
    """The encoder build that must do it; empty: any."""
    document: str = _text()
    """The terms as the worker got them, JSON."""
    upload: str = _text()
    """The open multipart upload of its encode, JSON (`library.jobs.OpenUpload`)."""
    progress: str = _text()
    """The worker's last word, JSON: stage, fraction, fps, eta, detail, bytes moved."""
    beaten_at: datetime | None = _time(nullable=True)
    """When the worker was last heard about it."""
    result: str = _text()
    """What came of it, JSON, as it was applied."""


class Encode(SQLModel, table=True):
    """A finished encode and what was measured on it."""

    __tablename__ = "encodes"

    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="videos.id", index=True)
    attempt: int
    crf: float
    result_path: Path = _path()
    """In scratch until it is swapped in, then the film's path."""
    sha256: str
    size: int = _big()
    source_size: int = _big()
    seconds: float
    cpu_seconds: float = 0.0
    frames: int = 0
    predicted: float
    achieved: float | None = None
    """Mean VMAF measured on the finished film; None while it was not measured."""
    achieved_p5: float | None = None
    scored_share: float = 0.0
    """Share of the film's seconds that `achieved` rests on; 1 when all were scored."""
    streams_before: str = Field(default="[]", sa_column=Column(PlainText(), nullable=False))
    streams_after: str = Field(default="[]", sa_column=Column(PlainText(), nullable=False))
    """One line of words a stream, as JSON arrays."""
    command: str = _text()
    build: str = ""
    verdict: str = _text()
    """Empty until proven; `proven`, or the differences."""
    ended_at: datetime = _time()


class Failure(SQLModel, table=True):
    """Something that went wrong with a video, until it is resolved."""

    __tablename__ = "failures"
    __table_args__ = (Index(None, "resolved_at", "stage", "category", "code"),)

    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="videos.id", index=True)
    stage: str = Field(max_length=32)
    category: str = Field(max_length=32)
    code: str = Field(max_length=64)
    message: str = _text()
    advice: str = _text()
    context: str = Field(default="{}", sa_column=Column(PlainText(), nullable=False))
    """JSON: command, exit code, last lines of output, machine, versions."""
    attempt: int = 0
    failed_at: datetime = _time()
    resolved_at: datetime | None = _time(nullable=True)


class Exclusion(SQLModel, table=True):
    """A video that a person wants left alone, whatever scans find and policies say, until it is included again."""

    __tablename__ = "exclusions"

    video_id: int = Field(primary_key=True, foreign_key="videos.id")
    stage: str = Field(default="", max_length=32)
    """With category and code the cause that it was excluded for."""
    category: str = Field(default="", max_length=32)
    code: str = Field(default="", max_length=64)
    excluded_at: datetime = _time()


class Told(SQLModel, table=True):
    """What a person was told of, and when last."""

    __tablename__ = "told"

    topic: str = Field(primary_key=True, max_length=160)
    told_at: datetime = _time()


class SwapRow(SQLModel, table=True):
    """The journal: one swap and how far it got. The same is in a small file beside the film."""

    __tablename__ = "swaps"

    id: str = Field(primary_key=True, sa_column_kwargs={"autoincrement": False}, sa_type=String(32))
    video_id: int = Field(foreign_key="videos.id", index=True)
    batch: str = Field(default="", index=True, max_length=32)
    """The run that made it, for `undo --batch`."""
    state: str = Field(index=True, max_length=16)
    original: Path = _path()
    destination: Path = _path()
    trash: Path = _path()
    document: str = Field(sa_column=Column(PlainText(), nullable=False))
    """The whole order as JSON: fingerprints, digests, expiry."""
    size_before: int = _big()
    size_after: int = _big()
    keep_until: datetime = _time()
    started_at: datetime = _time()
    changed_at: datetime = _time()


class LedgerEntry(SQLModel, table=True):
    """Bytes, honestly: appended only, never recomputed from live rows. One row of a kind a swap."""

    __tablename__ = "ledger"
    __table_args__ = (UniqueConstraint("swap_id", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="videos.id", index=True)
    swap_id: str = Field(index=True, max_length=32)
    kind: str = Field(max_length=16)
    """`replaced` (result in place, original in trash), `freed` (original expired) or `undone`."""
    bytes_before: int = _big()
    bytes_after: int = _big()
    bytes_freed: int = _big()
    """What the disk really has more (or, negative, less) because of this entry."""
    note: str = _text()
    at: datetime = _time()


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
    capabilities: str = _text()
    """What it said of itself, JSON (`work.machine.Capabilities`)."""
    build: str = ""
    draining: bool = False
    version: str = ""
    added_at: datetime = _time()
    joined_at: datetime | None = _time(nullable=True)
    beaten_at: datetime | None = _time(nullable=True)
    revoked_at: datetime | None = _time(nullable=True)
    quarantined_at: datetime | None = _time(nullable=True)
    quarantine_reason: str = _text()


class RunOwner(SQLModel, table=True):
    """Which worker a Prefect flow run belongs to: the first of its pool that took it."""

    __tablename__ = "run_owners"

    flow_run: str = Field(primary_key=True, max_length=36)
    worker: str = Field(max_length=64, index=True)
    at: datetime = _time()


class StagedFilm(SQLModel, table=True):
    """A film in the bucket, and what it must be there."""

    __tablename__ = "staged_films"

    key: str = Field(primary_key=True, max_length=128)
    """The folder in the bucket: `sources/<video id>-<sparse hash>`."""
    video_id: int = Field(foreign_key="videos.id", index=True)
    size: int = _big()
    """Bytes that it takes, or will take, in the bucket: what the quota counts."""
    sha256: str = Field(default="", max_length=64)
    """Empty until all of it is there."""
    sheet_sha256: str = Field(default="", max_length=64)
    excerpt_sha256: str = Field(default="", max_length=64)
    """Empty where its container has an index, so that a search reads ranges of it."""
    made_at: datetime = _time()
    wanted_at: datetime = _time()
    """When a job last wanted it."""


class ArrInstance(SQLModel, table=True):
    """A Sonarr or Radarr, as it was found last. What it is reached by stands in the settings alone."""

    __tablename__ = "arr_instances"

    name: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=16)
    """`sonarr` or `radarr`."""
    version: str = ""
    synced_at: datetime | None = _time(nullable=True)
    """When a sync last went through to its end."""
    sync_words: str = _text()
    """How the last sync ended, for people."""
    failing: bool = False
    unmapped: str = _text()
    """Folders of theirs that no mapping leads to ours, JSON."""
    webhook: str = Field(default="", max_length=32)
    """Empty while unknown; `registered`, `missing`, `foreign` (not ours, or altered)."""
    webhook_at: datetime | None = _time(nullable=True)
    """When its last event came in."""


class ArrFile(SQLModel, table=True):
    """A file as a Sonarr or Radarr knows it. Only syncs write it; hints, never facts."""

    __tablename__ = "arr_files"
    __table_args__ = (Index(None, "instance", "title_id"),)

    instance: str = Field(primary_key=True, max_length=64)
    file_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    title_id: int
    """Of the series or the movie."""
    title: str = _text()
    slug: str = _text()
    """What the title's page is called there."""
    video_id: int | None = Field(default=None, foreign_key="videos.id", index=True)
    """The film in our library; None while we cannot see it."""
    theirs: str = _text()
    """Its path, as they see it."""
    size: int = _big()
    added: str = ""
    """`dateAdded`, as they say it."""
    year: int | None = None
    tags: str = _text()
    """Names, JSON."""
    seen_at: datetime = _time()


class ArrWish(SQLModel, table=True):
    """Somebody said that a series or movie changed: it is to be looked at again. Many events make one wish."""

    __tablename__ = "arr_wishes"

    instance: str = Field(primary_key=True, max_length=64)
    title_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """0: the whole instance."""
    event: str = Field(default="", max_length=64)
    """The last one that asked."""
    events: int = 1
    asked_at: datetime = _time()


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
    due_at: datetime = _time()
    words: str = _text()
    """What happened last."""
    steps: str = _text()
    """Each step that was taken, JSON."""
    made_at: datetime = _time()
    ended_at: datetime | None = _time(nullable=True)


class BadFile(SQLModel, table=True):
    """A file that a person called bad and wants replaced by another release."""

    __tablename__ = "bad_files"

    id: int | None = Field(default=None, primary_key=True)
    video_id: int = Field(foreign_key="videos.id", index=True)
    instance: str = Field(max_length=64)
    file_id: int
    title_id: int
    parts: str = _text()
    """Episode ids or the movie's id and edition, JSON: what a replacement is recognised by."""
    reason: str = _text()
    state: str = Field(default="reported", max_length=24)
    """`reported`, `confirmed`, `searching`, `replaced`, `failed` or `dismissed`."""
    steps: str = _text()
    """Each step that was taken and what came of it, JSON."""
    reported_at: datetime = _time()
    confirmed_at: datetime | None = _time(nullable=True)
    ended_at: datetime | None = _time(nullable=True)
