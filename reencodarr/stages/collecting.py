"""Collecting: an encode that a worker uploaded is brought into the results folder, where its proof finds it."""

import logging

from sqlmodel import Session, select

from reencodarr.errors import BucketUnreachable, ObjectMissing, StorageError
from reencodarr.library import database, encodes
from reencodarr.library.tables import Encode, Job
from reencodarr.progress import Progress, Report, silent
from reencodarr.stages import objects
from reencodarr.stages.workplace import Workplace
from reencodarr.storage.bucket import Bucket
from reencodarr.tools import scratch
from reencodarr.units import MIB, Bytes
from reencodarr.work.orders import Kind

log = logging.getLogger(__name__)


def collect(workplace: Workplace, bucket: Bucket | None, video_id: int, *, report: Report = silent) -> bool:
    """Bring the newest encode of a video here, unless it is here; False where it is nowhere any more.

    Its size and SHA-256 are those that its worker announced. May be repeated safely.

    Raises ObjectDamaged, BucketUnreachable, BucketRefused, NoSpace.
    """
    with database.session(workplace.database, reads_only=True) as session:
        encode = encodes.found(session, video_id)
        job = None if encode is None else _job(session, encode)
    if encode is None or encode.result_path.is_file():
        return encode is not None
    if job is None or job.key is None or not job.upload:
        return False
    place = objects.encoded(job.key, job.attempt)
    if bucket is None:
        raise BucketUnreachable(
            "A result waits in a bucket that is not set.", advice="Set REENCODARR_BUCKET__ENDPOINT."
        )
    size, got = Bytes(encode.size), 0

    def counted(length: int) -> None:
        nonlocal got
        got += length
        report(Progress(stage="collect", label=encode.result_path.name, fraction=got / size if size else 1.0))

    scratch.require_space(scratch.made(workplace.results), size, reserve=workplace.reserve)
    try:
        with scratch.folder(workplace.settings.scratch, f"collect-{video_id}") as folder:
            part = folder / encode.result_path.name
            bucket.download(place, part, size=size, sha256=encode.sha256, on_bytes=counted)
            scratch.keep(part, encode.result_path)
    except ObjectMissing:
        log.warning("%s is not in the bucket any more", place)
        return False
    log.info("collected %s (%d MiB)", place, size // MIB)
    return True


def discard(workplace: Workplace, bucket: Bucket | None, video_id: int) -> None:
    """Delete what the newest encode of a video left in the bucket; what cannot be is left to the janitor."""
    with database.session(workplace.database, reads_only=True) as session:
        encode = encodes.found(session, video_id)
        job = None if encode is None else _job(session, encode)
    if bucket is not None and job is not None and job.key is not None:
        try:
            bucket.delete([objects.encoded(job.key, job.attempt), objects.result(job.key, job.attempt)])
        except StorageError as error:
            log.warning("the encode of video %d stays in the bucket for now: %s", video_id, error)


def _job(session: Session, encode: Encode) -> Job | None:
    """The given-away job that an encode came of, if it did."""
    query = select(Job).where(
        Job.video_id == encode.video_id, Job.attempt == encode.attempt, Job.kind == Kind.ENCODE.value
    )
    row = session.exec(query).first()
    return row if row is not None and row.key is not None else None
