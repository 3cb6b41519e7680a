"""The server's own workers of a site, for tests of what the server runs itself."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from reencodarr.cli import served
from tests.faults.rig import Rig
from tests.flows.conftest import eventually


@dataclass(frozen=True, kw_only=True)
class Served:
    """A site whose server works by itself; only the clock that starts its passes is the test's."""

    rig: Rig
    dispatch: psutil.Popen
    rest: psutil.Popen

    def start(self, flow: str, **parameters: str) -> str:
        """Start a run of a flow of the server; its id."""
        with self.rig.server.owner as client:
            found = client.get(f"/deployments/name/{flow}/server").raise_for_status().json()
        return self.rig.server.run(found["id"], **parameters)

    def wait(self, run: str) -> str:
        """Wait until a run ended; how."""
        ends = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
        return eventually(lambda: {self.rig.server.state(run)} & ends, every=0.5).pop()

    def until(self, film: Path, there: Callable[[], bool], *, passes: bool = True) -> None:
        """Start one pass after the other until something is so."""

        def look() -> bool:
            if passes and not there():
                assert self.wait(self.start("dispatch")) == "COMPLETED", self.rig.story(film)
            return there()

        try:
            eventually(look, patience=400, every=1.0)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.rig.story(film)}") from error

    def crash(self, run: str) -> None:
        """What the automation does with a run that is silent for minutes."""
        with self.rig.server.owner as client:
            said = {"state": {"type": "CRASHED", "name": "Crashed"}, "force": True}
            client.post(f"/flow_runs/{run}/set_state", json=said).raise_for_status()


@contextlib.contextmanager
def serving(rig: Rig) -> Iterator[Served]:
    """The server's own workers: from here on real runs make the passes, if somebody starts them."""
    with ExitStack() as held:
        yield Served(
            rig=rig,
            dispatch=held.enter_context(_worker(rig, "dispatch", "dispatch")),
            rest=held.enter_context(_worker(rig, "work", "default")),
        )


@contextlib.contextmanager
def _worker(rig: Rig, name: str, queue: str) -> Iterator[psutil.Popen]:
    environment = {
        **os.environ,
        **rig.api.environment,
        **served.client_environment(rig.server.settings),
        "PREFECT_HOME": str(rig.folder / name),
    }
    command = [sys.executable, "-m", "reencodarr.cli.server_worker", name, queue, "2"]
    # The data folder is the whole server's.
    with rig.started(command, name, environment, mark="PREFECT_HOME") as process:
        yield process
