"""Staging: a film is brought into the bucket, once, for whoever searches and encodes it on another machine."""

import hashlib
import logging
import time
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from reencodarr.errors import (
    ExcerptUnusable,
    JobLost,
    OriginalChanged,
    ReencodarrError,
    SourceGone,
    StateConflict,
    StorageError,
)
from reencodarr.library import database, jobs, staged, transitions
from reencodarr.library.tables import Job, Video
from reencodarr.media import fingerprint as fingerprints
from reencodarr.media import packets, seekable
from reencodarr.media.packets import PacketIndex
from reencodarr.progress import Progress, Report, silent
from reencodarr.quality import excerpt as excerpts
from reencodarr.quality import excerpt_pack, footage
from reencodarr.stages import objects, sources, step
from reencodarr.stages.machines import attempts
from reencodarr.stages.step import Outcome
from reencodarr.stages.workplace import Workplace
from reencodarr.storage import streams
from reencodarr.storage.bucket import Bucket
from reencodarr.tools import scratch
from reencodarr.transfer.blocks import Tally
from reencodarr.units import MIB, Bytes
from reencodarr.work import sheet as sheets
from reencodarr.work.sheet import Sheet

log = logging.getLogger(__name__)


def stage(workplace: Workplace, bucket: Bucket, key: str, attempt: int, *, report: Report = silent) -> str:
    """Bring the film of a job into the bucket, unless it is there; in words, what was done. May be repeated safely.

    A film that changed meanwhile is analysed anew. Trouble with the bucket gives the job back: nothing is said against
    the film, and its next try waits (`setbacks`). Any other failure counts as an attempt.

    Raises JobLost when the job does not wait for it (any more).
    """
    with database.session(workplace.database, reads_only=True) as session:
        row = jobs.held(session, key, attempt)
        video = session.get_one(Video, row.video_id)
        source = objects.source(video)
        there = staged.ready(session, source)
    if row.phase != jobs.STAGING:
        return f"{video.path.name} does not wait for it any more."
    try:
        if there is None:
            _bring(workplace, bucket, row, video, source, report=_renewing(workplace, row, report))
    except (JobLost, StateConflict):
        raise
    except (SourceGone, OriginalChanged) as change:
        verdict = step.changed(change)
        return _ended(workplace, row, partial(attempts.conclude, row=row, verdict=verdict, result=""), change)
    except StorageError as error:
        return _ended(workplace, row, partial(attempts.set_back, row=row, error=error), error)
    except ReencodarrError as error:
        failure = attempts.failed_at(row, error)
        told = attempts.told(row, failure)
        return _ended(workplace, row, partial(attempts.fail, row=row, failure=failure, result=told), error)
    with database.session(workplace.database) as session:
        jobs.staged(session, row)
    return f"{video.path.name} is in the bucket."


def _bring(workplace: Workplace, bucket: Bucket, row: Job, video: Video, source: str, *, report: Report) -> None:
    """Raises FileUnreadable, OriginalChanged, MediaError, StorageError, JobLost."""
    film, size, started = video.path, Bytes(video.size), time.monotonic()
    _require_unchanged(workplace, row.video_id, film)
    index = packets.index(film)
    tally, sent = Tally(), 0

    def counted(length: int) -> None:
        nonlocal sent
        sent += length
        report(Progress(stage="staging", label=film.name, fraction=sent / size if size else 1.0))

    with film.open("rb") as file:
        passing = cast(BinaryIO, _Tallied(file, tally))
        streams.put(bucket, objects.film(source), passing, size=size, on_bytes=counted)
    _require_unchanged(workplace, row.video_id, film)
    sheet = sheets.pack(Sheet(index=index, digests=tally.digests()))
    bucket.put_bytes(objects.sheet(source), sheet)
    excerpt, more = _excerpt(workplace, bucket, film, index, source=source)
    with database.session(workplace.database) as session:
        staged.promise(session, source, video_id=row.video_id, size=size)
        staged.arrived(
            session,
            source,
            size=Bytes(size + len(sheet) + more),
            sha256=tally.digests().sha256,
            sheet_sha256=hashlib.sha256(sheet).hexdigest(),
            excerpt_sha256=excerpt,
        )
    seconds = time.monotonic() - started
    log.info("%s: staged %d MiB in %.1f s, sheet %d KiB", film.name, size // MIB, seconds, len(sheet) // 1024)


def _excerpt(workplace: Workplace, bucket: Bucket, film: Path, index: PacketIndex, *, source: str) -> tuple[str, Bytes]:
    """Cut the windows of a search here, where the film's container has no index to read ranges by.

    The excerpt's SHA-256 and size; empty where workers read ranges, or fetch the film whole.
    """
    windows = footage.planned(index)
    if footage.is_whole(windows, index) or seekable.has_index(film):
        return "", Bytes(0)
    with scratch.folder(scratch.made(workplace.settings.scratch), "excerpt") as folder:
        try:
            cut = excerpts.cut(film, film.name, index, windows, folder)
        except ExcerptUnusable as error:
            log.info("%s: workers fetch it whole: %s", film.name, error.message)
            return "", Bytes(0)
        packed = excerpt_pack.pack(cut, folder / "excerpt.packed")
        stored = bucket.put_file(objects.excerpt(source), packed)
        return fingerprints.sha256(packed), stored.size


class _Tallied:
    """A file whose bytes are counted in as they are read."""

    def __init__(self, file: BinaryIO, tally: Tally) -> None:
        self._file, self._tally = file, tally

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._tally.update(data)
        return data


def _require_unchanged(workplace: Workplace, video_id: int, film: Path) -> None:
    if sources.unchanged(workplace, video_id) is None:
        raise OriginalChanged(f"{film} changed since it was analysed.", path=film)


def _renewing(workplace: Workplace, row: Job, report: Report) -> Report:
    """Hold the claim while the film passes; raises JobLost where it was lost."""
    renewed = time.monotonic()

    def renew_and_report(progress: Progress) -> None:
        nonlocal renewed
        report(progress)
        if time.monotonic() - renewed < step.RENEW_EVERY:
            return
        renewed = time.monotonic()
        try:
            with database.session(workplace.database) as session:
                transitions.renew(session, row.video_id, attempt=row.attempt, lease=step.LEASE)
        except StateConflict as conflict:
            raise JobLost(f"Job {row.key} does not hold its film any more: {conflict.message}") from conflict

    return renew_and_report


def _ended(workplace: Workplace, row: Job, ending: attempts.Ending, why: ReencodarrError) -> str:
    outcome: Outcome = attempts.ended(workplace, row, ending)
    log.warning("%s. The video is %s.", why, outcome.state)
    return f"{why} The video is {outcome.state}."
