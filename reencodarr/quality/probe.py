"""One probe: all windows of a film at one CRF, several side by side, pooled into one measurement.

A score far below what the curve promised is not believed at once: frames that are paired one off cost 20 to 80
points, and look like a bad encode. Such windows are done again, found in another way.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reencodarr.quality import parallel, pools, sample
from reencodarr.quality.engine import Probe, WindowScore
from reencodarr.quality.parallel import Job, Pulse, Tick
from reencodarr.quality.sample import Bench, Film, Sample
from reencodarr.quality.windows import Window
from reencodarr.units import Crf, Seconds, VmafScore

log = logging.getLogger(__name__)

ALARM = 10.0
"""VMAF below expectation that is taken for frames out of step, until a second way gives the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who makes the samples."""

    ffmpeg: Path
    folder: Path
    workers: int

    def bench(self, jobs: int) -> Bench:
        return Bench(ffmpeg=self.ffmpeg, folder=self.folder, threads=parallel.threads_each(self.workers, jobs))


def run(film: Film, crf: Crf, *, expected: float | None, crew: Crew, tick: Tick) -> Probe:
    """Encode and score all windows at `crf`; `expected` is what the curve promises there, if anything does.

    Raises DamagedSource, FramesMispaired, ProgramMissing, ProgramError, NoSpace.
    """
    started = time.monotonic()
    samples = _samples(film, film.windows, crf, crew=crew, tick=tick, counted=False)
    low = [one for one in samples if expected is not None and pools.mean(one.scored) < expected - ALARM]
    if low and pools.mean([frame for one in samples for frame in one.scored]) < (expected or 0.0) - ALARM:
        checked = _samples(film, [one.window for one in low], crf, crew=crew, tick=tick, counted=True)
        samples = _believed(film, crf, samples, checked)
    return pooled(samples, crf, seconds=Seconds(time.monotonic() - started))


def pooled(samples: Sequence[Sample], crf: Crf, *, seconds: Seconds) -> Probe:
    """One measurement from its windows: the mean over all their frames, p5 over all their 2-second stretches."""
    frames = [frame for one in samples for frame in one.scored]
    stretches = [value for one in samples for value in pools.stretches(one.scored)]
    source = sum(one.source_size for one in samples)
    return Probe(
        crf=crf,
        mean=VmafScore(pools.mean(frames)),
        p5=VmafScore(pools.p5(stretches)),
        percent=100 * sum(one.expected_size for one in samples) / source if source else 0.0,
        seconds=seconds,
        cpu_seconds=Seconds(sum(one.cpu for one in samples)),
        windows=tuple(_score(one) for one in samples),
    )


def _samples(
    film: Film, windows: Sequence[Window], crf: Crf, *, crew: Crew, tick: Tick, counted: bool
) -> tuple[Sample, ...]:
    bench = crew.bench(len(windows))

    def job(window: Window) -> Job[Sample]:
        def take(pulse: Pulse) -> Sample:
            return sample.take(film, window, crf, bench=bench, counted=counted, pulse=pulse)

        return take

    return tuple(parallel.results([job(window) for window in windows], workers=crew.workers, tick=tick))


def _believed(film: Film, crf: Crf, samples: Sequence[Sample], checked: Sequence[Sample]) -> tuple[Sample, ...]:
    """The checked windows in place of the first ones, which they confirm or refute."""
    by_place = {one.window.first: one for one in checked}
    for before in samples:
        after = by_place.get(before.window.first)
        if after is not None:
            log.warning(
                "%s, CRF %g, frame %d: VMAF %.2f was far below expectation; counted from the start it is %.2f",
                film.path.name, crf, before.window.first, pools.mean(before.scored), pools.mean(after.scored),
            )  # fmt: skip
    return tuple(by_place.get(one.window.first, one) for one in samples)


def _score(one: Sample) -> WindowScore:
    return WindowScore(
        start_pts=one.window.start_pts,
        end_pts=one.window.end_pts,
        frames=one.window.frames,
        mean=VmafScore(pools.mean(one.scored)),
        lowest_2s=VmafScore(min(pools.stretches(one.scored))),
        size=one.size,
    )
