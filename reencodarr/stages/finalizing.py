"""The end of a video's way: prove the result, swap it in, write the ledger."""

import logging
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reencodarr.encoding.plan import EncodePlan
from reencodarr.errors import ObjectDamaged, ProofError, Stage
from reencodarr.library import database, encodes, facts, journal, plans, videos
from reencodarr.library.states import State
from reencodarr.library.tables import Encode, Library, Video
from reencodarr.media.facts import MediaFacts
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.progress import Progress, Report, silent
from reencodarr.proof import verdict
from reencodarr.proof.verdict import Proof
from reencodarr.stages import collecting, settling, sources, step
from reencodarr.stages.step import Outcome, Verdict
from reencodarr.stages.workplace import Workplace
from reencodarr.storage.bucket import Bucket
from reencodarr.swap import commit, trash
from reencodarr.swap.order import SwapOrder
from reencodarr.units import MIB, Bytes, VmafScore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    """A result that waits for its proof, and everything that it must hold up against."""

    source: Path
    identity: Fingerprint
    root: Path
    facts: MediaFacts
    plan: EncodePlan
    encode: Encode


def finalize(
    workplace: Workplace, video_id: int, *, batch: str, bucket: Bucket | None = None, report: Report = silent
) -> Outcome:
    """Prove and swap in the result of a video, which another machine may have left in the bucket.

    `batch` names the run, so that all its swaps can be undone together.
    """
    outcome = step.take(
        workplace,
        video_id,
        before=State.ENCODED,
        stage=Stage.SWAP,
        report=report,
        work=lambda _attempt, heard: _verdict(workplace, bucket, video_id, batch=batch, report=heard),
    )
    if outcome.state is not State.ENCODED:
        collecting.discard(workplace, bucket, video_id)
    settling.discard_results(workplace)
    return outcome


def _verdict(workplace: Workplace, bucket: Bucket | None, video_id: int, *, batch: str, report: Report) -> Verdict:
    if sources.unchanged(workplace, video_id) is None:
        return sources.CHANGED
    try:
        here = collecting.collect(workplace, bucket, video_id, report=report)
    except ObjectDamaged as damage:
        return Verdict(after=State.CRF_SEARCHED, words=f"{damage.message} It is encoded again.")
    if not here:
        return Verdict(after=State.CRF_SEARCHED, words="The result is gone from scratch; it is encoded again.")
    pending = _pending(workplace, video_id)
    sources.require_replaceable(workplace, video_id)
    _prove(workplace, pending, report=report)
    order = _order(workplace, video_id, pending, batch=batch)
    report(Progress(stage="swap", label=pending.source.name))
    receipt = commit.commit(
        order, journal.DatabaseJournal(workplace.database), reserve=workplace.reserve, report=report
    )
    smaller = (receipt.size_before - receipt.size_after) / MIB
    words = f"Proven and replaced: {smaller:.1f} MiB smaller. {' '.join(receipt.not_kept)}".strip()
    return Verdict(
        after=State.REPLACED, words=words, record=lambda session: settling.record(session, video_id, receipt)
    )


def _pending(workplace: Workplace, video_id: int) -> _Pending:
    with database.session(workplace.database, reads_only=True) as session:
        video = session.get_one(Video, video_id)
        return _Pending(
            source=video.path,
            identity=videos.identity(video),
            root=session.get_one(Library, video.library_id).path,
            facts=facts.of(session, video_id),
            plan=plans.encode_plan(session, video_id),
            encode=encodes.newest(session, video_id),
        )


def _prove(workplace: Workplace, pending: _Pending, *, report: Report) -> None:
    """Prove the result and keep what was found; raises ProofError when it is not the same film."""
    encode = pending.encode
    proof: Proof = verdict.prove(
        pending.source,
        encode.result_path,
        facts=pending.facts,
        plan=pending.plan,
        result_size=Bytes(encode.size),
        result_sha256=encode.sha256,
        achieved=None if encode.achieved is None else (encode.achieved, encode.achieved_p5),
        accepted_mean=VmafScore(min(pending.plan.target.mean, encode.predicted)),
        ffmpeg=workplace.ffmpeg,
        report=report,
    )
    with database.session(workplace.database) as session:
        encodes.record_verdict(
            session, encode, before=proof.streams_before, after=proof.streams_after, differences=proof.differences
        )
    if proof.differences:
        raise ProofError(
            f"The encode of {pending.source.name} is not provably the same film:",
            differences=proof.differences,
            path=pending.source,
        )
    log.info("%s: proven", pending.source.name)


def _order(workplace: Workplace, video_id: int, pending: _Pending, *, batch: str) -> SwapOrder:
    swap_id = uuid.uuid4().hex
    return SwapOrder(
        swap_id=swap_id,
        video_id=video_id,
        batch=batch,
        original=pending.source,
        fingerprint=pending.identity,
        result=pending.encode.result_path,
        result_size=Bytes(pending.encode.size),
        result_sha256=pending.encode.sha256,
        destination=pending.source.with_suffix(destination_suffix(pending.source, pending.plan.container)),
        trash=trash.place(pending.source, pending.root, swap_id),
        keep_until=datetime.now(UTC) + timedelta(days=workplace.settings.trash_days),
    )


def destination_suffix(source: Path, container: str) -> str:
    """The result's extension: the source's own where it fits the container, so that the name stays the same."""
    fitting = {"mkv": {".mkv"}, "mp4": {".mp4", ".m4v"}}[container]
    return source.suffix if source.suffix.lower() in fitting else f".{container}"
