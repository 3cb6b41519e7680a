"""Machines that work for a server, as far as the server can tell: an engine that keeps its runs in a folder, so that
several processes share it, and workers that claim their orders at the desk and leave results where real ones do.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, update
from sqlmodel import col, select

from reencodarr import __version__
from reencodarr.encoding import policy as policies
from reencodarr.errors import Category, Stage
from reencodarr.library import database, jobs, roots, transitions
from reencodarr.library.states import State
from reencodarr.library.tables import Job, Library, VideoState, now
from reencodarr.quality.measure import Achieved
from reencodarr.settings import Settings
from reencodarr.stages.machines import dispatching, jobs_desk, workers_desk
from reencodarr.stages.machines.dispatching import Passed
from reencodarr.stages.machines.runs import Run, RunState
from reencodarr.stages.workplace import Workplace
from reencodarr.storage.bucket import Bucket
from reencodarr.tools.ffmpeg import Build
from reencodarr.units import GIB, Bytes, Crf, Seconds, VmafScore
from reencodarr.work import orders
from reencodarr.work.orders import Delivery, Encoded, EncodeTerms, Failed, Order, Outcome, Result, Searched
from reencodarr.work.talk import Capabilities, Claim, Platform, WorkerBeat
from tests.library import films

BUILD = "b1"
"""The one that `films.learn` searched with."""


class FolderRuns:
    """An engine of runs: a file each, named after its key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def create(self, deployment: str, parameters: Mapping[str, str | int], *, key: str, queue: str = "") -> Run:
        file = self.folder / hashlib.sha256(key.encode()).hexdigest()
        made = {"deployment": deployment, "parameters": dict(parameters), "key": key, "queue": queue}
        draft = self.folder / f".{uuid.uuid4().hex}"
        draft.write_text(json.dumps({"id": str(uuid.uuid4()), "state": "scheduled", "since": now().isoformat()} | made))
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return _run(json.loads(file.read_text()))

    def states(self, ids: Collection[str]) -> Mapping[str, Run]:
        return {run["id"]: _run(run) for run in self.every() if run["id"] in ids}

    def cancel(self, run: str) -> None:
        self.set(run, RunState.CANCELLED)

    def set(self, run: str, state: RunState, *, ago: timedelta = timedelta()) -> None:
        """Bring a run into a state."""
        for file, found in self._files():
            if found["id"] == run:
                draft = file.with_name(f".{uuid.uuid4().hex}")
                draft.write_text(json.dumps(found | {"state": state.value, "since": (now() - ago).isoformat()}))
                draft.replace(file)

    def every(self) -> list[dict[str, str]]:
        return [found for _, found in self._files()]

    def of(self, deployment: str) -> list[dict[str, str]]:
        return [run for run in self.every() if run["deployment"] == deployment]

    def _files(self) -> list[tuple[Path, dict[str, str]]]:
        return [(file, json.loads(file.read_text())) for file in self.folder.iterdir() if file.name[0] != "."]


def _run(found: dict[str, str]) -> Run:
    return Run(id=found["id"], state=RunState(found["state"]), since=datetime.fromisoformat(found["since"]))


