"""The progress of a task while Prefect's API is away."""

import time

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
