"""The main job, measured: `python -m benchmarks.main_job [--media FOLDER] [--films N]`.

On real films it measures analysis files/s, probes and CPU seconds a search, predicted against achieved VMAF, what
orchestration costs on top of ffmpeg, how soon something is to be read and ffmpeg works, and memory. ffmpeg is counted
from outside, by a wrapper that FFMPEG_PATH names, so no figure is the program's own word. Results go to
`benchmarks/results/main_job.json` and `docs/results.md` quotes them. Machines differ: read ratios.
"""

import argparse
import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from reencodarr.media import mediainfo
from reencodarr.tools import ffmpeg as ffmpeg_tool

ROOT = Path(__file__).parents[1]
FILMS = (
    "h264_480p24_bbb_aac51.mp4",
    "h264_720p24_sintel_trailer.mp4",
    "h264_480p30_gopro_karma_gpmd.mp4",
    "h264_720p30_tv_dog.mp4",
    "msmpeg4_576p10_vtest.avi",
    "made_rich_480p24.mkv",
    "made_h264_vfr_drop3.mp4",
)
"""Real films of the corpus that the default policy encodes."""
LATER = "h264_480p_4by3_aac51.mp4"
POLICY = "[[video.presets]]\nfrom_lines = 0\npreset = 8\n"
WRAPPER = """#!/bin/sh
s=$(date +%s.%N); "{ffmpeg}" "$@"; c=$?; echo "$s $(date +%s.%N)" >> "{log}"; exit $c
"""


@dataclass(frozen=True, kw_only=True)
class Start:
    """One run from Enter on."""

    first_line_s: float
    first_encode_s: float | None
    wall_s: float
    ffmpeg_s: float
    """Time during which at least one ffmpeg ran."""
    overhead_s: float
    runs_of_ffmpeg: int
    own_memory_mib: float
    server_memory_mib: float
    ffmpeg_memory_mib: float
    exit_code: int


