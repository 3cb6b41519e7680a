"""Many machines, measured: `python -m benchmarks.many_machines [--films N] [--minutes M] [--media FOLDER]`.

A server (`reencodarr up` with its own bucket) and workers (`reencodarr worker` with a token) on this machine. Between
workers and bucket stands a relay that counts bytes and notes when they pass; around each worker's ffmpeg stands a
wrapper that notes its starts, so no figure is the program's own word. First one worker and three real films, looped
to a length at which a search samples them (Matroska with cues, MP4, a transport stream without an index): bytes of
each search and encode against the source, seconds until a job that is ready has an encoder that runs (while the
worker is free), memory of every process. Then two workers and trivial films: jobs an hour, which is what the engine
costs. Results go to `benchmarks/results/many_machines.json`. Server, bucket and workers share this machine's cores:
rates are lower bounds, times upper ones.
"""

import argparse
import contextlib
import json
import os
import platform
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil

from benchmarks.relay import Relay
from reencodarr.library import database, roots
from reencodarr.settings import Settings
from reencodarr.stages import analysis, queue, scanning
from reencodarr.stages.workplace import open_workplace
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import processes, servers

ROOT = Path(__file__).parents[1]
FILM = "h264_480p24_bbb_aac51.mp4"
KINDS = {"matroska": ".mkv", "mp4": ".mp4", "transport_stream": ".ts"}
POLICY = """
[[video.presets]]
from_lines = 0
preset = 12

[target]
may_fall_by = 0
lowest_mean = 40

[[target.means]]
over_gib = 0
mean = {target}
"""
WRAPPER = '#!/bin/sh\ncase "$*" in *libsvtav1*) date +%s.%N >> "{log}";; esac\nexec "{ffmpeg}" "$@"\n'
OVER = ("replaced", "skipped", "failed")
PATIENCE = 3600.0
_PROGRAM = (sys.executable, "-m", "reencodarr.cli")


