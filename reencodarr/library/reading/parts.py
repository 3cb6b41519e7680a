"""The parts of what is known about one video, as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from reencodarr.library.states import State
from reencodarr.units import Bytes, Crf, Seconds, VmafScore


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The file as the last scan saw it."""

    path: str
    """Whole, safe to show."""
    library: str
    size: Bytes
    modified_at: datetime
    inode: int
    links: int
    sparse_hash: str
    found_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the last analysis found, for people."""

    container: str
    title: str | None
    codec: str | None
    width: int | None
    height: int | None
    frame_rate: Fraction | None
    bit_depth: int | None
    chroma: str | None
    scan: str
    hdr: str
    duration: Seconds | None
    bitrate: int | None
    """Overall, bits per second."""
    streams: tuple[str, ...]
    """One line of words a stream; empty where the document is of another version."""
    probed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What the policy decided."""

    action: str
    reason: str
    sentences: tuple[str, ...]
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """The newest answer of a CRF search."""

    crf: Crf
    predicted: VmafScore
    interval: VmafScore
    """Half width of the 95 % interval of `predicted`."""
    percent: float
    target: VmafScore
    met: bool
    reason: str
    bias: float
    """VMAF within `predicted` that films alike have taught: finished ones are by so much better than their samples."""
    engine: str
    build: str
    searched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """One tried CRF."""

    crf: Crf
    mean: VmafScore
    """At the level of the whole sample: a pilot's was brought there."""
    p5: VmafScore | None
    percent: float
    """Predicted size of the video in per cent of the source's video."""
    target: VmafScore
    seconds: Seconds
    pilot: bool = False
    """Of a few of the windows only."""
    preset: int | None = None
    """Of the encoder, where it is another one than the film's."""
    measured: VmafScore | None = None
    """What a pilot's own windows scored, where `mean` was brought to another level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A finished encode."""

    crf: Crf
    size: Bytes
    source_size: Bytes
    seconds: Seconds
    predicted: VmafScore
    achieved: VmafScore | None
    achieved_p5: VmafScore | None
    deviation: float | None
    """What the first encode of the searched CRF achieved less what was predicted for it; None: not measured."""
    note: str
    """Why it was encoded twice, or lies further from its target than promised; else empty."""
    scored_share: float
    before: tuple[str, ...]
    """One line of words a stream of the source."""
    after: tuple[str, ...]
    verdict: str
    build: str
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Swapped:
    """A swap and how far it got."""

    id: str
    state: str
    outcome: str
    """What the ledger says last: `replaced` (the original is in the trash), `freed`, `undone`; empty: nothing yet."""
    trash: str
    """Where the original lies until `keep_until`, safe to show."""
    keep_until: datetime
    started_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Something that went wrong."""

    stage: str
    category: str
    code: str
    message: str
    advice: str
    context: tuple[tuple[str, str], ...]
    """What the failure's row keeps besides: command, exit code, last lines of output."""
    failed_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One transition."""

    before: State
    after: State
    note: str
    at: datetime
