"""ab-av1 as a search engine: its own search, read from its JSON and never scraped from its words.

It reads the same target, encoder arguments and scoring size as our own engine. It knows no floor of p5, no prior
and no ladder of targets: the last two are made here, by a narrower range and by asking again.
"""

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from reencodarr.errors import EngineFailed, ProgramFailed, ProgramInterrupted
from reencodarr.progress import Progress, Report
from reencodarr.quality import abav1_arguments, abav1_failures, goals, search, vmaf
from reencodarr.quality.abav1_messages import Listener
from reencodarr.quality.answer import Answer, Terms
from reencodarr.quality.engine import OnProbe, Probe, SearchOrder, SearchResult
from reencodarr.quality.goals import Goal
from reencodarr.tools import abav1 as abav1_tool
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import processes, programs
from reencodarr.units import Crf, Seconds, VmafScore

log = logging.getLogger(__name__)

NO_CRF = "Failed to find a suitable crf"
"""The one failure that is an answer; every other one, a crash as well as Ctrl-C, has exit code 1 too."""

SILENCE = Seconds(3600.0)
"""It speaks once for each sample; one of 20 s in 4K at a slow preset takes long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbAv1Engine:
    """Drives the program ab-av1, 0.11.5 or newer, with our ffmpeg."""

    name: ClassVar[str] = "ab-av1"

    program: Path
    ffmpeg: Path

    def search(self, order: SearchOrder, *, scratch: Path, on_probe: OnProbe, report: Report) -> SearchResult:
        """Search a CRF; see `engine.Engine`. ab-av1 caches below `scratch` only.

        Raises PolicyError, ProgramMissing, ProgramInterrupted, ProgramStalled, DamagedSource, SourceGone, EngineFailed,
        NoSpace.
        """
        vmaf.require_usable(order.target)
        version = abav1_tool.require(self.program, ffmpeg=self.ffmpeg)
        probes = {known.crf: known for known in order.known}

        def on_attempt(probe: Probe) -> None:
            if probe.crf in probes:
                return
            probes[probe.crf] = probe
            log.info("%s: CRF %g: VMAF %.2f, %.1f %%", order.label, probe.crf, probe.mean, probe.percent)
            on_probe(probe)
            report(_progress(order, f"CRF {probe.crf:g}: VMAF {probe.mean:.1f}, {probe.percent:.0f} %"))

        report(_progress(order, "ab-av1 starts"))
        answer = _known_answer(order) or self._asked(order, scratch=scratch, on_attempt=on_attempt)
        build = f"{ffmpeg_tool.build(self.ffmpeg).identity}+ab-av1-{version}"
        return _result(order, answer, tuple(probes.values()), engine=self.name, build=build)

    def _asked(self, order: SearchOrder, *, scratch: Path, on_attempt: Callable[[Probe], None]) -> Answer:
        """Ask for the target, then for less where no CRF reaches it; a narrow range is widened before that."""
        attempts: list[Probe] = []
        for goal in goals.ladder(order.target):
            for lowest, highest in _ranges(order, goal):
                heard = Listener(on_attempt=on_attempt)
                self._run(order, goal, lowest=lowest, highest=highest, scratch=scratch, heard=heard)
                attempts += heard.attempts
                if heard.best is not None:
                    return _found(heard, goal)
            if _too_large(order, goal, attempts):
                return _not_worth_it(order, goal, attempts)
        return _unreachable(order, attempts)

    def _run(
        self, order: SearchOrder, goal: Goal, *, lowest: Crf, highest: Crf, scratch: Path, heard: Listener
    ) -> None:
        command = [self.program, *abav1_arguments.crf_search(order, goal, lowest=lowest, highest=highest)]
        command += ["--temp-dir", scratch]
        try:
            programs.run(
                command,
                on_line=heard.line,
                cwd=scratch,
                environment=abav1_tool.environment(self.ffmpeg, scratch),
                stall_deadline=SILENCE,
                about=order.source,
            )
        except ProgramInterrupted:
            processes.end_in(scratch)  # Its ffmpeg does not notice that ab-av1 is gone.
            raise
        except ProgramFailed as error:
            if heard.error == NO_CRF:
                return
            raise abav1_failures.named(error, order, self.ffmpeg) from error
        if heard.best is None:
            raise EngineFailed(f"ab-av1 ended on {order.source} without an answer.", path=order.source)


def _known_answer(order: SearchOrder) -> Answer | None:
    """The answer where the known probes already hold it."""
    if not order.known:
        return None
    try:
        next(search.candidates(Terms(target=order.target, largest_percent=order.largest_percent), order.known))
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    return None


def _ranges(order: SearchOrder, goal: Goal) -> Iterator[tuple[Crf, Crf]]:
    """The CRFs to search: near the hints first, then all."""
    lowest, highest = order.target.lowest_crf, order.target.highest_crf
    hinted = abav1_arguments.hinted_range(order, goal)
    if hinted is not None:
        yield hinted
    yield lowest, highest


def _found(heard: Listener, goal: Goal) -> Answer:
    best = next(probe for probe in heard.attempts if probe.crf == heard.best)
    return Answer(crf=best.crf, predicted=best.mean, percent=best.percent, met=True, reason=goal.note)


def _too_large(order: SearchOrder, goal: Goal, attempts: Sequence[Probe]) -> bool:
    """Whether size and not quality ended the search: what meets the goal, or even what misses it, is too large."""
    good, bad = goal.bracket(tuple(attempts))
    judged = good or bad
    return judged is not None and judged.percent > order.largest_percent


def _not_worth_it(order: SearchOrder, goal: Goal, attempts: Sequence[Probe]) -> Answer:
    good, bad = goal.bracket(tuple(attempts))
    judged = good or bad
    assert judged is not None
    reason = (
        f"It is not worth it: at CRF {judged.crf:g} it takes {judged.percent:.0f} % of the video's size already, "
        f"{order.largest_percent:.0f} % is allowed. {goal.note}"
    )
    return Answer(crf=judged.crf, predicted=judged.mean, percent=judged.percent, met=False, reason=reason.strip())


def _unreachable(order: SearchOrder, attempts: Sequence[Probe]) -> Answer:
    best = max(attempts, key=lambda probe: (probe.mean, probe.crf))
    reason = f"VMAF {best.mean:.1f} at CRF {best.crf:g} is the best there is; {order.target.mean:g} is wanted."
    return Answer(crf=best.crf, predicted=best.mean, percent=best.percent, met=False, reason=reason)


def _progress(order: SearchOrder, detail: str) -> Progress:
    return Progress(stage="crf_search", label=order.label, detail=detail)


def _result(order: SearchOrder, answer: Answer, probes: tuple[Probe, ...], *, engine: str, build: str) -> SearchResult:
    return SearchResult(
        crf=answer.crf,
        predicted=answer.predicted,
        interval=VmafScore(_half_width(order)),
        percent=answer.percent,
        met=answer.met,
        reason=answer.reason,
        probes=probes,
        engine=engine,
        build=build,
    )


def _half_width(order: SearchOrder) -> float:
    """Two standard errors of its sampling, which it does not tell: one sample of 20 s in 12 minutes, or everything.

    One sample of 20 s was off by 1.7 VMAF (rms) on a programme of nine minutes.
    """
    if order.duration is None:
        return 0.0
    samples = math.ceil(order.duration / (12 * 60))
    return 0.0 if samples * 20 >= 0.85 * order.duration else 2 * 1.7 / math.sqrt(samples)