def main() -> None:
    """Measure and write the results."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--media", type=Path, default=ROOT.parent / "shared" / "media")
    options.add_argument("--films", type=int, default=len(FILMS))
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as place:
        results = measured(chosen.media, FILMS[: chosen.films], Path(place))
    target = ROOT / "benchmarks" / "results" / "main_job.json"
    target.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


def measured(media: Path, names: tuple[str, ...], place: Path) -> dict[str, Any]:
    """All figures."""
    library = place / "films"
    library.mkdir()
    for name in names:
        add(media / name, library)
    first = run(library, place, "first")
    add(media / LATER, library)
    second = run(library, place, "second")
    third = run(library, place, "third")
    return {
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.platform()},
        "build": ffmpeg_tool.build(ffmpeg_tool.locate()).identity,
        "preset": 8,
        "analysis": analysis(media),
        "first_start": asdict(first),
        "second_start_one_new_film": asdict(second),
        "third_start_nothing_to_do": asdict(third),
        "films": films(place / "data" / "reencodarr.db"),
    }


def add(film: Path, library: Path) -> None:
    """Copy a film into the library, as if it had been there for an hour."""
    copied = library / film.name
    shutil.copy(film, copied)
    os.utime(copied, (time.time() - 3600,) * 2)


def run(library: Path, place: Path, name: str) -> Start:
    """One `reencodarr run`, timed from outside."""
    log = place / f"{name}.log"
    wrapper = place / f"ffmpeg-{name}"
    wrapper.write_text(WRAPPER.format(ffmpeg=ffmpeg_tool.locate(), log=log))
    wrapper.chmod(0o755)
    (place / "policy.toml").write_text(POLICY)
    environment = {
        **os.environ,
        "REENCODARR_DATA_DIR": str(place / "data"),
        "REENCODARR_POLICY": str(place / "policy.toml"),
        "FFMPEG_PATH": str(wrapper),
    }
    began, started = time.time(), time.monotonic()
    process = subprocess.Popen(
        [Path(sys.executable).parent / "reencodarr", "run", "--yes", library],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    watch = _Memory(process.pid)
    assert process.stdout is not None
    process.stdout.read(1)
    first_line = time.monotonic() - started
    encode_at: list[float] = []
    watch.on_encode = lambda: encode_at.append(time.monotonic() - started) if not encode_at else None
    watch.start()
    process.stdout.read()
    process.wait()
    wall = time.monotonic() - started
    watch.stop()
    spans = [tuple(map(float, line.split())) for line in log.read_text().splitlines()] if log.exists() else []
    busy = _union([(start, end) for start, end in spans if start >= began])
    return Start(
        first_line_s=round(first_line, 2),
        first_encode_s=round(encode_at[0], 2) if encode_at else None,
        wall_s=round(wall, 1),
        ffmpeg_s=round(busy, 1),
        overhead_s=round(wall - busy, 1),
        runs_of_ffmpeg=len(spans),
        own_memory_mib=watch.peak("own"),
        server_memory_mib=watch.peak("server"),
        ffmpeg_memory_mib=watch.peak("ffmpeg"),
        exit_code=process.returncode,
    )


def analysis(media: Path) -> dict[str, Any]:
    """MediaInfo over the corpus, four times in a row, by one process and by as many as cores."""
    from concurrent.futures import ThreadPoolExecutor

    files = [path for path in sorted(media.iterdir()) if path.suffix != ".tsv"] * 4

    def read(part: list[Path]) -> int:
        return sum(1 for _ in mediainfo.read_many(part))

    def rate(workers: int) -> float:
        started = time.monotonic()
        with ThreadPoolExecutor(workers) as pool:
            read_files = sum(pool.map(read, [files[first::workers] for first in range(workers)]))
        return read_files / (time.monotonic() - started)

    rate(1)
    serial = statistics.median(rate(1) for _ in range(3))
    parallel = statistics.median(rate(os.cpu_count() or 1) for _ in range(3))
    return {"files": len(files), "files_per_s_one": round(serial, 1), "files_per_s_all_cores": round(parallel, 1)}


def films(database: Path) -> list[dict[str, Any]]:
    """Each film's search and encode, from the database."""
    with sqlite3.connect(database) as connection:
        rows = connection.execute(
            """select v.path, t.state, t.reason,
                (select count(*) from vmaf_probes p where p.video_id = v.id),
                (select sum(cpu_seconds) from vmaf_probes p where p.video_id = v.id),
                e.crf, e.predicted, e.achieved, e.source_size, e.size, e.cpu_seconds, e.frames
            from videos v join video_states t on t.video_id = v.id
            left join encodes e on e.id = (select max(id) from encodes where video_id = v.id) order by v.path"""
        ).fetchall()
    return [
        {
            "film": Path(path).name,
            "state": state,
            "reason": reason,
            "probes": probes,
            "search_cpu_s": round(search or 0.0, 1),
            "crf": crf,
            "predicted": round(predicted, 2) if predicted else None,
            "achieved": round(achieved, 2) if achieved else None,
            "size_ratio": round(after / before, 3) if before and after else None,
            "encode_cpu_s": round(encode or 0.0, 1),
            "frames": frames,
        }
        for path, state, reason, probes, search, crf, predicted, achieved, before, after, encode, frames in rows
    ]


class _Memory:
    """Largest resident sets of the processes below one, looked at ten times a second."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._peaks: dict[str, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.on_encode = lambda: None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def peak(self, name: str) -> float:
        return round(self._peaks.get(name, 0.0), 1)

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            try:
                self._note("own", self._root)
                for child in self._root.children(recursive=True):
                    words = child.cmdline()
                    if "libsvtav1" in words and "lavfi" not in words:
                        self.on_encode()
                    self._note("server" if "uvicorn" in words else "ffmpeg" if "-i" in words else "other", child)
            except psutil.Error:
                continue

    def _note(self, name: str, process: psutil.Process) -> None:
        self._peaks[name] = max(self._peaks.get(name, 0.0), process.memory_info().rss / 2**20)


def _union(spans: list[tuple[float, float]]) -> float:
    """The time covered by at least one span."""
    total, reached = 0.0, 0.0
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
