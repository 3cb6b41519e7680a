"""The progress of a task while Prefect's API is away."""

import time

from prefect.settings import PREFECT_API_URL, temporary_settings

from reencodarr.progress import Progress
from reencodarr.tools import servers
from tasks import progress


def test_work_goes_on_at_once_while_the_api_is_away() -> None:
    report = progress.reporter("encode", "Encode")
    began = time.monotonic()

    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{servers.free_port()}/api"}):
        report(Progress(stage="encode", label="a.mkv", fraction=0.5))

    assert time.monotonic() - began < progress.EVERY
