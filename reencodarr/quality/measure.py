"""What a finished film achieved, measured on it and not predicted.

Films up to ten minutes are scored as a whole, longer ones in a window of every minute. The k-th frame of the result
is the k-th frame of the source; times serve only to find the same frames in both files.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from reencodarr.encoding.plan import QualityTarget, VideoPlan
from reencodarr.errors import FramesMispaired
from reencodarr.media import packets
from reencodarr.progress import Progress, Report
from reencodarr.quality import cut as cuts
from reencodarr.quality import encoded, footage, parallel, pools, sample, vmaf, windows
from reencodarr.quality.footage import Footage
from reencodarr.quality.parallel import Job, Pulse, Tick
from reencodarr.quality.pools import Scored
from reencodarr.quality.vmaf import FrameScores, Leg
from reencodarr.quality.windows import Window
from reencodarr.tools import capacity
from reencodarr.tools import scratch as scratches
from reencodarr.units import Seconds, VmafScore

log = logging.getLogger(__name__)

WHOLE_UP_TO = Seconds(600.0)
SPACING = Fraction(60)
"""Seconds of film for each window beyond that. 120 windows of 4 s put the mean of two hours within about 0.4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Achieved:
    """The quality of a finished film."""

    mean: VmafScore
    p5: VmafScore
    """5th percentile of 2-second stretches."""
    lowest_2s: VmafScore
    share: float
    """Share of the running time that was scored; 1 for all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The two files side by side."""

    source: Footage
    result: Footage
    filters: tuple[str, ...]

    def legs(self, window: Window, *, counted: bool) -> tuple[Leg, Leg]:
        """The result's and the source's frames of a window."""
        if self.is_whole(window):
            return Leg(cut=self.result.cut(None)), Leg(cut=self.source.cut(None), filters=self.filters)
        after = self.result.packets
        end = after.pts[window.end] if window.end < after.frames else after.end_time
        moved = replace(window, start_pts=after.pts[window.first], end_pts=end)
        reference = Leg(cut=self.source.cut(window, counted=counted), filters=self.filters)
        return Leg(cut=self.result.cut(moved, counted=counted)), reference

    def frames(self, window: Window) -> int:
        """How many pairs a window must give."""
        return self.result.packets.frames if self.is_whole(window) else window.frames

    def is_whole(self, window: Window) -> bool:
        return window.frames == self.source.packets.frames


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scoring:
    """With what the windows are scored."""

    ffmpeg: Path
    folder: Path
    target: QualityTarget
    size: tuple[int, int]
    threads: int


def achieved(
    source: Path,
    result: Path,
    *,
    target: QualityTarget,
    video: VideoPlan,
    ffmpeg: Path,
    scratch: Path,
    report: Report,
    whole_up_to: Seconds = WHOLE_UP_TO,
) -> Achieved:
    """Score `result` against `source`; reads both, leaves nothing in `scratch`.

    Raises PolicyError, MediaError, FramesMispaired, ProgramMissing, ProgramError, NoSpace.
    """
    vmaf.require_usable(target)
    pair = _Pair(source=footage.read(source), result=footage.read(result), filters=cuts.of_reference(video.filters))
    plan = _plan(pair, ffmpeg=ffmpeg, whole_up_to=whole_up_to)
    with scratches.folder(scratch, "measure") as folder:
        size = encoded.picture(result)
        each = parallel.memory_scored(*vmaf.scoring_size(size, target.scale_to))
        workers = parallel.side_by_side(capacity.cores(), each)
        threads = parallel.threads_each(workers, len(plan))
        scoring = _Scoring(ffmpeg=ffmpeg, folder=folder, target=target, size=size, threads=threads)
        jobs = [_job(pair, window, scoring) for window in plan]
        scored = parallel.results(jobs, workers=workers, tick=_tick(pair, plan, report))
    frames = [frame for window in scored for frame in window]
    stretches = [value for window in scored for value in pools.stretches(window)]
    whole = any(pair.is_whole(window) for window in plan)
    found = Achieved(
        mean=VmafScore(pools.mean(frames)),
        p5=VmafScore(pools.p5(stretches)),
        lowest_2s=VmafScore(min(stretches)),
        share=1.0 if whole else windows.share(plan, pair.source.packets.pts),
    )
    log.info("%s: VMAF %.2f, p5 %.2f over %.0f %% of it", source.name, found.mean, found.p5, 100 * found.share)
    return found


def _plan(pair: _Pair, *, ffmpeg: Path, whole_up_to: Seconds) -> tuple[Window, ...]:
    before, after = pair.source.packets, pair.result.packets
    if before.frames != after.frames:
        # Packets of the source are not its frames (fields, hidden frames): places cannot be told, all are scored.
        reference = Leg(cut=pair.source.cut(None), filters=pair.filters)
        decoded = vmaf.decoded_frames(ffmpeg, reference, threads=capacity.cores())
        if decoded != after.frames:
            raise _mispaired(pair, windows.whole(before.pts), decoded)
    elif packets.duration(before) > whole_up_to:
        return windows.every(before.pts, time_base=before.time_base, spacing=SPACING)
    return (windows.whole(before.pts),)


def _job(pair: _Pair, window: Window, scoring: _Scoring) -> Job[tuple[Scored, ...]]:
    def take(pulse: Pulse) -> tuple[Scored, ...]:
        scores = _score(pair, window, scoring, counted=False, pulse=pulse)
        if scores.pairs != pair.frames(window):
            log.warning("%s: %d pairs from frame %d on; counted again", pair.source.path, scores.pairs, window.first)
            scores = _score(pair, window, scoring, counted=True, pulse=pulse)
        if scores.pairs != pair.frames(window):
            raise _mispaired(pair, window, scores.pairs)
        return sample.timed(scores.scores, pair.source.packets, window, frames=scores.pairs)

    return take


def _score(pair: _Pair, window: Window, scoring: _Scoring, *, counted: bool, pulse: Pulse) -> FrameScores:
    distorted, reference = pair.legs(window, counted=counted)
    return vmaf.score(
        scoring.ffmpeg,
        distorted=distorted,
        reference=reference,
        target=scoring.target,
        size=scoring.size,
        log_file=scoring.folder / f"{window.first}.json",
        threads=scoring.threads,
        pulse=pulse,
    )


def _tick(pair: _Pair, plan: Sequence[Window], report: Report) -> Tick:
    total = sum(window.frames for window in plan)

    def tick(pulses: Sequence[Pulse]) -> None:
        seen = sum(pulse.frames for pulse in pulses)
        detail = f"measuring, window {min(sum(p.done for p in pulses) + 1, len(plan))}/{len(plan)}"
        report(Progress(stage="measure", label=pair.source.path.name, fraction=min(seen / total, 1.0), detail=detail))

    return tick


def _mispaired(pair: _Pair, window: Window, found: int) -> FramesMispaired:
    return FramesMispaired(
        f"{pair.source.path} and its encode do not have the same frames: {found} pair up from frame {window.first} on,"
        f" of {window.frames} in the source; the encode has {pair.result.packets.frames} in all.",
        path=pair.source.path,
        advice="The encode cannot be trusted and is discarded.",
    )
