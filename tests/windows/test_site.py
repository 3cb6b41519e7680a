"""A worker on Windows in a whole site: server and library on Linux, a bucket between, a film's way there and back."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from sqlmodel import col, select

from reencodarr.cli import exits, served
from reencodarr.library import database
from reencodarr.library.states import State
from reencodarr.library.tables import Job
from reencodarr.media import mediainfo
from reencodarr.stages.machines import queues
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.work import token
from reencodarr.work.token import Token
from tests.api import kit
from tests.flows import site as sites
from tests.flows.conftest import eventually
from tests.flows.site import Site
from tests.storage import servers as s3_servers
from tests.windows.rig import Rig, windows_path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

PATIENCE = 900.0
"""Seconds: a run begins half a minute after its submission on a quiet machine, and minutes after on a busy one."""
POOL = "windows"
POLICY = "[[video.presets]]\nfrom_lines = 0\npreset = 6\n"
CHILD = "encoders.pyav_child"


@dataclass(frozen=True, kw_only=True)
class Worker:
    """`reencodarr worker` on Windows."""

    process: subprocess.Popen[bytes]
    rig: Rig
    environment: dict[str, str]
    log: Path

    def says(self, words: str) -> bool:
        text = self.log.read_text(errors="replace")
        if words not in text and self.process.poll() is not None:
            raise AssertionError(f"the worker ended with {self.process.returncode}:\n{text}")
        return words in text

    def ask_to_stop(self) -> str:
        """What `reencodarr worker --stop` says, run beside it."""
        done = self.rig.run("-m", "reencodarr.cli", "worker", "--stop", environment=self.environment, patience=900)
        assert done.exit_code == exits.DONE, done.stdout + done.stderr
        return done.stdout

    def family(self) -> list[psutil.Process]:
        """Its runs and their programs: the processes of Python, ffmpeg and the shell in the rig, but for itself."""
        names = (windows_path(self.rig.interpreter), windows_path(self.rig.ffmpeg), "python.exe", "cmd.exe")
        found = []
        for one in psutil.process_iter(["cmdline"]):
            words = one.info["cmdline"] or [""]
            if one.pid != self.process.pid and any(name in words[0] for name in names) and _of_wine(one, self.rig):
                found.append(one)
        return found

    def encoder(self) -> psutil.Process | None:
        """The process that encodes a film or a window."""
        return next((one for one in self.family() if CHILD in " ".join(one.info["cmdline"])), None)


def _of_wine(process: psutil.Process, rig: Rig) -> bool:
    try:
        return process.environ().get("WINEPREFIX") == str(rig.prefix)
    except psutil.Error:
        return False


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server with the pool `windows` and a bucket, and nobody but us to do what the server does."""
    with ExitStack() as running:
        s3 = running.enter_context(s3_servers.serving("rclone", tmp_path / "s3", tls=False))
        bucket = s3.bucket()
        bucket.ensure()
        said = {"ENDPOINT": s3.endpoint, "NAME": bucket.name, "ACCESS_KEY": s3.access_key, "SECRET_KEY": s3.secret_key}
        for name, value in said.items():
            monkeypatch.setenv(f"REENCODARR_BUCKET__{name}", value)
        server = running.enter_context(kit.running(tmp_path))
        policy = tmp_path / "policy.toml"
        policy.write_text(POLICY)
        made = sites.made(server, tmp_path, policy, bucket=bucket)
        made.engine.deploy(POOL)
        yield made


@contextmanager
def working(rig: Rig, site: Site, name: str) -> Iterator[Worker]:
    """A worker that has joined the pool."""
    _, _, secret = site.server.worker(name, POOL).partition(":")
    joined = Token(name=name, secret=secret, pool=POOL, server=served.url(site.server.settings))
    home = site.folder / name
    home.mkdir()
    environment = {
        "REENCODARR_TOKEN": token.to_text(joined),
        "REENCODARR_DATA_DIR": windows_path(home / "data"),
        "REENCODARR_SCRATCH_DIR": windows_path(home / "scratch"),
        "REENCODARR_RESERVE_BYTES": "0",
        "REENCODARR_PROBE_WORKERS": "1",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "COLUMNS": "200",
    }
    log = site.folder / f"{name}.log"
    with rig.running("-m", "reencodarr.cli", "worker", log_path=log, environment=environment) as process:
        worker = Worker(process=process, rig=rig, environment=environment, log=log)
        eventually(lambda: worker.says(f"Pool {POOL}"), patience=PATIENCE)
        yield worker


def bikes_film(ffmpeg: Path, bikes: Path, film: Path, frames: int) -> Path:
    """The camera clip with a tone, as Matroska."""
    seconds = str(frames / 25)
    tone = ("-f", "lavfi", "-i", f"sine=440:duration={seconds}:sample_rate=48000")
    made = ("-frames:v", str(frames), "-t", seconds, "-c:v", "libx264", "-preset", "veryfast", "-crf", "4")
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-i", bikes, *tone, *made, "-c:a", "aac", "-ac", "2", film])
    return film


