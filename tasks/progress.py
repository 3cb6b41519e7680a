"""Progress of a task: a Prefect artifact that is updated in place, and whoever listens in this process."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import httpx
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from reencodarr.progress import Progress, Report, listener

log = logging.getLogger("reencodarr.progress")

EVERY = 5.0
"""Seconds between updates, but for the last: each is an event row of about 5 kB in Prefect's database for a week
(measured)."""
WHOLE = 100.0
"""Per cent of work that is done."""


def reporter(key: str, description: str) -> Report:
    """A listener for one piece of work; its artifact is made at the first word."""
    heard = listener.get()
    made: UUID | None = None
    updated = told = 0.0

    def report(progress: Progress) -> None:
        nonlocal made, updated, told
        if heard is not None:
            heard(progress)
        if progress.fraction is None:
            return
        per_cent = round(100 * min(1.0, progress.fraction), 1)
        ends = per_cent == WHOLE > told
        if not ends and time.monotonic() - updated < EVERY:
            return
        updated, told = time.monotonic(), per_cent
        with _unless_away():
            if made is None:
                said = words(progress) or description
                created = create_progress_artifact(progress=per_cent, key=key, description=said)
                made = created if isinstance(created, UUID) else None
            else:
                update_progress_artifact(artifact_id=made, progress=per_cent, description=words(progress))

    return report


@contextmanager
def _unless_away() -> Iterator[None]:
    """These are words for people: no work fails or waits because Prefect's API is away, the next ones come soon."""
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
        try:
            yield
        except httpx.HTTPError as error:
            log.debug("the progress could not be told: %s", error)


def words(progress: Progress) -> str:
    """One line for the artifact."""
    parts = [f"{progress.stage}: {progress.label}", progress.detail]
    if progress.fps:
        parts.append(f"{progress.fps:.1f} fps")
    if progress.eta:
        parts.append(f"{progress.eta / 60:.0f} min left")
    return " · ".join(part for part in parts if part)
