"""Progress of a task: a Prefect artifact that is updated in place, and whoever listens in this process."""

import time
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from reencodarr.progress import Progress, Report, listener

EVERY = 5.0
"""Seconds between updates: each is an event row of about 5 kB in Prefect's database for a week (measured)."""


def reporter(key: str, description: str) -> Report:
    """A listener for one piece of work; its artifact is made at the first word."""
    heard = listener.get()
    made: UUID | None = None
    updated = 0.0

    def report(progress: Progress) -> None:
        nonlocal made, updated
        if heard is not None:
            heard(progress)
        if progress.fraction is None or time.monotonic() - updated < EVERY:
            return
        updated = time.monotonic()
        per_cent = round(100 * min(1.0, progress.fraction), 1)
        if made is None:
            created = create_progress_artifact(progress=per_cent, key=key, description=words(progress) or description)
            made = created if isinstance(created, UUID) else None
        else:
            update_progress_artifact(artifact_id=made, progress=per_cent, description=words(progress))

    return report


def words(progress: Progress) -> str:
    """One line for the artifact."""
    parts = [f"{progress.stage}: {progress.label}", progress.detail]
    if progress.fps:
        parts.append(f"{progress.fps:.1f} fps")
    if progress.eta:
        parts.append(f"{progress.eta / 60:.0f} min left")
    return " · ".join(part for part in parts if part)