def main() -> None:
    """Measure and write the results."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--media", type=Path, default=ROOT.parent / "shared" / "media")
    options.add_argument("--clip", default=FILM, help="what the real films are loops of")
    options.add_argument("--minutes", type=float, default=10.0, help="length of each real film")
    options.add_argument("--target", type=float, default=95.0, help="VMAF to reach; few probes where it is about 75")
    options.add_argument("--films", type=int, default=20, help="trivial films for the rate")
    chosen = options.parse_args()
    results = {
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.platform()},
        "load_at_start": round(os.getloadavg()[0], 1),
        "build": ffmpeg_tool.build(ffmpeg_tool.locate()).identity,
        "preset": 12,
        "target": chosen.target,
    }
    for name, measure in (("films", lambda at: moved(at, chosen.media / chosen.clip, chosen.minutes)),
                          ("rate", lambda at: rate(at, chosen.films))):  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="many-machines-") as place:
            (Path(place) / "policy.toml").write_text(POLICY.format(target=chosen.target))
            results[name] = measure(Path(place))
    target = ROOT / "benchmarks" / "results" / "many_machines.json"
    target.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


def moved(place: Path, clip: Path, minutes: float) -> dict[str, Any]:
    """One worker, and a film of each kind."""
    library = _library(place)
    sizes = {}
    for kind, suffix in KINDS.items():  # Each its own stem: a result may get another suffix.
        film = library / f"{kind}{suffix}"
        looped(clip, film, minutes)
        sizes[kind] = film.stat().st_size
    with _Site.running(place, workers=1) as site:
        site.wait(len(KINDS))
        jobs = site.jobs()
        starts = site.encoder_starts()
    films: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for row in jobs:
        kind = Path(row["path"]).stem
        films[kind].setdefault(row["kind"], []).append(_job(row, sizes[kind], site, jobs, starts))
    return {
        "clip": clip.name,
        "minutes": minutes,
        "source_bytes": sizes,
        "jobs": films,
        "ended": site.states(),
        "peak_rss_mib": site.memory.peaks(),
    }


def rate(place: Path, films: int) -> dict[str, Any]:
    """Two workers and films whose work is next to nothing."""
    library = _library(place)
    for number in range(films):
        trivial(library / f"film-{number}.mkv", number)
    with _Site.running(place, workers=2) as site:
        site.wait(films)
        jobs = site.jobs()
    done = [row for row in jobs if row["outcome"] == "done"]
    seconds = max(row["ended"] for row in done) - min(row["started"] for row in done)
    return {
        "films": films,
        "workers": 2,
        "jobs_done": len(done),
        "jobs_not_done": len(jobs) - len(done),
        "wall_s": round(seconds, 1),
        "jobs_per_hour": round(3600 * len(done) / seconds, 1),
        "encoder_busy_s": round(sum(row["encode_seconds"] or 0.0 for row in jobs), 1),
        "ended": site.states(),
        "peak_rss_mib": site.memory.peaks(),
    }


def looped(clip: Path, film: Path, minutes: float) -> None:
    """A real clip over and over, its streams copied."""
    length = ["-t", str(minutes * 60), "-map", "0:v:0", "-map", "0:a:0?", "-c", "copy"]
    _ffmpeg("-stream_loop", "-1", "-i", clip, *length, film)
    _age(film)


def trivial(film: Path, seed: int) -> None:
    """Two seconds of a test picture with noise: quick to encode, and worth it."""
    source = f"testsrc2=size=320x180:rate=24:duration=2,noise=alls=12:all_seed={seed + 1}"
    _ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "veryfast", "-crf", "6", film)
    _age(film)


@dataclass(frozen=True, kw_only=True)
class _Site:
    """A server and its workers, and everything that looks at them."""

    place: Path
    relay: Relay
    memory: "_Memory"
    ready: dict[str, float] = field(default_factory=dict)
    """When each job was first seen ready, by key."""

    @classmethod
    @contextmanager
    def running(cls, place: Path, *, workers: int) -> "Iterator[_Site]":
        ports = {name: servers.free_port() for name in ("PORT", "BUCKET_PORT", "DASHBOARD_PORT")}
        with ExitStack() as running:
            relay = running.enter_context(Relay.to(ports["BUCKET_PORT"]))
            environment = _server_environment(place, ports, relay)
            _analyse(place)
            up = running.enter_context(_started([*_PROGRAM, "up", "--no-worker", "--no-dashboard"], environment,
                                                place / "up.log"))  # fmt: skip
            _until(lambda: "Ready." in (place / "up.log").read_text(), "the server did not start", process=up)
            site = cls(place=place, relay=relay, memory=_Memory())
            site.memory.add("server", up.pid)
            running.enter_context(_repeated(site.memory.look, every=0.5))
            for number in range(workers):
                token = _command(environment, "workers", "add", f"worker-{number}").strip()
                worker = running.enter_context(_worker(place, number, token))
                site.memory.add("worker", worker.pid)
            running.enter_context(_repeated(site.note_ready, every=0.1))
            yield site

    def wait(self, films: int) -> None:
        """Until so many films came to an end."""
        _until(lambda: sum(self.states().get(state, 0) for state in OVER) == films, "the films did not end")

    def states(self) -> dict[str, int]:
        return dict(self.rows("select state, count(*) from video_states group by state"))

    def jobs(self) -> list[dict[str, Any]]:
        """Work that was given away, oldest first."""
        rows = self.rows(
            """select j.key, j.kind, j.outcome, j.flow_run, j.started_at, j.ended_at, v.path, e.seconds
            from jobs j join videos v on v.id = j.video_id
            left join encodes e on e.video_id = v.id and j.kind = 'encode' where j.key is not null order by j.id"""
        )
        runs = self._runs()
        return [
            {
                "key": key, "kind": kind, "outcome": outcome, "path": path, "encode_seconds": seconds,
                "started": _moment(started), "ended": _moment(ended),
                "run_started": runs[run][0], "run_ended": runs[run][1],
            }
            for key, kind, outcome, run, started, ended, path, seconds in rows
            if run in runs
        ]  # fmt: skip

    def _runs(self) -> dict[str, tuple[float, float]]:
        """Start and end of every run, by its id, as Prefect knows them."""
        found = self.rows("select id, start_time, end_time from flow_run", "prefect/prefect.db")
        return {str(UUID(run)): (_moment(start), _moment(end)) for run, start, end in found}

    def rows(self, query: str, database: str = "reencodarr.db") -> list[Any]:
        with contextlib.closing(sqlite3.connect(self.place / "data" / database, timeout=30)) as connection:
            return connection.execute(query).fetchall()

    def note_ready(self) -> None:
        for (key,) in self.rows("select key from jobs where phase = 'ready'"):
            self.ready.setdefault(key, time.time())

    def encoder_starts(self) -> list[float]:
        """When workers' encoders were started, in order."""
        return sorted(float(line) for log in self.place.glob("encoder-*.log") for line in log.read_text().split())


