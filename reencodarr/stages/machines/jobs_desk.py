"""What the server says to a worker about a job: its order, whether it is still wanted, where its bytes go.

Every answer is fenced: it is given to the worker that holds the attempt, and to nobody else.
"""

import logging

from sqlmodel import Session

from reencodarr.errors import JobLost, JobRefused, OrderUnreadable, StateConflict, UploadLost
from reencodarr.library import database, holds, jobs, staged, transitions, videos, workers
from reencodarr.library.jobs import OpenUpload
from reencodarr.library.tables import Job, StagedFilm, Video, Worker
from reencodarr.paths import to_text
from reencodarr.settings import Settings
from reencodarr.stages import objects, ordering, recording, step
from reencodarr.stages.workplace import Workplace
from reencodarr.storage import sizes
from reencodarr.storage.bucket import Bucket
from reencodarr.transfer.parts import Part
from reencodarr.units import Bytes, Seconds
from reencodarr.work import orders, talk
from reencodarr.work.orders import Kind, LocalSource, Order, SearchTerms, Source, StagedSource, Terms
from reencodarr.work.talk import Claim, GoOn, JobBeat, PartsAsked, PartUrls, Upload, UploadAsked, Urls

log = logging.getLogger(__name__)

PARTS_AT_ONCE = 1000


def claim(workplace: Workplace, bucket: Bucket | None, name: str, key: str, asked: Claim) -> Order:
    """Give an attempt to the worker that claims it first; the same run may ask again.

    Raises JobLost, JobRefused.
    """
    with database.session(workplace.database) as session:
        row = jobs.held(session, key, asked.attempt)
        if rests := holds.of(session, row.video_id):
            raise JobLost(f"Job {key} was {rests} by a person before it began.")
        worker = workers.found(session, name)
        _require_fit(worker, row)
        assert worker is not None
        video = session.get_one(Video, row.video_id)
        terms = _terms(session, workplace, row, worker)
        source = _source(session, workplace, bucket, row, video, local=worker.local)
        taken = jobs.take(
            session,
            row,
            worker=name,
            flow_run=asked.flow_run,
            build=worker.build,
            document=orders.terms_json(terms),
        )
        if not taken:
            raise JobRefused(f"Job {key} has another run.", refusal="taken")
        _renew(session, row)
        workers.heard(session, name)
    log.info("%s: attempt %d of %s goes to %s", video.path.name, row.attempt, row.kind, name)
    return Order(job=key, attempt=row.attempt, label=video.path.name, source=source, terms=terms, build=worker.build)


def beat(workplace: Workplace, name: str, key: str, sign: JobBeat) -> GoOn:
    """Keep how far a job is and which probes it made; whether it is still wanted."""
    try:
        with database.session(workplace.database) as session:
            row = _own(session, name, key, sign.attempt, locked=True)
            _renew(session, row)
            jobs.heard(session, row, progress=talk.to_json(sign.moment))
            answer = _wanted(session, row)
            if sign.probes:
                terms = _search_terms(row)
                for probe in sign.probes:
                    recording.probe(session, row.video_id, probe, engine=terms.engine, build=row.build)
    except JobLost as lost:
        return GoOn(go_on=False, words=lost.message)
    return answer


def urls(workplace: Workplace, bucket: Bucket | None, name: str, key: str, attempt: int) -> Urls:
    """Fresh signed URLs for everything that an attempt reads, and for its result.

    Raises JobLost, JobRefused.
    """
    with database.session(workplace.database, reads_only=True) as session:
        row = _own(session, name, key, attempt)
        held = _staged(session, row, session.get_one(Video, row.video_id))
    there, seconds = _bucket(bucket), _seconds(workplace.settings)
    return Urls(
        film=there.sign_get(objects.film(held.key), seconds),
        sheet=there.sign_get(objects.sheet(held.key), seconds),
        excerpt=there.sign_get(objects.excerpt(held.key), seconds) if held.excerpt_sha256 else "",
        result=there.sign_put(objects.result(key, attempt), seconds),
    )


def upload(workplace: Workplace, bucket: Bucket | None, name: str, key: str, asked: UploadAsked) -> Upload:
    """The multipart upload of an attempt's encode: begun now, or the one that was begun, with the parts it has.

    Raises JobLost, JobRefused.
    """
    there, place = _bucket(bucket), objects.encoded(key, asked.attempt)
    with database.session(workplace.database, reads_only=True) as session:
        row = _own(session, name, key, asked.attempt)
        _require_size(session, row, asked.size)
    known = jobs.open_upload(row)
    if known is not None and known.size == asked.size:
        try:
            parts = there.parts(place, known.upload_id)
        except UploadLost:
            log.warning("the bucket forgot the upload of %s; it begins anew", place)
        else:
            return _upload(known, tuple(Part(number=one.number, etag=one.etag, size=one.size) for one in parts))
    begun = OpenUpload(upload_id=there.start_upload(place), size=asked.size)
    with database.session(workplace.database) as session:
        kept = jobs.uploading(session, row, begun)
    if not kept:
        there.abort_upload(place, begun.upload_id)
        raise JobRefused(f"Another request began the upload of job {key}.", refusal="again", advice="Ask again.")
    if known is not None:
        there.abort_upload(place, known.upload_id)
    return _upload(begun, ())


