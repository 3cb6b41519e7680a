"""What a worker can reach and what it knows: it does a film to the end in a network of its own, watched from outside.

Server, bucket and worker are three network namespaces. On the server's machine decoys listen where a database, Sonarr
and Radarr would; everything that the server keeps secret has a text of its own, which is looked for wherever a worker
could have it: in the environment and command line of each of its processes, in its files and in its logs.
"""

import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from reencodarr.api import certificate
from reencodarr.library.states import State
from reencodarr.storage import embedded
from tests.flows import namespaces, whole
from tests.flows.conftest import eventually
from tests.flows.namespaces import BUCKET, SERVER, Networks
from tests.flows.whole import Program, Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

API_PORT, BUCKET_PORT = 4200, 4201
DECOYS = (5432, 7878, 8989)
"""PostgreSQL, Radarr, Sonarr."""
RUNS = 2
"""A search and an encode."""


@pytest.fixture
def networks() -> Iterator[Networks]:
    namespaces.require()
    with namespaces.three() as found:
        yield found
    assert f"rx{os.getpid()}-" not in namespaces.existing()


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the server keeps to itself, each with a text that stands nowhere else."""

    texts: Mapping[str, str]

    def within(self, data: bytes) -> set[str]:
        """Which of it can be read there."""
        return {name for name, text in self.texts.items() if text.encode() in data}


@dataclass(kw_only=True)
class Watch:
    """Looks at a program and all that it starts, for as long as it runs."""

    kept: Kept
    program: Program
    folder: Path
    leaks: set[str] = field(default_factory=set)
    runs: set[int] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        while not self.over.wait(0.5):
            for pid in _tree(self.program.process.pid):
                self._process(pid)
            self.leaks |= leaks_in(self.kept, self.folder)

    def _process(self, pid: int) -> None:
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:  # It ended meanwhile.
            return
        if b"PREFECT__FLOW_RUN_ID=" in environment:
            self.runs.add(pid)
        for where, data in (("environment", environment), ("command", command)):
            self.leaks |= {f"{name} in the {where} of a process" for name in self.kept.within(data)}


@contextmanager
def _looking(watch: Watch) -> Iterator[None]:
    thread = threading.Thread(target=watch.look)
    thread.start()
    try:
        yield
    finally:
        watch.over.set()
        thread.join()


def _tree(pid: int) -> list[int]:
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def leaks_in(kept: Kept, folder: Path) -> set[str]:
    """Secrets in the names and contents of the files below a folder."""
    found = set()
    for path in folder.rglob("*"):
        try:
            data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        except OSError:  # It was deleted meanwhile.
            continue
        found |= {f"{name} in {path.relative_to(folder)}" for name in kept.within(data + os.fsencode(path.name))}
    return found


@pytest.mark.parametrize("tls", [pytest.param(False, marks=pytest.mark.more), True], ids=["http", "https"])
def test_a_worker_speaks_to_server_and_bucket_alone_and_knows_no_secret_of_theirs(
    networks: Networks, tls: bool, tmp_path: Path, small_film: Path, fast_policy: Path
) -> None:
    house, connected, trace = tmp_path / "house", tmp_path / "decoys.log", tmp_path / "trace"
    server = served(house, fast_policy, networks, tls=tls)
    film = server.place.add(small_film)
    server.place.analyse()
    folder = tmp_path / "worker"
    folder.mkdir()

    with ExitStack() as running:
        decoys = [*networks.api, *namespaces.listening(connected, *DECOYS)]
        decoy = running.enter_context(whole.started(decoys, environment={}, log=tmp_path / "decoy.log"))
        running.enter_context(bucket(server, networks))
        eventually(lambda: networks.can_connect(networks.wk, BUCKET, BUCKET_PORT))
        up = running.enter_context(server.up("--no-worker", "--no-dashboard"))
        token = server.token("far")
        kept = kept_by(server)
        within = [*networks.wk, *namespaces.blindfolded(house, trace)]
        worker = running.enter_context(whole.worker(token, folder, within=within))
        watch = Watch(kept=kept, program=worker, folder=folder)
        running.enter_context(_looking(watch))
        ended = server.wait_until_over(film, patience=900)
        touched = [line for line in connected.read_text().splitlines() if line != "listening"]
        reachable = [port for port in DECOYS if networks.can_connect(networks.wk, SERVER, port)]
        counted = eventually(lambda: len(connected.read_text().splitlines()) > len(DECOYS)) and decoy.says("")
        served_environment = Path(f"/proc/{up.process.pid}/environ").read_bytes()

    assert ended is State.REPLACED, (server.place.states(), server.place.failures(), worker.log.read_text())
    assert namespaces.peers(trace) == {(SERVER, API_PORT), (BUCKET, BUCKET_PORT)}
    assert touched == []
    assert watch.leaks | leaks_in(kept, folder) == set()
    assert len(watch.runs) >= RUNS
    # What looked for something would have found it.
    assert (reachable, counted) == (list(DECOYS), True)
    assert kept.within(served_environment) >= set(kept.texts) - {"owner's secret", "library"}
    assert leaks_in(kept, house) != set()


def served(house: Path, policy: Path, networks: Networks, *, tls: bool) -> Server:
    """A server that is full of secrets."""
    scheme, mark = "https" if tls else "http", secrets.token_hex(6)
    variables = {
        "DATABASE_URL": f"sqlite:///{house}/ledger-{mark}.db",
        "SERVER__HOST": "0.0.0.0",
        "SERVER__PORT": str(API_PORT),
        "SERVER__PUBLIC_URL": f"{scheme}://{SERVER}:{API_PORT}",
        "SERVER__TLS": str(tls).lower(),
        "BUCKET__ENDPOINT": f"{scheme}://{BUCKET}:{BUCKET_PORT}",
        "BUCKET__PUBLIC_ENDPOINT": f"{scheme}://{BUCKET}:{BUCKET_PORT}",
        "BUCKET__ACCESS_KEY": f"accesskey{mark}",
        "BUCKET__SECRET_KEY": f"secretkey{mark}",
    }
    if tls:
        variables["BUCKET__CERTIFICATE"] = str(house / "data" / "tls" / "authority.pem")
    made = whole.server(house, policy, variables, within=networks.api)
    theirs = {"SONARR_API_KEY": f"sonarr{mark}", "RADARR_API_KEY": f"radarr{mark}"}
    return Server(
        folder=house, place=made.place, environment={**made.environment, **theirs}, within=networks.api
    )  # fmt: skip


def kept_by(server: Server) -> Kept:
    """The secrets of a server that runs."""
    said, data = server.environment, server.place.workplace.settings.data_dir
    return Kept(
        texts={
            "database": said["REENCODARR_DATABASE_URL"].removeprefix("sqlite:///"),
            "bucket's access key": said["REENCODARR_BUCKET__ACCESS_KEY"],
            "bucket's secret key": said["REENCODARR_BUCKET__SECRET_KEY"],
            "Sonarr's key": said["SONARR_API_KEY"],
            "Radarr's key": said["RADARR_API_KEY"],
            "owner's secret": (data / "secrets" / "owner").read_text().strip().partition(":")[2],
            "data folder": str(data),
            "library": str(server.place.films),
        }
    )


def bucket(server: Server, networks: Networks) -> AbstractContextManager[Program]:
    """rclone's S3 server in its own network; with TLS its certificate is the server's."""
    settings, folder = server.place.workplace.settings, server.folder / "bucket"
    (folder / settings.bucket.name).mkdir(parents=True)
    files = certificate.ensured(settings) if settings.server.tls else None
    access, secret = settings.bucket.access_key, settings.bucket.secret_key
    assert access is not None
    assert secret is not None
    how = embedded.start(
        folder,
        address=f"{BUCKET}:{BUCKET_PORT}",
        access_key=access.get_secret_value(),
        secret_key=secret.get_secret_value(),
        certificate=files.certificate if files else None,
        private_key=files.key if files else None,
    )
    command = [*networks.s3, *how.arguments]
    return whole.started(command, environment=how.environment, log=server.folder / "bucket.log")
