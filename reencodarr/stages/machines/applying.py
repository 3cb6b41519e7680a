"""What a worker says came of its job, made true in the database: once, whoever says it how often and how late.

The result of an attempt that no longer holds its video changes nothing. What a worker says is believed as far as it
can be checked here: the rest is the proof's affair, before anything is swapped.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sqlmodel import Session

from reencodarr.errors import (
    BucketFull,
    BucketRefused,
    BucketUnreachable,
    ObjectDamaged,
    OrderUnreadable,
    ReencodarrError,
)
from reencodarr.library import database, jobs
from reencodarr.library.states import State
from reencodarr.library.tables import Job, Video, VideoState
from reencodarr.paths import to_text
from reencodarr.stages import objects, recording, sources
from reencodarr.stages.machines import attempts
from reencodarr.stages.step import Outcome, Verdict
from reencodarr.stages.workplace import Workplace
from reencodarr.storage.bucket import Bucket
from reencodarr.units import Bytes
from reencodarr.work import orders
from reencodarr.work.orders import (
    Delivery,
    Encoded,
    EncodeTerms,
    Failed,
    HandedBack,
    NotWorth,
    Result,
    Searched,
    SearchTerms,
    SourceChanged,
)

log = logging.getLogger(__name__)


def apply(workplace: Workplace, bucket: Bucket | None, result: Result) -> Outcome:
    """Record what came of one attempt, complete its upload, and move its video on. May be repeated safely.

    Raises BucketUnreachable, BucketRefused, BucketFull: then nothing was recorded, and it is applied the next time.
    """
    with database.session(workplace.database, reads_only=True) as session:
        row = jobs.by_key(session, result.job)
        state = None if row is None else session.get_one(VideoState, row.video_id)
        size = 0 if row is None else session.get_one(Video, row.video_id).size
    if row is None or state is None:
        raise OrderUnreadable(f"There is a result of job {result.job}, which nobody gave away.")
    if row.outcome or row.attempt != result.attempt:
        log.info("a late result of job %s, attempt %d is ignored: %s", result.job, result.attempt, row.outcome)
        words = f"Ignored: attempt {result.attempt} ended before ({row.outcome or 'another one holds the job'})."
        return Outcome(video_id=row.video_id, state=State(state.state), words=words)
    outcome = attempts.ended(workplace, row, _ending(workplace, bucket, row, result, source_size=Bytes(size)))
    log.info("video %d is %s: %s (%s, %s)", row.video_id, outcome.state, outcome.words, row.kind, result.worker)
    return outcome


def _ending(
    workplace: Workplace, bucket: Bucket | None, row: Job, result: Result, *, source_size: Bytes
) -> Callable[[Session], Outcome]:
    """How the attempt ends; what touches the bucket is done here, before any transaction."""
    text, said = orders.result_json(result), result.outcome
    if isinstance(said, HandedBack):
        return lambda session: attempts.give_back(session, row, said.words)
    if isinstance(said, Failed):
        return lambda session: attempts.fail(session, row, said, result=text)
    try:
        verdict = _verdict(workplace, bucket, row, result, source_size=source_size)
    except (BucketUnreachable, BucketRefused, BucketFull):
        raise
    except ReencodarrError as error:
        failure = attempts.failed_at(row, error)
        kept = orders.result_json(replace(result, outcome=failure))
        return lambda session: attempts.fail(session, row, failure, result=kept)
    return lambda session: attempts.conclude(session, row, verdict, result=text)


def _verdict(workplace: Workplace, bucket: Bucket | None, row: Job, result: Result, *, source_size: Bytes) -> Verdict:
    """Raises TargetUnreachable, OrderUnreadable, StorageError."""
    said = result.outcome
    if isinstance(said, SourceChanged):
        return replace(sources.CHANGED, words=f"{said.words} {sources.CHANGED.words}".strip())
    terms = orders.terms_from_json(row.document)
    if isinstance(said, Searched) and isinstance(terms, SearchTerms):
        return _with_probes(row, terms, said)
    if isinstance(said, NotWorth):
        return Verdict(after=State.SKIPPED, reason=said.reason.value, words=said.words)
    if isinstance(said, Encoded) and isinstance(terms, EncodeTerms):
        delivery = _delivered(workplace, bucket, row, said.delivery, terms)
        done = replace(said, delivery=delivery)
        return recording.encoded(row.video_id, terms, done, attempt=row.attempt, source_size=source_size)
    raise OrderUnreadable(f"Job {row.key} is of kind {row.kind}, but its result is {said.kind}.")


def _with_probes(row: Job, terms: SearchTerms, said: Searched) -> Verdict:
    """A search's answer, and the probes that no beat brought."""
    verdict = recording.searched(row.video_id, terms, said)

    def record(session: Session) -> None:
        for probe in said.result.probes:
            recording.probe(session, row.video_id, probe, engine=terms.engine, build=row.build)
        verdict.record(session)

    return replace(verdict, record=record)


def _delivered(
    workplace: Workplace, bucket: Bucket | None, row: Job, delivery: Delivery, terms: EncodeTerms
) -> Delivery:
    """A finished encode with the path in the results folder where it lies, or where `finalize` collects it."""
    container = f".{terms.plan.container}"
    if delivery.suffix != container:
        raise OrderUnreadable(f"Job {row.key} should bring {container}, and brought {delivery.suffix!r}.")
    path = workplace.results / f"{orders.kept_name(row.key or '', row.attempt)}{container}"
    if not delivery.upload_id:
        _require_there(path, delivery)
        return replace(delivery, path=to_text(path))
    known = jobs.open_upload(row)
    if bucket is None or known is None or known.upload_id != delivery.upload_id or known.size != delivery.size:
        raise ObjectDamaged(f"Job {row.key} brought an upload that it was not given.")
    parts = [(part.number, part.etag) for part in delivery.parts]
    key = objects.encoded(row.key or "", row.attempt)
    bucket.finish_upload(key, delivery.upload_id, parts, size=delivery.size)
    return replace(delivery, path=to_text(path))


def _require_there(path: Path, delivery: Delivery) -> None:
    size = path.stat().st_size if path.is_file() else None
    if size != delivery.size:
        raise ObjectDamaged(f"{path} should have {delivery.size} bytes and has {size}.", path=path)
