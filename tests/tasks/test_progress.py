"""The progress of a task: how often it is told, and while Prefect's API is away."""

import time
from uuid import UUID, uuid4

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from reencodarr.progress import Progress
from tasks import progress
from tests.servers import ports


def test_work_goes_on_at_once_while_the_api_is_away() -> None:
    report = progress.reporter("encode", "Encode")
    began = time.monotonic()

    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{ports.free()}/api"}):
        report(Progress(stage="encode", label="a.mkv", fraction=0.5))

    assert time.monotonic() - began < 30, "it was tried again, which takes Prefect's client a minute"


def test_what_comes_in_quick_succession_is_told_once_and_its_end_always(monkeypatch: pytest.MonkeyPatch) -> None:
    made, told = uuid4(), list[float]()

    def create(progress: float, key: str, description: str) -> UUID:
        told.append(progress)
        return made

    def update(artifact_id: UUID, progress: float, description: str) -> None:
        assert artifact_id == made
        told.append(progress)

    monkeypatch.setattr(progress, "create_progress_artifact", create)
    monkeypatch.setattr(progress, "update_progress_artifact", update)
    monkeypatch.setattr(progress, "EVERY", 3600.0)
    report = progress.reporter("sync", "Sync")

    for fraction in (0.25, 0.5, 0.75, 1.0, 1.0):
        report(Progress(stage="sync", label="main", fraction=fraction))

    assert told == [25.0, 100.0]