@dataclass(frozen=True, kw_only=True)
class Farm:
    """A server and its machines."""

    workplace: Workplace
    runs: FolderRuns
    bucket: Bucket | None = None

    def machine(
        self, name: str, *, local: bool = False, slots: int = 1, build: str = BUILD, pool: str = "linux"
    ) -> str:
        """Let a machine join; its name."""
        workers_desk.add(self.workplace, name, pool, local=local)
        workers_desk.hello(self.workplace, name, capabilities(slots=slots, build=build, platform=Platform(pool)))
        return name

    def dispatch(self) -> Passed:
        return dispatching.dispatch(self.workplace, self.bucket, self.runs)

    def jobs(self, *, open_only: bool = True) -> list[Job]:
        with database.session(self.workplace.database, reads_only=True) as session:
            rows = session.exec(select(Job).where(col(Job.key).is_not(None)).order_by(col(Job.id))).all()
        return [row for row in rows if not (open_only and row.outcome)]

    def claim(self, row: Job, name: str) -> Order:
        self.runs.set(row.flow_run, RunState.RUNNING)
        asked = Claim(attempt=row.attempt, flow_run=row.flow_run)
        return jobs_desk.claim(self.workplace, self.bucket, name, row.key or "", asked)

    def finish(self, order: Order, name: str, outcome: Outcome | None = None) -> Result:
        """Do the work of an order on the server's own machine, and leave the result."""
        done = outcome or (self.encoded(order) if isinstance(order.terms, EncodeTerms) else searched())
        result = Result(job=order.job, attempt=order.attempt, worker=name, build=order.build, outcome=done)
        place = orders.kept_result(self.workplace.results, order.job, order.attempt)
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_suffix(".part")
        draft.write_text(orders.result_json(result))
        draft.replace(place)
        return result

    def encoded(self, order: Order) -> Encoded:
        path = self.workplace.results / f"{orders.kept_name(order.job, order.attempt)}.mkv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"e" * 100)
        sha256 = hashlib.sha256(b"e" * 100).hexdigest()
        return encoded(Delivery(size=Bytes(100), sha256=sha256, suffix=".mkv", path=str(path)))

    def work(self, name: str) -> int:
        """Do all that waits for a machine, as it would; how much it was."""
        ready = [row for row in self.jobs() if row.phase == jobs.READY and row.flow_run]
        for row in ready:
            self.finish(self.claim(row, name), name)
        return len(ready)

    def beat(self, name: str, *, draining: bool = False) -> bool:
        sign = WorkerBeat(draining=draining)
        return workers_desk.beat(self.workplace, name, sign).go_on

    def let_lease_pass(self, row: Job) -> None:
        with database.session(self.workplace.database) as session:
            past = now() - timedelta(seconds=1)
            session.exec(update(VideoState).where(col(VideoState.video_id) == row.video_id).values(claimed_until=past))

    def state(self, video_id: int) -> tuple[State, str]:
        found = films.state(self.workplace.database, video_id)
        return State(found.state), found.reason

    def analysed(self, video_ids: list[int]) -> list[int]:
        """Bring films that were scanned to where they wait for their search, in libraries that were confirmed."""
        with database.session(self.workplace.database) as session:
            for library in session.exec(select(Library)).all():
                roots.confirm(session, library)
        for video_id in video_ids:
            films.learn(self.workplace.database, video_id)
            with database.session(self.workplace.database) as session:
                attempt = transitions.claim(
                    session, video_id, State.NEEDS_ANALYSIS, holder="t:1", lease=timedelta(minutes=1)
                )
                jobs.start(session, video_id, "analysis", attempt=attempt, worker="t:1")
                transitions.move(session, video_id, State.ANALYZING, State.ANALYZED, attempt=attempt)
                jobs.end(session, video_id, "analysis", attempt=attempt, outcome="done")
        return video_ids


def made(engine: Engine, folder: Path, *, bucket: Bucket | None = None) -> Farm:
    """A server with its library in `engine`."""
    settings = Settings(data_dir=folder / "server", reserve_bytes=0, stable_seconds=0)
    workplace = Workplace(
        settings=settings,
        policy=policies.load(None),
        database=engine,
        ffmpeg=Path("/no/ffmpeg"),
        build=Build(ffmpeg="t", svt_av1="t", libvmaf=True),
        holder="here:1:1",
    )
    return Farm(workplace=workplace, runs=FolderRuns(folder / "runs"), bucket=bucket)


def capabilities(*, slots: int = 1, build: str = BUILD, platform: Platform = Platform.LINUX) -> Capabilities:
    return Capabilities(
        platform=platform,
        machine="x86_64",
        system="Debian 12",
        cores=4,
        memory=Bytes(8 * GIB),
        scratch_free=Bytes(100 * GIB),
        version=__version__,
        build=build,
        libvmaf="yes",
        engines=("native",),
        slots=slots,
    )


def searched() -> Searched:
    return Searched(result=replace(films.result(), build=BUILD))


def encoded(delivery: Delivery) -> Encoded:
    return Encoded(
        delivery=delivery,
        crf=Crf(30.25),
        frames=100,
        seconds=Seconds(5.0),
        cpu_seconds=Seconds(9.0),
        peak_memory=Bytes(1),
        command="ffmpeg",
        build=BUILD,
        achieved=Achieved(mean=VmafScore(95.0), p5=VmafScore(93.0), lowest_2s=VmafScore(90.0), share=1.0),
    )


def failed(code: str = "program_failed", *, transient: bool = False, category: Category = Category.PROGRAM) -> Failed:
    return Failed(stage=Stage.ENCODE, category=category, code=code, message="It broke.", transient=transient)
