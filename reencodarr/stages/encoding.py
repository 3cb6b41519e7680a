"""The encode of one video: run it, measure what it achieved, correct it once if it missed, keep the result."""

import logging
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from reencodarr import __version__
from reencodarr.encoding import encode as film_encode
from reencodarr.encoding.encode import EncodeOrder, EncodeResult
from reencodarr.encoding.plan import EncodePlan, LeaveReason
from reencodarr.errors import NotSmaller, Stage
from reencodarr.library import database, encodes, facts, plans, searches
from reencodarr.library.states import State
from reencodarr.library.tables import Encode, Search
from reencodarr.media.facts import MediaFacts
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.progress import Report, silent
from reencodarr.quality import correction, measure
from reencodarr.quality.measure import Achieved
from reencodarr.stages import settling, sources, step
from reencodarr.stages.step import Outcome, Verdict
from reencodarr.stages.workplace import Workplace
from reencodarr.tools import scratch
from reencodarr.units import Bytes, Crf, VmafScore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    source: Path
    identity: Fingerprint
    facts: MediaFacts
    plan: EncodePlan
    crf: Crf
    predicted: VmafScore


@dataclass(frozen=True, slots=True, kw_only=True)
class _Film:
    result: EncodeResult
    crf: Crf
    achieved: Achieved
    note: str


def encode(workplace: Workplace, video_id: int, *, report: Report = silent) -> Outcome:
    """Encode a video whose CRF is known; the result waits in scratch for its proof."""
    return step.take(
        workplace,
        video_id,
        before=State.CRF_SEARCHED,
        stage=Stage.ENCODE,
        report=report,
        work=lambda attempt, heard: _verdict(workplace, video_id, attempt=attempt, report=heard),
    )


def _verdict(workplace: Workplace, video_id: int, *, attempt: int, report: Report) -> Verdict:
    source = sources.unchanged(workplace, video_id)
    if source is None:
        return sources.CHANGED
    sources.require_replaceable(workplace, video_id)
    job = _job(workplace, video_id, source)
    scratch.require_space(
        scratch.made(workplace.settings.scratch),
        Bytes(round(job.facts.size * job.plan.largest_ratio)),
        reserve=workplace.reserve,
    )
    with scratch.folder(workplace.settings.scratch, f"encode-{video_id}-{attempt}") as folder:
        try:
            film = _film(workplace, job, folder=folder, report=report)
        except NotSmaller as larger:
            return Verdict(after=State.SKIPPED, reason=LeaveReason.NO_SAVING.value, words=larger.message)
        name = f"{settling.result_stem(video_id, attempt)}{film.result.path.suffix}"
        kept = scratch.keep(film.result.path, workplace.results / name)
    return _encoded(job, film, video_id=video_id, attempt=attempt, kept=kept)


def _job(workplace: Workplace, video_id: int, source: Fingerprint) -> _Job:
    with database.session(workplace.database) as session:
        answer: Search = searches.newest(session, video_id)
        return _Job(
            source=sources.path(session, video_id),
            identity=source,
            facts=facts.of(session, video_id),
            plan=plans.encode_plan(session, video_id),
            crf=Crf(answer.crf),
            predicted=VmafScore(answer.predicted),
        )


def _film(workplace: Workplace, job: _Job, *, folder: Path, report: Report) -> _Film:
    """Encode and measure; once more with a corrected CRF when the film misses by more than the policy accepts."""
    result, achieved = _measured(workplace, job, job.crf, folder=folder, report=report)
    # Where the search had to settle for less than the mean, the film has to hold that promise, not the first one.
    least = min(job.plan.target.mean, job.predicted) - job.plan.target.accepted_miss
    if achieved.mean >= least:
        return _Film(result=result, crf=job.crf, achieved=achieved, note="")
    better = correction.corrected_crf(job.crf, achieved.mean, job.plan.target)
    if better is None:
        return _Film(result=result, crf=job.crf, achieved=achieved, note="")
    note = f"Encoded again: CRF {job.crf:g} achieved VMAF {achieved.mean:.2f}, {least:g} is the least."
    log.info("%s: %s", job.source.name, note)
    result, achieved = _measured(workplace, job, better, folder=folder, report=report)
    return _Film(result=result, crf=better, achieved=achieved, note=note)


def _measured(
    workplace: Workplace, job: _Job, crf: Crf, *, folder: Path, report: Report
) -> tuple[EncodeResult, Achieved]:
    order = EncodeOrder(
        source=job.source,
        label=job.source.name,
        facts=job.facts,
        plan=job.plan,
        crf=crf,
        fingerprint=job.identity,
        provenance=f"{__version__} crf={crf:g} preset={job.plan.video.preset} target={job.plan.target.mean:g}",
    )
    result = film_encode.encode(order, ffmpeg=workplace.ffmpeg, scratch=folder, report=report)
    achieved = measure.achieved(
        job.source,
        result.path,
        target=job.plan.target,
        video=job.plan.video,
        ffmpeg=workplace.ffmpeg,
        scratch=folder,
        report=report,
    )
    log.info("%s: CRF %g achieved VMAF %.2f, %d bytes", job.source.name, crf, achieved.mean, result.size)
    return result, achieved


def _encoded(job: _Job, film: _Film, *, video_id: int, attempt: int, kept: Path) -> Verdict:
    result = film.result

    def record(session: Session) -> None:
        encodes.record(
            session,
            Encode(
                video_id=video_id,
                attempt=attempt,
                crf=film.crf,
                result_path=kept,
                sha256=result.sha256,
                size=result.size,
                source_size=job.identity.size,
                seconds=result.seconds,
                cpu_seconds=result.cpu_seconds,
                frames=result.frames,
                predicted=job.predicted,
                achieved=film.achieved.mean,
                achieved_p5=film.achieved.p5,
                scored_share=film.achieved.share,
                command=result.command,
                build=result.build,
            ),
        )

    words = (
        f"{result.size / job.identity.size:.0%} of the size, VMAF {film.achieved.mean:.1f} achieved"
        f" ({job.predicted:.1f} predicted). {film.note}"
    )
    return Verdict(after=State.ENCODED, words=words.strip(), record=record)