def _job(
    row: dict[str, Any], source: int, site: _Site, runs: Sequence[dict[str, Any]], starts: Sequence[float]
) -> dict[str, Any]:
    """The figures of one job. A worker has one run at a time, so what passed during its run is its."""
    down, up = site.relay.between(row["run_started"], row["run_ended"])
    before = [one["run_ended"] for one in runs if one["run_ended"] <= row["run_started"]]
    could_begin = max([site.ready.get(row["key"], row["started"]), *before])
    first = next((start for start in starts if row["run_started"] <= start <= row["run_ended"]), None)
    return {
        "outcome": row["outcome"],
        "bytes_down": down,
        "bytes_up": up,
        "down_share_of_source": round(down / source, 4),
        "up_share_of_source": round(up / source, 4),
        "ready_to_encoder_s": round(first - could_begin, 1) if first is not None else None,
        "run_s": round(row["run_ended"] - row["run_started"], 1),
    }


class _Memory:
    """The largest resident set of every kind of process below some, in MiB."""

    def __init__(self) -> None:
        self._roots: list[tuple[str, int]] = []
        self._peaks: dict[str, float] = {}
        self._sums: dict[str, float] = {}

    def add(self, side: str, pid: int) -> None:
        self._roots.append((side, pid))

    def look(self) -> None:
        sums: dict[str, float] = {}
        for side, pid in list(self._roots):
            with contextlib.suppress(psutil.Error):
                root = psutil.Process(pid)
                for one in (root, *root.children(recursive=True)):
                    self._note(side, one, sums)
        for side, total in sums.items():
            self._sums[side] = max(self._sums.get(side, 0.0), total)

    def peaks(self) -> dict[str, dict[str, float]]:
        """By side and kind; `all_at_once` is the largest sum (shared pages count in each)."""
        found: dict[str, dict[str, float]] = {side: {"all_at_once": round(sum_)} for side, sum_ in self._sums.items()}
        for name, peak in sorted(self._peaks.items()):
            side, _, kind = name.partition("/")
            found[side][kind] = round(peak)
        return found

    def _note(self, side: str, process: psutil.Process, sums: dict[str, float]) -> None:
        try:
            words, size = process.cmdline(), process.memory_info().rss / 2**20
        except psutil.Error:
            return
        sums[side] = sums.get(side, 0.0) + size
        name = f"{side}/{_kind(words)}"
        self._peaks[name] = max(self._peaks.get(name, 0.0), size)


def _kind(words: Sequence[str]) -> str:
    """What a process is, by its command line."""
    said = " ".join(words)
    marks = {
        "uvicorn": "api", "serve s3": "bucket", "server_worker dispatch": "dispatch", "server_worker": "work",
        "cli up": "up", "cli worker": "worker", "prefect.engine": "run", "flow_engine": "run",
        "libsvtav1": "ffmpeg encoding", "libvmaf": "ffmpeg measuring",
    }  # fmt: skip
    return next((kind for mark, kind in marks.items() if mark in said), "other")


