"""The worker on the server's own machine, started as `up` starts it: killed, and started again."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from reencodarr.cli import parts
from reencodarr.library.states import State
from reencodarr.tools import servers
from reencodarr.work import talk
from tests.api import kit
from tests.faults import gates, procs
from tests.faults.gates import Encoder
from tests.flows import site as sites
from tests.flows.conftest import eventually
from tests.flows.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

BEATS = 1.5 * talk.JOB_BEAT_EVERY
"""Seconds in which a run is answered whether its job is still wanted."""


@pytest.fixture
def encoder(ffmpeg: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Encoder:
    """An ffmpeg that can be held in the middle of an encode, as the owner's own."""
    made = gates.encoder(tmp_path / "programs", ffmpeg)
    monkeypatch.setenv("FFMPEG_PATH", str(made.program))
    return made


@pytest.fixture
def site(tmp_path: Path, fast_policy: Path) -> Iterator[Site]:
    with kit.running(tmp_path) as running:
        yield sites.made(running, tmp_path, fast_policy)


@contextmanager
def own_worker(site: Site) -> Iterator[psutil.Process]:
    """The part of that name, when it is ready."""
    made = parts.part("worker", parts.site(site.server.settings, own_bucket=False))
    log = made.log_path
    log.unlink(missing_ok=True)
    with servers.running(made.command, environment=made.environment, log_path=log, inherits=made.inherits) as process:
        eventually(lambda: log.exists() and "Pool " in log.read_text(), patience=240)
        yield psutil.Process(process.pid)


def test_an_encode_that_outlives_its_worker_is_taken_after_the_next_start(
    encoder: Encoder, site: Site, small_film: Path
) -> None:
    film = site.place.add(small_film)
    site.place.analyse()
    site.place.search()

    with encoder.slow("encode"), own_worker(site) as worker:
        assert eventually(lambda: site.dispatch().given, patience=60)
        held = encoder.caught("encode")
        [run] = [one for one in worker.children() if "python" in one.name()]
        worker.kill()
        worker.wait()
    with own_worker(site):
        time.sleep(BEATS)
        os.kill(held.pid, signal.SIGCONT)
        eventually(lambda: not procs.lives(run), patience=180)
        site.dispatch()

    assert site.place.state(film) is State.ENCODED, site.place.states()
    assert site.engine.by_state() == ["COMPLETED"]
    assert site.place.failures() == []
