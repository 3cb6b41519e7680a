"""All of `reencodarr up` as its owner starts it: where everything is, a SIGKILL in the middle of work, a clean stop."""

import contextlib
import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from sqlmodel import select

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.library import database
from reencodarr.library.states import State
from reencodarr.library.tables import Job
from reencodarr.stages.workplace import open_workplace
from tests.faults import gates, parts, procs
from tests.faults.gates import Encoder
from tests.flows.conftest import eventually
from tests.servers import databases, ports
from tests.stages.conftest import Place

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

PORTS = ("PORT", "BUCKET_PORT", "DASHBOARD_PORT")


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A machine with a library, on which nothing runs yet."""

    place: Place
    encoder: Encoder
    folder: Path
    ports: dict[str, int]

    @property
    def output(self) -> str:
        return (self.folder / "up.log").read_text()

    @contextlib.contextmanager
    def up(self) -> Iterator[psutil.Popen]:
        """`reencodarr up`, when it says that it is ready; whatever it left is ended with the block."""
        with (self.folder / "up.log").open("wb") as words:
            process = psutil.Popen(
                [sys.executable, "-m", "reencodarr.cli", "up"], stdin=subprocess.DEVNULL, stdout=words,
                stderr=subprocess.STDOUT, cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        try:
            eventually(lambda: self._is_ready(process))
            yield process
        finally:
            for left in (process, *self.left()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    left.kill()
            process.wait()

    def left(self) -> list[psutil.Process]:
        """Processes of this server, but for that of `up`."""
        mine = str(self.place.workplace.settings.data_dir)
        own = [*parts.marked("REENCODARR_DATA_DIR", mine), *parts.marked("REENCODARR_DATA_DIR", f"{mine}/worker")]
        return [one for one in own if procs.lives(one)]

    def listening(self) -> list[str]:
        """The ports of this server that somebody listens on."""
        found = []
        for name, port in self.ports.items():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    found.append(name)
        return found

    def jobs(self) -> list[tuple[str, str]]:
        """What was given to workers, and how it ended."""
        with database.session(self.place.workplace.database, reads_only=True) as session:
            rows = session.exec(select(Job).order_by(Job.id)).all()  # type: ignore[arg-type]
            return [(row.kind, row.outcome) for row in rows if row.key is not None]

    def _is_ready(self, process: psutil.Popen) -> bool:
        assert process.poll() is None, self.output
        return "Ready. Ctrl-C stops." in self.output


@pytest.fixture
def owner(tmp_path: Path, ffmpeg: Path, fast_policy: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Owner]:
    encoder = gates.encoder(tmp_path / "programs", ffmpeg)
    drawn = {name: ports.free() for name in PORTS}
    for name, value in {
        "HOME": tmp_path,
        "FFMPEG_PATH": encoder.program,
        "REENCODARR_DATA_DIR": tmp_path / "data",
        "REENCODARR_POLICY": fast_policy,
        "REENCODARR_RESERVE_BYTES": 0,
        "REENCODARR_STABLE_SECONDS": 5,
        "COLUMNS": 200,
        **{f"REENCODARR_SERVER__{name}": port for name, port in drawn.items()},
        **databases.environment(),
    }.items():
        monkeypatch.setenv(name, str(value))
    loaded = settings.load()
    database.upgrade(loaded.database)
    workplace = open_workplace(loaded)
    films = tmp_path / "films"
    films.mkdir()
    yield Owner(place=Place(films=films, workplace=workplace), encoder=encoder, folder=tmp_path, ports=drawn)
    workplace.database.dispose()


def test_everything_is_where_it_says_and_a_kill_costs_nothing(owner: Owner, small_film: Path) -> None:
    film = owner.place.add(small_film)
    original = hashlib.sha256(film.read_bytes()).hexdigest()
    owner.place.analyse()

    with owner.encoder.slow("encode"), owner.up() as first:
        addresses = told(owner.output)
        assert httpx.get(f"{addresses['Prefect UI']}/api/health").json() is True
        assert "<html" in httpx.get(addresses["Prefect UI"], follow_redirects=True).text.lower()
        assert httpx.get(f"{addresses['Workers join']}/api/health").json() is True
        eventually(lambda: "DASHBOARD_PORT" in owner.listening())  # Nothing waits for it.
        assert "streamlit" in httpx.get(addresses["Dashboard"]).text.lower()
        assert "<Error>" in httpx.get(addresses["Bucket"]).text  # S3's refusal of whoever signs nothing.
        logs = {path.stem for path in Path(addresses["Logs"]).iterdir()}
        assert logs >= {"api", "bucket", "dashboard", "dispatch", "work", "worker"}

        held = owner.encoder.caught("encode")
        assert len(owner.left()) > len(logs)
        first.kill()
        first.wait()
        eventually(lambda: not owner.listening())
        assert procs.lives(held)  # What it encodes is worth keeping.

        with owner.up() as second:
            os.kill(held.pid, signal.SIGCONT)
            eventually(lambda: owner.place.state(film) is State.REPLACED, every=1.0)
            ended = stopped(second)

    assert ended == exits.DONE, owner.output
    assert "Stopping." in owner.output
    assert (owner.listening(), owner.left()) == ([], [])
    assert owner.jobs() == [("crf_search", "done"), ("encode", "done")]
    assert owner.place.failures() == []
    kept = list(owner.place.films.glob(".reencodarr/trash/*.orig"))
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in kept] == [original]


def told(output: str) -> dict[str, str]:
    """The addresses that `up` prints, by what is there."""
    rows = re.findall(r"^(Prefect UI|Dashboard|Workers join|Bucket|Logs) +(\S+)", output, re.MULTILINE)
    return dict(rows)


def stopped(process: psutil.Popen) -> int:
    """How it ends when it is asked to once."""
    process.terminate()
    return int(process.wait(300))