def _server_environment(place: Path, ports: dict[str, int], relay: Relay) -> dict[str, str]:
    said = {
        "DATA_DIR": place / "data",
        "POLICY": place / "policy.toml",
        "STABLE_SECONDS": 5,
        "RESERVE_BYTES": 0,
        "BUCKET__PUBLIC_ENDPOINT": f"http://127.0.0.1:{relay.port}",
        **{f"SERVER__{name}": port for name, port in ports.items()},
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | {f"REENCODARR_{name}": str(value) for name, value in said.items()}


def _analyse(place: Path) -> None:
    """Scan the library and decide about its films, before the server runs."""
    settings = Settings(data_dir=place / "data", policy=place / "policy.toml", stable_seconds=5, reserve_bytes=0)
    database.upgrade(settings.database)
    workplace = open_workplace(settings)
    scanning.scan(workplace, place / "films")
    with database.session(workplace.database) as session:
        for library in scanning.libraries_of(workplace, [place / "films"]):
            roots.confirm(session, library)
    waiting = queue.waiting(workplace, [str(place / "films")], analysis_only=True)
    for outcome in analysis.analyse(workplace, waiting):
        print(outcome.words, file=sys.stderr)
    workplace.database.dispose()


@contextmanager
def _worker(place: Path, number: int, token: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with nothing but its token, folders of its own, and an ffmpeg that tells of its encoders."""
    folder = place / f"worker-{number}"
    folder.mkdir()
    wrapper = folder / "ffmpeg"
    wrapper.write_text(WRAPPER.format(ffmpeg=ffmpeg_tool.locate(), log=place / f"encoder-{number}.log"))
    wrapper.chmod(0o755)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "FFMPEG_PATH": str(wrapper),
        "REENCODARR_TOKEN": token,
        "REENCODARR_DATA_DIR": str(folder / "data"),
        "REENCODARR_SCRATCH_DIR": str(folder / "scratch"),
        "REENCODARR_RESERVE_BYTES": "0",
    }
    log = place / f"worker-{number}.log"
    with _started([*_PROGRAM, "worker"], environment, log) as process:
        _until(lambda: "Pool " in log.read_text(), "the worker was not let in", process=process)
        log_of_check = place / f"encoder-{number}.log"
        log_of_check.unlink(missing_ok=True)  # What it tried before it joined.
        yield process


@contextmanager
def _started(
    command: Sequence[str], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:  # fmt: skip
    with log.open("wb") as words:
        process = subprocess.Popen(
            command, env=environment, cwd="/", start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(90)
        except subprocess.TimeoutExpired:
            processes.end_tree(process.pid)
            process.wait()


@contextmanager
def _repeated(look: Any, *, every: float) -> Iterator[None]:
    """Do something again and again beside the block."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(every):
            with contextlib.suppress(sqlite3.Error):
                look()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _command(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([*_PROGRAM, *arguments], env=environment, capture_output=True, text=True, cwd="/")
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def _until(ask: Any, words: str, *, process: "subprocess.Popen[bytes] | None" = None) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ask():
        if time.monotonic() > deadline or (process is not None and process.poll() is not None):
            raise RuntimeError(words)
        time.sleep(0.2)


def _library(place: Path) -> Path:
    library = place / "films"
    library.mkdir()
    return library


def _ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(
        [ffmpeg_tool.locate(), *ffmpeg_tool.QUIET, "-v", "error", "-y", *arguments],
        check=True,
        stdin=subprocess.DEVNULL,
    )


def _age(film: Path) -> None:
    """As if it had been there for an hour."""
    os.utime(film, (time.time() - 3600,) * 2)


def _moment(text: str | None) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() if text else time.time()


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
