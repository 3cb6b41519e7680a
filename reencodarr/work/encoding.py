"""An encode, done and measured: the same on the machine that has the library and on any other."""

import logging
from dataclasses import dataclass
from pathlib import Path

from reencodarr.encoding import encode as film_encode
from reencodarr.encoding.encode import EncodeOrder, EncodeResult
from reencodarr.encoding.plan import LeaveReason
from reencodarr.errors import NotSmaller
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
            result, crf, achieved, note = _film(job)
        except NotSmaller as larger:
            return NotWorth(reason=LeaveReason.NO_SAVING, words=larger.message)
        return Encoded(
            delivery=staging.deliver(result, report=report),
            crf=crf,
            frames=result.frames,
            seconds=result.seconds,
            cpu_seconds=result.cpu_seconds,
            peak_memory=result.peak_memory,
            command=result.command,
            build=result.build,
            achieved=achieved,
            note=note,
        )


def _film(job: _Job) -> tuple[EncodeResult, Crf, Achieved, str]:
    """Encode and measure; once more with a corrected CRF when the film misses by more than the policy accepts."""
    terms, target = job.terms, job.terms.plan.target
    result, achieved = _measured(job, terms.crf)
    # Where the search had to settle for less than the mean, the film has to hold that promise, not the first one.
    least = min(target.mean, terms.predicted) - target.accepted_miss
    if achieved.mean >= least:
        return result, terms.crf, achieved, ""
    better = correction.corrected_crf(terms.crf, achieved.mean, target)
    if better is None:
        return result, terms.crf, achieved, ""
    note = f"Encoded again: CRF {terms.crf:g} achieved VMAF {achieved.mean:.2f}, {least:g} is the least."
    log.info("%s: %s", job.label, note)
    result, achieved = _measured(job, better)
    return result, better, achieved, note


def _measured(job: _Job, crf: Crf) -> tuple[EncodeResult, Achieved]:
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
    return result, achieved
