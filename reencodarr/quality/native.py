"""Our own search engine: asks `search` what to try, samples the film at it, and reports as it goes."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from reencodarr.progress import Progress, Report
from reencodarr.quality import anchor, curve, footage, parallel, search, vmaf, windows
from reencodarr.quality.answer import Answer, Step, Terms
from reencodarr.quality.curve import Point
from reencodarr.quality.engine import OnProbe, Probe, SearchOrder, SearchResult
from reencodarr.quality.parallel import Pulse, Tick
from reencodarr.quality.probe import Crew
from reencodarr.quality.probe import run as run_probe
from reencodarr.quality.sample import Film
from reencodarr.quality.windows import Window
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.units import Crf, VmafScore

log = logging.getLogger(__name__)

USUAL_SPREAD = 2.0
"""Standard deviation in VMAF between windows of one film at one CRF (1.2 to 3.3 measured at 2 s)."""
SURER = 0.75
"""Share of the interval that a probe of all windows would leave: a prior within it knows more than they would tell."""
_BESIDE = 1.0
"""CRFs from what films alike expect at which their VMAF still is what a first probe should give, more or less."""
_LEFT_AFTER_A_PROBE = 0.6
"""For the progress bar only: nobody knows how many probes there will be, so each takes 40 % of what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeEngine:
    """Samples windows with ffmpeg alone."""

    name: ClassVar[str] = "native"

    ffmpeg: Path
    workers: int
    """Windows that are encoded side by side, as far as memory allows."""

    def search(self, order: SearchOrder, *, scratch: Path, on_probe: OnProbe, report: Report) -> SearchResult:
        """Search a CRF; see `engine.Engine`.

        Raises PolicyError, MediaError, FramesMispaired, ProgramError, NoSpace.
        """
        vmaf.require_usable(order.target)
        each = parallel.memory_each(order.width, order.height, order.video.preset)
        bench = _Bench(
            order=order,
            film=_film(order),
            crew=Crew(ffmpeg=self.ffmpeg, folder=scratch, workers=parallel.side_by_side(self.workers, each)),
            report=report,
        )
        probes = list(order.known)
        steps = search.candidates(bench.terms, tuple(bench.read(probe) for probe in probes))
        try:
            step = next(steps)
            while True:
                found = bench.probe(step, probes)
                on_probe(found)
                probes.append(found)
                step = steps.send(bench.read(found))
        except StopIteration as end:
            answer: Answer = end.value
        build = ffmpeg_tool.build(self.ffmpeg).identity
        return _result(bench, answer, tuple(probes), engine=self.name, build=build)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """One search: what is probed, and with what."""

    order: SearchOrder
    film: Film
    crew: Crew
    report: Report

    @property
    def pilot(self) -> tuple[Window, ...]:
        return windows.pilot(self.film.packets, self.film.windows)

    @property
    def terms(self) -> Terms:
        """What the generator is told. A pilot at another preset needs a second one beside it to give a slope."""
        order = self.order
        compared = order.proxy is None or order.proxy.offset is not None
        return Terms(
            target=order.target,
            largest_percent=order.largest_percent,
            prior=order.prior,
            pilots=(1 if compared else 2) if self.pilot else 0,
            trusted=self._trusted(),
            promised=order.target.promise,
        )

    def probe(self, step: Step, probes: Sequence[Probe]) -> Probe:
        """Do one step; `probes` are those before it."""
        place = self.pilot if step.pilot else self.film.windows
        preset = self._preset(pilot=step.pilot)
        video = self.film.video if preset is None else replace(self.film.video, preset=preset)
        part = replace(self.film, windows=place, video=video)
        number = len(probes) - len(self.order.known) + 1
        tick = _tick(self.order, part, crf=step.crf, number=number, report=self.report)
        tick(())
        alike = [probe for probe in probes if (probe.pilot, probe.preset) == (step.pilot, preset)]
        found = run_probe(part, step.crf, expected=_expected(step.crf, alike, self.order), crew=self.crew, tick=tick)
        _log(self.order, found, number=number)
        return replace(found, pilot=step.pilot, preset=preset)

    def read(self, probe: Probe) -> Probe:
        """A probe as the generator sees it: what is known of its class is taken into account."""
        bias = 0.0 if self.film.whole else self.order.bias
        proxy = self.order.proxy
        if probe.preset is None or proxy is None or proxy.offset is None:
            return _shifted(probe, bias)
        return replace(_shifted(probe, bias + proxy.offset), percent=probe.percent * proxy.size)

    def _preset(self, *, pilot: bool) -> int | None:
        """The preset of a probe where it is not the film's own."""
        proxy = self.order.proxy
        if proxy is None or (proxy.offset is None and not pilot):
            return None
        return proxy.preset

    def _trusted(self) -> float:
        """VMAF to which a prior must be sure to do without probes: the promise, or a bit more than samples would be."""
        usual = 0.0 if self.film.whole else 2 * USUAL_SPREAD / math.sqrt(len(self.film.windows))
        return max(float(self.order.target.promise), SURER * usual)


def _shifted(probe: Probe, by: float) -> Probe:
    """A probe, and with it each of its windows, since pilots are held against those."""
    p5 = None if probe.p5 is None else _raised(probe.p5, by)
    windows = tuple(
        replace(one, mean=_raised(one.mean, by), lowest_2s=_raised(one.lowest_2s, by)) for one in probe.windows
    )
    return replace(probe, mean=_raised(probe.mean, by), p5=p5, windows=windows)


def _raised(score: float, by: float) -> VmafScore:
    return VmafScore(min(score + by, 100.0))


def _film(order: SearchOrder) -> Film:
    source = order.footage or footage.read(order.source)
    index = source.packets
    plan = footage.planned(index)
    log.info("%s: %d frames, %d windows", order.label, index.frames, len(plan))
    return Film(footage=source, windows=plan, video=order.video, target=order.target)


def _expected(crf: Crf, probes: Sequence[Probe], order: SearchOrder) -> float | None:
    """What the curve promises at `crf`, or before any probe what films alike do; nothing where it would be a guess."""
    prior = order.prior
    if not probes and prior.films and abs(prior.crf - crf) <= _BESIDE:
        return float(order.target.mean)
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


def _result(bench: _Bench, answer: Answer, probes: tuple[Probe, ...], *, engine: str, build: str) -> SearchResult:
    full = [probe for probe in probes if not probe.pilot]
    nearest = min(full, key=lambda known: abs(known.crf - answer.crf), default=None)
    sampled = 0.0 if bench.film.whole or nearest is None else nearest.interval or 0.0
    return SearchResult(
        crf=answer.crf,
        predicted=answer.predicted,
        interval=VmafScore(math.hypot(sampled, 2 * answer.doubt)),
        percent=answer.percent,
        met=answer.met,
        reason=answer.reason,
        probes=probes,
        engine=engine,
        build=build,
        slope=answer.slope,
        sampled=not bench.film.whole,
        proxy_seen=anchor.proxy_seen(probes),
    )
