"""Our own search engine: asks `search` what to try, samples the film at it, and reports as it goes."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from reencodarr.progress import Progress, Report
from reencodarr.quality import curve, footage, pools, probe, search, vmaf
from reencodarr.quality.curve import Point
from reencodarr.quality.engine import OnProbe, Probe, SearchOrder, SearchResult
from reencodarr.quality.parallel import Pulse, Tick
from reencodarr.quality.probe import Crew
from reencodarr.quality.sample import Film
from reencodarr.quality.search import Answer
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.units import Crf, VmafScore

log = logging.getLogger(__name__)

_LEFT_AFTER_A_PROBE = 0.6
"""For the progress bar only: nobody knows how many probes there will be, so each takes 40 % of what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeEngine:
    """Samples windows with ffmpeg alone."""

    name: ClassVar[str] = "native"

    ffmpeg: Path
    workers: int
    """Windows that are encoded side by side."""

    def search(self, order: SearchOrder, *, scratch: Path, on_probe: OnProbe, report: Report) -> SearchResult:
        """Search a CRF; see `engine.Engine`.

        Raises PolicyError, MediaError, FramesMispaired, ProgramError, NoSpace.
        """
        vmaf.require_usable(order.target)
        film = _film(order)
        crew = Crew(ffmpeg=self.ffmpeg, folder=scratch, workers=self.workers)
        probes = {known.crf: known for known in order.known}
        steps = search.candidates(
            order.target, largest_percent=order.largest_percent, known=order.known, first_crf=order.first_crf
        )
        tried = 0
        try:
            crf = next(steps)
            while True:
                tick = _tick(order, film, crf=crf, number=tried + 1, report=report)
                tick(())
                found = probe.run(film, crf, expected=_expected(crf, list(probes.values())), crew=crew, tick=tick)
                _log(order, found, number=tried + 1)
                on_probe(found)
                probes[crf] = found
                tried += 1
                crf = steps.send(found)
        except StopIteration as end:
            answer: Answer = end.value
        build = ffmpeg_tool.build(self.ffmpeg).identity
        return _result(answer, tuple(probes.values()), whole=film.whole, engine=self.name, build=build)


def _film(order: SearchOrder) -> Film:
    source = order.footage or footage.read(order.source)
    index = source.packets
    plan = footage.planned(index)
    log.info("%s: %d frames, %d windows", order.label, index.frames, len(plan))
    return Film(footage=source, windows=plan, video=order.video, target=order.target)


def _expected(crf: Crf, probes: Sequence[Probe]) -> float | None:
    """What the curve promises at `crf`; nothing where it would be a guess."""
    near = any(abs(known.crf - crf) <= curve.REACH / 2 for known in probes)
    if not near and len(probes) < 2:
        return None
    return curve.predicted([Point(crf=known.crf, value=known.mean) for known in probes], crf)


def _tick(order: SearchOrder, film: Film, *, crf: Crf, number: int, report: Report) -> Tick:
    """What to report at the end of each window and every second between."""

    def tick(pulses: Sequence[Pulse]) -> None:
        done = sum(pulse.done for pulse in pulses)
        seen = sum(pulse.before + pulse.frames for pulse in pulses)
        frames = 2 * sum(window.frames for window in film.windows)  # encoded and scored
        share = 1 - _LEFT_AFTER_A_PROBE ** (number - 1 + min(seen / frames, 1.0))
        detail = f"probe {number}, CRF {crf:g}, window {min(done + 1, len(film.windows))}/{len(film.windows)}"
        report(Progress(stage="crf_search", label=order.label, fraction=share, detail=detail))

    return tick


def _log(order: SearchOrder, found: Probe, *, number: int) -> None:
    log.info(
        "%s: probe %d, CRF %g: VMAF %.2f, p5 %.2f, %.1f %% of the video, %.1f CPU s",
        order.label, number, found.crf, found.mean, found.p5 or 0.0, found.percent, found.cpu_seconds,
    )  # fmt: skip


def _result(answer: Answer, probes: tuple[Probe, ...], *, whole: bool, engine: str, build: str) -> SearchResult:
    nearest = min(probes, key=lambda known: abs(known.crf - answer.crf))
    means = [] if whole else [float(window.mean) for window in nearest.windows]
    return SearchResult(
        crf=answer.crf,
        predicted=answer.predicted,
        interval=VmafScore(pools.half_width(means)),
        percent=answer.percent,
        met=answer.met,
        reason=answer.reason,
        probes=probes,
        engine=engine,
        build=build,
    )