def step(site: Site) -> None:
    """One pass of dispatch, and what it wants done on the server."""
    site.dispatch()
    site.do_own_part()


def becomes(site: Site, film: Path, *states: State) -> None:
    """Make passes until a film is in one of the states."""

    def there() -> bool:
        step(site)
        return site.place.state(film) in states

    try:
        eventually(there, patience=PATIENCE, every=2.0)
    except AssertionError as error:
        raise AssertionError(f"{error}: {story(site)}") from error


def jobs(site: Site, kind: str) -> list[Job]:
    """What was given away of a kind, the oldest first."""
    with database.session(site.workplace.database, reads_only=True) as session:
        found = select(Job).where(Job.kind == kind, col(Job.key).is_not(None)).order_by(col(Job.id))
        return list(session.exec(found).all())


def story(site: Site) -> str:
    """For whoever reads a failed test."""
    logs = "\n".join(file.read_text(errors="replace")[-3000:] for file in sorted(site.folder.glob("*.log")))
    rows = [(row.kind, row.attempt, row.phase, row.outcome, row.queue) for kind in ("crf_search", "encode")
            for row in jobs(site, kind)]  # fmt: skip
    return (
        f"{site.place.states()} {site.place.failures()} {rows} {site.engine.by_state()}\n{logs}\n{site.engine.logs()}"
    )


def test_a_film_goes_to_windows_and_comes_back_proven_and_the_worker_drains(
    rig: Rig, site: Site, ffmpeg: Path, bikes: Path, tmp_path: Path
) -> None:
    film = site.place.add(bikes_film(ffmpeg, bikes, tmp_path / "bikes.mkv", 75))
    size = film.stat().st_size
    site.place.analyse()

    with working(rig, site, "wine") as worker:
        becomes(site, film, State.CRF_SEARCHED, State.ENCODING)
        becomes(site, film, State.ENCODING)
        held = held_in_mid_encode(worker)
        said = worker.ask_to_stop()
        eventually(lambda: worker.says("No new work. 1 jobs go on to their end"), patience=PATIENCE)
        held.resume()
        becomes(site, film, State.REPLACED, State.FAILED, State.SKIPPED)
        assert site.place.state(film) is State.REPLACED, story(site)
        assert worker.process.wait(PATIENCE) == exits.DONE, story(site)
        assert worker.says("nothing is left running")
        assert worker.family() == []

    assert "takes no new work" in said
    assert mediainfo.read(film).facts.video.codec == "av1"
    assert film.stat().st_size < size
    (search,), (encode,) = jobs(site, "crf_search"), jobs(site, "encode")
    assert search.worker == encode.worker == "wine"
    assert "+svtav1-pyav-" in encode.build
    assert encode.queue == queues.encode_queue(encode.build)
    moved = json.loads(encode.result)
    assert moved["bytes_down"] >= size
    assert moved["bytes_up"] == film.stat().st_size
    assert site.engine.by_state() == ["COMPLETED", "COMPLETED"]


def test_a_cancel_in_mid_encode_ends_its_programs_and_so_does_the_death_of_the_worker(
    rig: Rig, site: Site, ffmpeg: Path, bikes: Path, tmp_path: Path
) -> None:
    film = site.place.add(bikes_film(ffmpeg, bikes, tmp_path / "bikes.mkv", 75))
    site.place.analyse()

    with working(rig, site, "wine") as worker:
        becomes(site, film, State.ENCODING)
        held_in_mid_encode(worker)
        (run,) = site.engine.ids("RUNNING")
        with frozen(worker):  # Prefect's own cancel comes from there: the run must look by itself.
            site.engine.cancel(run)
            eventually(lambda: worker.family() == [], patience=PATIENCE)
        eventually(lambda: site.engine.ids("CANCELLED") == [run], patience=PATIENCE)
        eventually(lambda: site.dispatch().settled, patience=PATIENCE)
        (cancelled, *_) = jobs(site, "encode")
        assert (cancelled.outcome, site.place.failures()) == ("returned", []), story(site)
        assert not list((site.folder / "wine" / "scratch").glob("reencodarr-*"))

        becomes(site, film, State.ENCODING)
        held_in_mid_encode(worker)
        family = worker.family()
        worker.process.kill()
        worker.process.wait()
        _, left = psutil.wait_procs(family, timeout=PATIENCE)

        assert len(family) >= 3
        assert left == []


@contextmanager
def frozen(worker: Worker) -> Iterator[None]:
    """The worker's own process stands still, its runs go on."""
    process = psutil.Process(worker.process.pid)
    process.suspend()
    try:
        yield
    finally:
        process.resume()


def held_in_mid_encode(worker: Worker) -> psutil.Process:
    """Wait for the process that encodes, and stop it there, so that no machine is too fast for the test."""
    child = eventually(worker.encoder, patience=PATIENCE, every=0.1)
    child.suspend()
    return child
