"""Tasks for the stages of a video's way: scan, analyse, search, encode, finalize, and the housekeeping around them."""

from prefect import task

from reencodarr.library.scan import ScanSummary
from reencodarr.stages import analysis, depot, encoding, finalizing, housekeeping, queue, scanning
from reencodarr.stages import search as searching
from reencodarr.stages.housekeeping import Tidied
from reencodarr.stages.step import Outcome
from tasks import cancelling, progress, retries, workplace


@task(name="scan", task_run_name="scan {path}", **retries.BRIEFLY)
def scan(path: str) -> ScanSummary:
    """Bring the library at `path` up to date with its disk."""
    return scanning.scan(workplace.current(), path, report=progress.reporter("scan", f"Scan of {path}"))


@task(name="libraries", **retries.BRIEFLY)
def libraries(paths: list[str] | None) -> list[str]:
    """The given paths, or the roots of all known libraries."""
    return paths if paths is not None else scanning.known_roots(workplace.current())


@task(name="waiting", **retries.BRIEFLY)
def waiting(paths: list[str], *, analysis_only: bool = False) -> list[int]:
    """The videos below `paths` that can take a step, best gain first."""
    return queue.waiting(workplace.current(), paths, analysis_only=analysis_only)


@task(name="analyse", task_run_name="analyse {video_ids}")
def analyse(video_ids: list[int]) -> list[Outcome]:
    """Read the facts of some videos and decide about each."""
    return list(analysis.analyse(workplace.current(), video_ids, report=progress.reporter("analysis", "Analysis")))


@task(name="search", task_run_name="search video {video_id}")
def search(video_id: int) -> Outcome:
    """Find the CRF of one video. Raises WorkStopped when the run is cancelled meanwhile; the video waits again."""
    report = progress.reporter("crf-search", "CRF search")
    with cancelling.heeded() as halt:
        return searching.search(workplace.current(), video_id, report=report, halt=halt)


@task(name="encode", task_run_name="encode video {video_id}")
def encode(video_id: int) -> Outcome:
    """Encode one video and measure the result. Raises WorkStopped when the run is cancelled meanwhile."""
    report = progress.reporter("encode", "Encode")
    with cancelling.heeded() as halt:
        return encoding.encode(workplace.current(), video_id, report=report, halt=halt)


@task(name="finalize", task_run_name="finalize video {video_id}")
def finalize(video_id: int, batch: str) -> Outcome:
    """Prove one video's result and swap it in."""
    place = workplace.current()
    return finalizing.finalize(
        place,
        video_id,
        batch=batch,
        bucket=depot.open_bucket(place.settings),
        report=progress.reporter("finalize", "Proof and swap"),
    )


@task(name="recover", **retries.BRIEFLY)
def recover() -> list[str]:
    """Finish or roll back whatever a crash left half done."""
    return housekeeping.recover(workplace.current())


@task(name="tidy", **retries.BRIEFLY)
def tidy() -> Tidied:
    """Expire the trash, sweep leftovers in scratch and bucket, release dead claims."""
    place = workplace.current()
    return housekeeping.tidy(place, depot.open_bucket(place.settings))


@task(name="find")
def find(video: str) -> int:
    """The video's number, from its number or path."""
    return queue.find(workplace.current(), video)
