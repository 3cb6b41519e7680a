"""An encode, done and measured: the same on the machine that has the library and on any other."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from reencodarr.encoding import encode as film_encode
from reencodarr.encoding.encode import EncodeOrder, EncodeResult
from reencodarr.encoding.plan import LeaveReason
from reencodarr.errors import NoSpace, NotSmaller
from reencodarr.progress import Report, silent
from reencodarr.quality import correction, measure
from reencodarr.quality.measure import Achieved
from reencodarr.tools import scratch as scratches
from reencodarr.units import Crf
from reencodarr.work import room
from reencodarr.work.bench import Bench
from reencodarr.work.orders import Encoded, EncodeTerms, NotWorth, Order
from reencodarr.work.staging import Staging

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    source: Path
    label: str
    terms: EncodeTerms
    staging: Staging
    bench: Bench
    folder: Path
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Film:
    """An encode that was measured."""

    result: EncodeResult
    crf: Crf
    achieved: Achieved
    deviation: float | None = None
    """By how much the first encode was better than predicted, VMAF."""
    note: str = ""


def encode(
    order: Order, terms: EncodeTerms, *, staging: Staging, bench: Bench, report: Report = silent
) -> Encoded | NotWorth:
    """Encode one film, measure what it achieved, correct it once if it missed, and deliver it.

    Raises SourceVanished, DamagedSource, FramesMispaired, ProgramError, StorageError, NoSpace; leaves nothing in
    scratch.
    """
    needed = room.needed(order, bench.build)
    scratches.require_space(scratches.made(bench.scratch), needed, reserve=bench.reserve)
    with scratches.folder(bench.scratch, f"encode-{order.job or order.attempt}") as folder:
        source = staging.film(folder, report=report)
        job = _Job(
            source=source, label=order.label, terms=terms, staging=staging, bench=bench, folder=folder, report=report
        )
        try:
            film = _film(job)
        except NotSmaller as larger:
            return NotWorth(reason=LeaveReason.NO_SAVING, words=larger.message)
        result = film.result
        return Encoded(
            delivery=staging.deliver(result, report=report),
            crf=film.crf,
            frames=result.frames,
            seconds=result.seconds,
            cpu_seconds=result.cpu_seconds,
            peak_memory=result.peak_memory,
            command=result.command,
            build=result.build,
            achieved=film.achieved,
            deviation=film.deviation,
            note=film.note,
        )


def _film(job: _Job) -> _Film:
    """Encode and measure; once more with a corrected CRF when the film lies further off than is promised."""
    terms, target = job.terms, job.terms.plan.target
    first = _encoded(job, terms.crf)
    deviation = first.achieved.mean - terms.predicted
    verdict = correction.judged(first.crf, first.achieved, target, predicted=terms.predicted, slope=terms.slope)
    if verdict.again is None:
        return replace(first, deviation=deviation, note=verdict.why)
    log.info("%s: encoded again with CRF %g: %s", job.label, verdict.again, verdict.why)
    second = _second(job, first, verdict.again)
    if isinstance(second, str):
        return replace(first, deviation=deviation, note=f"{verdict.why} {second}")
    left = correction.judged(second.crf, second.achieved, target, predicted=terms.predicted)
    now = f"With CRF {second.crf:g} it is {second.achieved.mean:.2f}" + (
        ", as near as it was brought." if left.why else "."
    )
    return replace(second, deviation=deviation, note=f"Encoded twice: {verdict.why} {now}")


def _second(job: _Job, first: _Film, crf: Crf) -> _Film | str:
    """The film with another CRF, or why the first one is kept, as a sentence.

    Raises NotSmaller where the first one is too bad to be kept and a better one too large.
    """
    target = job.terms.plan.target
    least = min(target.mean, job.terms.predicted) - target.accepted_miss
    kept = first.result.path.with_name(f"first{first.result.path.suffix}")
    first.result.path.replace(kept)
    try:
        scratches.require_space(kept, first.result.size, reserve=job.bench.reserve)
        second = _encoded(job, crf)
    except (NotSmaller, NoSpace) as refused:
        if first.achieved.mean < least:
            raise
        kept.replace(first.result.path)
        return f"It stays as it is: {refused.message}"
    scratches.discard([kept])
    return second


def _encoded(job: _Job, crf: Crf) -> _Film:
    """Encode and measure."""
    terms = job.terms
    order = EncodeOrder(
        source=job.source,
        label=job.label,
        facts=terms.facts,
        plan=terms.plan,
        crf=crf,
        fingerprint=job.staging.fingerprint(),
        provenance=terms.provenance.format(crf=f"{crf:g}"),
    )
    result = film_encode.encode(order, ffmpeg=job.bench.ffmpeg, scratch=job.folder, report=job.report)
    achieved = measure.achieved(
        job.source,
        result.path,
        target=terms.plan.target,
        video=terms.plan.video,
        ffmpeg=job.bench.ffmpeg,
        scratch=job.folder,
        report=job.report,
    )
    log.info("%s: CRF %g achieved VMAF %.2f, %d bytes", job.label, crf, achieved.mean, result.size)
    return _Film(result=result, crf=crf, achieved=achieved)
