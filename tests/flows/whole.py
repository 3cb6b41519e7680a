"""The whole product as its users start it: `reencodarr up`, and `reencodarr worker` with a token. Nothing is stood in.

Each program gets an environment of its own, and may be put elsewhere (into a network namespace) by the words before it.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reencodarr.library.states import State
from reencodarr.settings import BucketSettings, ServerSettings, Settings
from reencodarr.stages.workplace import open_workplace
from reencodarr.tools import processes
from tests.flows.conftest import eventually
from tests.stages.conftest import Place

PROGRAM = (sys.executable, "-m", "reencodarr.cli")
START = 240.0
"""Seconds for a start on a busy machine: Prefect alone takes half a minute."""
STOP = 90.0


@dataclass(frozen=True, kw_only=True)
class Program:
    """Something that was started and writes a log."""

    process: subprocess.Popen[bytes]
    log: Path

    def says(self, words: str) -> bool:
        """Whether it said so already; fails the test where it ended instead."""
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{self.log.read_text(errors='replace')}")
        return words in self.log.read_text(errors="replace")


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that `up` runs, and its library."""

    folder: Path
    """Everything of the server lies in it, and nothing else."""
    place: Place
    environment: Mapping[str, str]
    within: Sequence[str] = field(default=())

    def command(self, *arguments: str) -> str:
        """What a command of the owner prints."""
        done = subprocess.run(
            [*self.within, *PROGRAM, *arguments],
            env=dict(self.environment), stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/",
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def up(self, *arguments: str) -> Iterator[Program]:
        """`reencodarr up`, ready."""
        command = [*self.within, *PROGRAM, "up", *arguments]
        with started(command, environment=self.environment, log=self.folder / "up.log") as program:
            eventually(lambda: program.says("Ready."), patience=START)
            yield program

    def token(self, name: str) -> str:
        """A new worker's."""
        return self.command("workers", "add", name).strip()

    def state(self, film: Path) -> State:
        return self.place.state(film)

    def wait_until_over(self, film: Path, *, patience: float = 600.0) -> State:
        """How a film ended."""
        over = {State.REPLACED, State.SKIPPED, State.FAILED}
        eventually(lambda: self.state(film) in over, patience=patience)
        return self.state(film)


def server(folder: Path, policy: Path, variables: Mapping[str, str], *, within: Sequence[str] = ()) -> Server:
    """A server that is about to be started: its database is made, its library is empty.

    `variables` are the owner's, without the prefix.
    """
    films = folder / "films"
    films.mkdir(parents=True)
    said = {
        "DATA_DIR": str(folder / "data"),
        "POLICY": str(policy),
        "RESERVE_BYTES": "0",
        "STABLE_SECONDS": "5",
        "PROBE_WORKERS": "1",
        **{name: value for name, value in variables.items() if name.isupper()},
    }
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(_made(folder / "tmp"))}
    environment |= {f"REENCODARR_{name}": value for name, value in said.items()}
    return Server(
        folder=folder,
        place=Place(films=films, workplace=open_workplace(_settings(said))),
        environment=environment,
        within=within,
    )


@contextmanager
def worker(
    token: str, folder: Path, *, within: Sequence[str] = (), variables: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """`reencodarr worker` with nothing but its token and a folder."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(_made(folder / "home")),
        "TMPDIR": str(_made(folder / "tmp")),
        "REENCODARR_TOKEN": token,
        "REENCODARR_DATA_DIR": str(folder / "data"),
        "REENCODARR_SCRATCH_DIR": str(folder / "scratch"),
        "REENCODARR_RESERVE_BYTES": "0",
        "REENCODARR_PROBE_WORKERS": "1",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        **(variables or {}),
    }
    with started([*within, *PROGRAM, "worker"], environment=environment, log=folder / "worker.log") as program:
        yield program


@contextmanager
def started(command: Sequence[str | Path], *, environment: Mapping[str, str], log: Path) -> Iterator[Program]:
    """A program until the block ends: asked to end, and again, then ended with all that it started."""
    with log.open("wb") as words:
        process = subprocess.Popen(
            list(command), env=dict(environment), cwd="/", start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield Program(process=process, log=log)
    finally:
        for _ in range(2):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP)
        except subprocess.TimeoutExpired:
            processes.end_tree(process.pid)
            process.wait()


def _settings(said: Mapping[str, str]) -> Settings:
    """The server's settings in this process, which looks at its library and its database."""
    from reencodarr.library import database

    nested = {"BUCKET": BucketSettings, "SERVER": ServerSettings}
    fields: dict[str, object] = {name.lower(): value for name, value in said.items() if "__" not in name}
    for group, kind in nested.items():
        own = {name.split("__")[1].lower(): value for name, value in said.items() if name.startswith(f"{group}__")}
        fields[group.lower()] = kind.model_validate(own)
    settings = Settings(**fields)  # type: ignore[arg-type]
    database.upgrade(settings.database)
    return settings


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
