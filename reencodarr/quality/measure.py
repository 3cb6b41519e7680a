"""What a finished film achieved, measured on it and not predicted.

Films up to ten minutes are scored as a whole, longer ones in a window of every minute. The k-th frame of the result
is the k-th frame of the source; times serve only to find the same frames in both files.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from reencodarr.encoding.plan import QualityTarget, VideoPlan
from reencodarr.errors import FramesMispaired
from reencodarr.media import packets
from reencodarr.media.packets import PacketIndex
from reencodarr.progress import Progress, Report
from reencodarr.quality import cut as cuts
from reencodarr.quality import encoded, parallel, pools, sample, vmaf, windows
from reencodarr.quality.cut import Cut
from reencodarr.quality.parallel import Job, Pulse, Tick
from reencodarr.quality.pools import Scored
from reencodarr.quality.vmaf import Leg
from reencodarr.quality.windows import Window
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

    source: Path
    result: Path
    before: PacketIndex
    after: PacketIndex
    filters: tuple[str, ...]

    def legs(self, window: Window | None) -> tuple[Leg, Leg]:
        """The result's and the source's frames of a window, or all of them."""
        moved = None
        if window is not None:
            pts = self.after.pts
            end = pts[window.end] if window.end < len(pts) else self.after.end_time
            moved = Window(first=window.first, frames=window.frames, start_pts=pts[window.first], end_pts=end)
        reference = Leg(cut=_cut(self.source, self.before, window), filters=self.filters)
        return Leg(cut=_cut(self.result, self.after, moved)), reference


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
    before, after = packets.index(source), packets.index(result)
    filters = cuts.of_reference(video.filters)
    pair = _Pair(source=source, result=result, before=before, after=after, filters=filters)
    whole = windows.whole(before.pts)
    plan: tuple[Window, ...] = (whole,)
    if before.frames != after.frames:
        # Packets of the source are not its frames (fields, hidden frames), so places cannot be told: all are scored.
        _require_same_frames(pair, ffmpeg)
    elif packets.duration(before) > whole_up_to:
        plan = windows.every(before.pts, time_base=before.time_base, spacing=SPACING)
    scored = _scored(pair, plan, target=target, ffmpeg=ffmpeg, scratch=scratch, tick=_tick(pair, plan, report))
    frames = [frame for window in scored for frame in window]
    stretches = [value for window in scored for value in pools.stretches(window)]
    share = 1.0 if plan == (whole,) else windows.share(plan, before.pts)
    found = Achieved(
        mean=VmafScore(pools.mean(frames)),
        p5=VmafScore(pools.p5(stretches)),
        lowest_2s=VmafScore(min(stretches)),
        share=share,
    )
    log.info("%s: VMAF %.2f, p5 %.2f over %.0f %% of it", source.name, found.mean, found.p5, 100 * share)
    return found


def _scored(
    pair: _Pair, plan: Sequence[Window], *, target: QualityTarget, ffmpeg: Path, scratch: Path, tick: Tick
) -> list[tuple[Scored, ...]]:
    size = encoded.picture(pair.result)
    workers = parallel.cores()
    threads = parallel.threads_each(workers, len(plan))

    def job(window: Window, folder: Path) -> Job[tuple[Scored, ...]]:
        def take(pulse: Pulse) -> tuple[Scored, ...]:
            whole = window.frames == pair.before.frames
            distorted, reference = pair.legs(None if whole else window)
            log_file = folder / f"{window.first}.json"
            scores = vmaf.score(
                ffmpeg, distorted=distorted, reference=reference, target=target, size=size,
                log_file=log_file, threads=threads, pulse=pulse,
            )  # fmt: skip
            if scores.pairs != (pair.after.frames if whole else window.frames):
                raise _mispaired(pair, window, scores.pairs)
            return sample.timed(scores.scores, pair.before, window, frames=scores.pairs)

        return take

    with scratches.folder(scratch, "measure") as folder:
        return parallel.results([job(window, folder) for window in plan], workers=workers, tick=tick)


def _require_same_frames(pair: _Pair, ffmpeg: Path) -> None:
    reference = Leg(cut=_cut(pair.source, pair.before, None), filters=pair.filters)
    decoded = vmaf.decoded_frames(ffmpeg, reference, threads=parallel.cores())
    if decoded != pair.after.frames:
        raise _mispaired(pair, windows.whole(pair.before.pts), decoded)


def _cut(path: Path, index: PacketIndex, window: Window | None) -> Cut:
    return Cut(
        path=path.absolute(),
        stream=index.stream,
        time_base=index.time_base,
        window=window,
        start_time=index.start_time,
    )


def _tick(pair: _Pair, plan: Sequence[Window], report: Report) -> Tick:
    total = sum(window.frames for window in plan)

    def tick(pulses: Sequence[Pulse]) -> None:
        seen = sum(pulse.frames for pulse in pulses)
        detail = f"measuring, window {min(sum(p.done for p in pulses) + 1, len(plan))}/{len(plan)}"
        report(Progress(stage="measure", label=pair.source.name, fraction=min(seen / total, 1.0), detail=detail))

    return tick


def _mispaired(pair: _Pair, window: Window, found: int) -> FramesMispaired:
    return FramesMispaired(
        f"{pair.source} and its encode do not have the same frames: {found} pair up from frame {window.first} on,"
        f" of {window.frames} in the source; the encode has {pair.after.frames} in all.",
        path=pair.source,
        advice="The encode cannot be trusted and is discarded.",
    )
