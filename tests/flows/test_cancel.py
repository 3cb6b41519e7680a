"""A run that Prefect's own cancel does not reach looks at its state itself, and ends with its programs."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import pytest

from reencodarr.library import database, jobs
from reencodarr.library.states import State
from tests.api import kit
from tests.flows import site as sites
from tests.flows.conftest import eventually
from tests.flows.site import Program, Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture
def site(tmp_path: Path, fast_policy: Path) -> Iterator[Site]:
    with kit.running(tmp_path) as server:
        yield sites.made(server, tmp_path, fast_policy)


def caught(worker: Program, *, searching: bool) -> list[psutil.Process]:
    """A run of a worker and its programs, held while one of these encodes; empty while none does.

    Before its search it tries its tools.
    """
    family = psutil.Process(worker.process.pid).children(recursive=True)
    with contextlib.suppress(psutil.NoSuchProcess):
        for one in family:
            words = " ".join(one.cmdline())
            if "libsvtav1" in words and ("reencodarr-search-" in words + one.cwd()) is searching:
                one.suspend()
                return family
    return []


def lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def by_a_frozen_worker(site: Site, worker: Program, run: str) -> Iterator[None]:
    """The UI's cancel, while the process that Prefect would cancel with stands still."""
    os.kill(worker.process.pid, signal.SIGSTOP)
    try:
        site.engine.cancel(run)
        yield
    finally:
        os.kill(worker.process.pid, signal.SIGCONT)


@contextlib.contextmanager
def by_nobody(site: Site, _: Program, run: str) -> Iterator[None]:
    """A run that is said to be cancelled already: Prefect ends no process for that."""
    said = {"state": {"type": "CANCELLED"}, "force": True}
    with site.server.owner as client:
        client.post(f"/flow_runs/{run}/set_state", json=said).raise_for_status()
    yield


@pytest.mark.parametrize(
    ("cancelled", "searching"),
    [
        pytest.param(by_a_frozen_worker, True, id="frozen worker, in mid-search"),
        pytest.param(by_nobody, False, id="final state, at its beginning"),
    ],
)
def test_a_run_ends_with_its_programs_although_prefect_ends_nothing(
    site: Site,
    small_film: Path,
    cancelled: Callable[[Site, Program, str], AbstractContextManager[None]],
    searching: bool,
) -> None:
    film = site.place.add(small_film)
    site.place.analyse()

    with site.worker("here", local=True) as worker:
        eventually(lambda: worker.says("Pool linux"))
        site.dispatch()
        family = eventually(lambda: caught(worker, searching=searching), every=0.02)
        (run,) = site.engine.ids("RUNNING")
        with cancelled(site, worker, run):
            eventually(lambda: not any(lives(one) for one in family))
        eventually(lambda: site.engine.ids("CANCELLED") == [run])
        eventually(lambda: site.dispatch().settled)

    with database.session(site.workplace.database, reads_only=True) as session:
        searches = jobs.since(session, 1, "crf_search", attempt=0)
    assert [row.outcome for row in searches][-1] == "returned"
    assert site.place.state(film) is not State.FAILED
    assert site.place.failures() == []
    assert "The run was ended in Prefect" in site.engine.logs()
    assert not list(site.workplace.settings.scratch.glob("reencodarr-search-*"))