def parts(workplace: Workplace, bucket: Bucket | None, name: str, key: str, asked: PartsAsked) -> PartUrls:
    """Signed URLs for some parts of an upload.

    Raises JobLost, JobRefused.
    """
    with database.session(workplace.database, reads_only=True) as session:
        row = _own(session, name, key, asked.attempt)
    known = jobs.open_upload(row)
    if known is None or known.upload_id != asked.upload_id:
        raise JobRefused(f"Job {key} has another upload.", refusal="other_upload", advice="Ask for the upload again.")
    last = sizes.part_count(known.size)
    if len(asked.numbers) > PARTS_AT_ONCE or not all(1 <= number <= last for number in asked.numbers):
        raise JobRefused(f"The upload of job {key} has parts 1 to {last}.", refusal="other_parts")
    there, seconds, place = _bucket(bucket), _seconds(workplace.settings), objects.encoded(key, asked.attempt)
    return PartUrls(urls={number: there.sign_part(place, known.upload_id, number, seconds) for number in asked.numbers})


def _wanted(session: Session, row: Job) -> GoOn:
    """Whether a job shall go on, rest, or be left, as a person said. A machine that drains keeps none that rests."""
    rests = holds.of(session, row.video_id)
    worker = workers.found(session, row.worker)
    if rests == holds.CANCELLED:
        return GoOn(go_on=False, words="A person cancelled it.")
    if rests and worker is not None and worker.draining:
        return GoOn(go_on=False, words="It is paused, and this worker is stopping.")
    return GoOn(go_on=True, pause=rests == holds.PAUSED)


def _require_fit(worker: Worker | None, row: Job) -> None:
    """That a worker may have a job at all; the queues see to it, but a queue is a name that anybody may poll."""
    if worker is None or worker.revoked_at is not None:
        raise JobRefused("This worker was revoked.", refusal="revoked")
    if worker.quarantined_at is not None:
        raise JobRefused(worker.quarantine_reason, refusal="quarantined")
    if worker.pool != row.pool or worker.local != (row.queue.startswith("local")):
        raise JobRefused(f"Job {row.key} waits for another kind of machine.", refusal="other_pool")
    if row.build and row.build != worker.build:
        raise JobRefused(f"Job {row.key} is for {row.build}, this is {worker.build}.", refusal="other_build")


def _terms(session: Session, workplace: Workplace, row: Job, worker: Worker) -> Terms:
    if row.kind == Kind.CRF_SEARCH:
        return ordering.search_terms(session, row.video_id, engine=workplace.settings.engine, build=worker.build)
    return ordering.encode_terms(session, row.video_id)


def _source(
    session: Session, workplace: Workplace, bucket: Bucket | None, row: Job, video: Video, *, local: bool
) -> Source:
    if local:
        # The identity on record, not that of now: no file is read here, and the work compares the two first.
        return LocalSource(
            path=to_text(video.path), fingerprint=videos.identity(video), results=to_text(workplace.results)
        )
    held, there, seconds = _staged(session, row, video), _bucket(bucket), _seconds(workplace.settings)
    return StagedSource(
        size=Bytes(video.size),
        sha256=held.sha256,
        suffix=video.path.suffix,
        film=there.sign_get(objects.film(held.key), seconds),
        sheet=there.sign_get(objects.sheet(held.key), seconds),
        sheet_sha256=held.sheet_sha256,
        excerpt=there.sign_get(objects.excerpt(held.key), seconds) if held.excerpt_sha256 else "",
        excerpt_sha256=held.excerpt_sha256,
    )


def _own(session: Session, name: str, key: str, attempt: int, *, locked: bool = False) -> Job:
    """The attempt, if this worker holds it.

    Raises JobLost.
    """
    row = jobs.held(session, key, attempt, locked=locked)
    if row.worker != name or row.phase != jobs.RUNNING:
        raise JobLost(f"Job {key}, attempt {attempt} is not this worker's.", advice="Claim it first.")
    return row


def _renew(session: Session, row: Job) -> None:
    try:
        transitions.renew(session, row.video_id, attempt=row.attempt, lease=step.LEASE)
    except StateConflict as conflict:
        raise JobLost(f"Job {row.key} is not wanted any more: {conflict.message}") from conflict


def _staged(session: Session, row: Job, video: Video) -> StagedFilm:
    held = staged.ready(session, objects.source(video))
    if held is None:
        raise JobLost(f"The film of job {row.key} is not in the bucket (any more).")
    return held


def _search_terms(row: Job) -> SearchTerms:
    terms = orders.terms_from_json(row.document)
    if not isinstance(terms, SearchTerms):
        raise OrderUnreadable(f"Job {row.key} is no search, so it has no probes.")
    return terms


def _require_size(session: Session, row: Job, size: Bytes) -> None:
    """No worker fills the bucket: an encode larger than its film would be refused at the end anyway."""
    largest = session.get_one(Video, row.video_id).size
    if not 0 < size <= largest:
        raise JobRefused(f"An encode of {size} bytes of a film of {largest} is not wanted.", refusal="too_large")


def _upload(known: OpenUpload, there: tuple[Part, ...]) -> Upload:
    return Upload(upload_id=known.upload_id, part_size=sizes.part_size(known.size), there=there)


def _bucket(bucket: Bucket | None) -> Bucket:
    if bucket is None:
        raise JobRefused("This server has no bucket, so it has no work for other machines.", refusal="no_bucket")
    return bucket


def _seconds(settings: Settings) -> Seconds:
    return Seconds(float(settings.bucket.url_seconds))
