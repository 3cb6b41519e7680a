"""What a CRF search engine takes and gives. `native` and `ab-av1` satisfy the same conformance test."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reencodarr.encoding.plan import QualityTarget, VideoPlan
from reencodarr.progress import Report
from reencodarr.quality import pools
from reencodarr.quality.footage import Footage
from reencodarr.quality.prior import DEFAULT, Prior
from reencodarr.quality.proxy import Proxy, Seen
from reencodarr.units import Bytes, Crf, Seconds, VmafScore


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowScore:
    """The score of one window of one probe."""

    start_pts: int
    end_pts: int
    """Exclusive, in the source's time base."""
    frames: int
    mean: VmafScore
    lowest_2s: VmafScore
    """The lowest mean over 2 seconds inside it."""
    size: Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One tried CRF and what it gave."""

    crf: Crf
    mean: VmafScore
    p5: VmafScore | None
    """5th percentile of 2-second windows; None where the engine cannot tell."""
    percent: float
    """Predicted size of the encoded video in per cent of the source's video."""
    seconds: Seconds
    """Wall time that the probe took."""
    cpu_seconds: Seconds
    windows: tuple[WindowScore, ...] = ()
    pilot: bool = False
    """Of a few of the windows only: it shows where the answer lies, and the shape of the curve, but not its level."""
    preset: int | None = None
    """Of the encoder, where it is another one than the film's will be."""

    @property
    def kind(self) -> tuple[Crf, bool, int | None]:
        """What tells it from the other probes of its film."""
        return self.crf, self.pilot, self.preset

    @property
    def interval(self) -> VmafScore | None:
        """Half width of the 95 % interval of `mean`; None where the engine does not tell its windows.

        Two standard errors of the windows' means: 2 s / sqrt(n), s their standard deviation (n - 1 below). 0 where
        the whole film was scored as one window: then nothing was estimated.
        """
        if not self.windows:
            return None
        return VmafScore(pools.half_width([float(window.mean) for window in self.windows]))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOrder:
    """Everything a search needs; plain values, so that it can be done on any machine."""

    source: Path
    label: str
    duration: Seconds | None
    width: int
    height: int
    video: VideoPlan
    target: QualityTarget
    largest_percent: float
    """Predicted size above which the encode is not worth it."""
    known: tuple[Probe, ...] = ()
    """Probes of the same file with the same key; they cost nothing."""
    prior: Prior = DEFAULT
    """What films alike let expect."""
    bias: float = 0.0
    """VMAF by which finished films of its class came out better than predicted from samples."""
    proxy: Proxy | None = None
    """How to probe at a faster preset; None: only at the film's own."""
    footage: Footage | None = None
    """An excerpt in place of the film, for an engine that can do with one; `source` is its file then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The answer: always a CRF and a prediction, even where the target is out of reach."""

    crf: Crf
    predicted: VmafScore
    interval: VmafScore
    """Half width of the 95 % interval of `predicted`; 0 when the whole film was scored."""
    percent: float
    met: bool
    """False: best effort only; `reason` says why."""
    reason: str
    probes: tuple[Probe, ...]
    """Also the known ones that were used, each as it was measured."""
    engine: str
    build: str
    slope: float | None = None
    """u per CRF around `crf` (u = ln(100.3 - VMAF)); None where one point is known, or none."""
    sampled: bool = False
    """Windows stood for the film; False: it was scored whole."""
    proxy_seen: Seen | None = None
    """What probes at a faster preset and at the film's own showed of each other; None without both."""


OnProbe = Callable[[Probe], None]


class Engine(Protocol):
    """A way to search. It prints nothing: probes come through `on_probe`, liveness through `report`."""

    @property
    def name(self) -> str:
        """What the settings call it."""
        ...

    def search(self, order: SearchOrder, *, scratch: Path, on_probe: OnProbe, report: Report) -> SearchResult:
        """Search a CRF.

        Raises SearchError, ProgramError, NoSpace; leaves nothing behind in `scratch` but what its caller deletes.
        """
        ...
