"""A whole site whose every process can be killed: Prefect's server behind our filter, an S3 server behind a proxy, a
remote worker with its runs and their programs. Dispatch is made by hand, pass for pass, unless a test says otherwise.
"""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil
from sqlalchemy import update
from sqlmodel import col, select

from reencodarr.cli import served
from reencodarr.library import database, jobs
from reencodarr.library.states import State
from reencodarr.library.tables import Failure, Job, StateChange, Video, VideoState, now
from reencodarr.stages import finalizing, objects, search
from reencodarr.stages.machines import dispatching, staging, workers_desk
from reencodarr.stages.workplace import open_workplace
from reencodarr.storage.bucket import Bucket
from reencodarr.work import token
from reencodarr.work.token import Token
from tests.api import kit
from tests.faults import gates, parts
from tests.faults.gates import Encoder
from tests.faults.parts import Api, Hands, Member
from tests.flows.conftest import eventually
from tests.stages.conftest import Place
from tests.storage import servers as s3_servers
from tests.transfer import proxy as proxies
from tests.transfer.proxy import Proxy

BATCH = "b" * 32
_WAYS = {"search": (State.CRF_SEARCHING, State.ANALYZED), "encode": (State.ENCODING, State.CRF_SEARCHED)}


@dataclass(frozen=True, kw_only=True)
class Rig:
    """The site, what can be killed in it, and what was put into it."""

    place: Place
    bucket: Bucket
    engine: Hands
    api: Api
    server: kit.Server
    s3: s3_servers.Server
    proxy: Proxy
    encoder: Encoder
    folder: Path
    originals: dict[Path, str] = field(default_factory=dict)
    """SHA-256 of every film that was added."""

    def start_anew(self) -> None:
        """Forget what tests before left in the middle, so that one that failed fails alone."""
        self.originals.clear()
        if self.api.process is None:
            self.api.start()
        if not self.s3.pids:
            self.s3.start()
        for state in ("SCHEDULED", "PENDING", "RUNNING"):
            for run in self.engine.ids(state):
                self.engine.cancel(run)
        with database.session(self.place.workplace.database) as session:
            left = {"state": State.FAILED.value, "claimed_by": "", "claimed_until": None}
            session.exec(update(VideoState).where(col(VideoState.state) != State.REPLACED.value).values(left))
            session.exec(update(Job).where(col(Job.outcome) == "").values(outcome="returned", ended_at=now()))
            session.exec(update(Job).where(col(Job.phase) != "").values(phase=""))

    def add(self, film: Path, name: str) -> Path:
        """Put a film into the library and analyse it."""
        added = self.place.add(film, name)
        self.originals[added] = digest(added)
        self.place.analyse()
        assert self.place.state(added) is State.ANALYZED
        return added

    def searched(self, film: Path) -> Path:
        """Take a film to where its encode waits, here and now."""
        search.search(self.place.workplace, self.video(film))
        assert self.place.state(film) is State.CRF_SEARCHED
        return film

    def waiting(self, source: Path, name: str, work: str) -> Path:
        """A new film that waits for that work: `search` or `encode`."""
        film = self.add(source, name)
        return self.searched(film) if work == "encode" else film

    def video(self, film: Path) -> int:
        with database.session(self.place.workplace.database, reads_only=True) as session:
            found = session.exec(select(Video.id).where(Video.path == film)).one()
        assert found is not None
        return found

    def step(self) -> None:
        """One pass of dispatch, and what it wants done on the server itself."""
        dispatching.dispatch(self.place.workplace, self.bucket, self.engine)
        for row in self.open_jobs():
            if row.phase == jobs.STAGING:
                staging.stage(self.place.workplace, self.bucket, row.key or "", row.attempt)

    def until(self, film: Path, *states: State, before: Callable[["Rig"], None] = lambda _: None) -> None:
        """Make passes, each after `before`, until a film is in one of the states."""

        def there() -> bool:
            before(self)
            self.step()
            found = self.place.state(film)
            assert found is not State.FAILED or found in states, f"it failed: {self.story(film)}"
            return found in states

        try:
            eventually(there, every=1.0)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.story(film)}") from error

    def ended(self, film: Path, number: int = 1) -> str:
        """Make passes until so many jobs of a film have ended; how the last of them did."""

        def over() -> list[Job]:
            self.step()
            return [row for row in self.jobs_of(film)[number - 1 :] if row.outcome]

        try:
            return eventually(over, every=1.0)[0].outcome
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.story(film)}") from error

    def went_back(self, film: Path, work: str) -> str:
        """Why a film that was worked on had to wait again; there is one such change."""
        working, waiting = _WAYS[work]
        (why,) = [one.note for one in self.changes(film) if (one.before, one.after) == (working.value, waiting.value)]
        return why

    def result_of(self, film: Path) -> str:
        """Where the worker of a film leaves its result."""
        row = self.jobs_of(film)[-1]
        return objects.result(row.key or "", row.attempt)

    def given(self, film: Path) -> Job:
        """Make passes until a worker could take a job of a film; the job."""

        def ready() -> list[Job]:
            self.step()
            return [row for row in self.jobs_of(film) if not row.outcome and row.flow_run and row.phase != jobs.STAGING]

        return eventually(ready, every=1.0)[0]

    def finish(self, film: Path) -> None:
        """Let a film go all its way."""
        self.until(film, State.ENCODED, State.REPLACED)
        if self.place.state(film) is State.ENCODED:
            finalizing.finalize(self.place.workplace, self.video(film), batch=BATCH, bucket=self.bucket)
        assert self.place.state(film) is State.REPLACED, self.story(film)

    def let_lease_pass(self, film: Path) -> None:
        """As if a quarter of an hour had gone by since the last beat."""
        this = col(VideoState.video_id) == self.video(film)
        with database.session(self.place.workplace.database) as session:
            session.exec(update(VideoState).where(this).values(claimed_until=now() - timedelta(seconds=1)))

    def open_jobs(self) -> list[Job]:
        with database.session(self.place.workplace.database, reads_only=True) as session:
            return list(jobs.unsettled(session))

    def jobs_of(self, film: Path, kind: str = "") -> list[Job]:
        """What was given away of a film, the oldest first."""
        video = self.video(film)
        with database.session(self.place.workplace.database, reads_only=True) as session:
            query = select(Job).where(Job.video_id == video, col(Job.key).is_not(None)).order_by(col(Job.id))
            return [row for row in session.exec(query).all() if not kind or row.kind == kind]

    def outcomes(self, film: Path) -> list[str]:
        return [row.outcome for row in self.jobs_of(film)]

    def failures(self, film: Path) -> list[str]:
        """The codes of all that ever failed at a film."""
        video = self.video(film)
        with database.session(self.place.workplace.database, reads_only=True) as session:
            return [row.code for row in session.exec(select(Failure).where(Failure.video_id == video)).all()]

    def changes(self, film: Path) -> list[StateChange]:
        video = self.video(film)
        with database.session(self.place.workplace.database, reads_only=True) as session:
            query = select(StateChange).where(StateChange.video_id == video).order_by(col(StateChange.id))
            return list(session.exec(query).all())

    def story(self, film: Path) -> str:
        """For whoever reads a failed test."""
        changes = [f"{one.before} -> {one.after}: {one.note}" for one in self.changes(film)]
        rows = [(row.kind, row.attempt, row.phase, row.outcome, row.worker) for row in self.jobs_of(film)]
        logs = "\n".join(file.read_text(errors="replace")[-1500:] for file in sorted(self.folder.glob("*.log")))
        return f"{changes}\n{rows}\nruns: {self.engine.by_state()}\n{logs}\n{self.engine.logs()[-4000:]}"

    @contextlib.contextmanager
    def worker(self, name: str, *, ready: str = "Pool linux", **variables: str) -> Iterator[Member]:
        """`reencodarr worker` with a token, a scratch folder and the slow ffmpeg, when it says that it is ready."""
        _, _, secret = self.server.worker(name).partition(":")
        joined = Token(name=name, secret=secret, pool="linux", server=served.url(self.server.settings))
        home = self.folder / name
        scratch = home / "scratch"
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "HOME": str(home),
            "FFMPEG_PATH": str(self.encoder.program),
            "REENCODARR_TOKEN": token.to_text(joined),
            "REENCODARR_DATA_DIR": str(home / "data"),
            "REENCODARR_SCRATCH_DIR": str(scratch),
            "REENCODARR_RESERVE_BYTES": "0",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            **variables,
        }
        with self.started([sys.executable, "-m", "reencodarr.cli", "worker"], name, environment) as process:
            member = Member(name=name, process=process, log=self.folder / f"{name}.log", scratch=scratch)
            eventually(lambda: member.says(ready))
            yield member
        workers_desk.revoke(self.place.workplace, name)

    @contextlib.contextmanager
    def started(
        self, command: list[str], name: str, environment: dict[str, str], *, mark: str = "REENCODARR_DATA_DIR"
    ) -> Iterator[psutil.Popen]:
        """A program of the site; ended, with whatever it left running, when the block ends.

        `mark` is the variable that tells its processes from those of others.
        """
        with (self.folder / f"{name}.log").open("ab") as words:
            process = psutil.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT,
                cwd="/", start_new_session=True,
            )  # fmt: skip
        try:
            yield process
        finally:
            for number in (signal.SIGTERM, signal.SIGTERM):
                if process.poll() is None:
                    process.send_signal(number)
            with contextlib.suppress(psutil.TimeoutExpired):
                process.wait(120)
            for left in parts.marked(mark, environment[mark]):
                left.kill()
            process.wait()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def running(folder: Path, ffmpeg: Path, policy: Path) -> Iterator[Rig]:
    """A site with no worker yet."""
    with ExitStack() as held:
        s3 = held.enter_context(s3_servers.serving("rclone", folder / "s3", tls=False))
        s3.opened.ensure()
        between = held.enter_context(proxies.between(s3.port))
        settings, environment = parts.settings(folder, s3, between, policy)
        database.upgrade(settings.database)
        workplace = open_workplace(settings)
        held.callback(workplace.database.dispose)
        api = Api(settings=settings, environment=environment, log=folder / "api.log")
        api.start()
        held.callback(api.stop)
        server = kit.Server(
            settings=settings,
            workplace=workplace,
            url=served.url(settings),
            secret=served.client_environment(settings)[served.CLIENT_AUTH],
            log=api.log,
        )
        kit.make_pools(server)
        engine = Hands(server)
        engine.deploy()
        parts.deploy_server(server)
        films = folder / "films"
        films.mkdir()
        yield Rig(
            place=Place(films=films, workplace=workplace),
            bucket=s3.bucket(),
            engine=engine,
            api=api,
            server=server,
            s3=s3,
            proxy=between,
            encoder=gates.encoder(folder / "programs", ffmpeg),
            folder=folder,
        )


__all__ = ["BATCH", "Member", "Rig", "digest", "running"]
