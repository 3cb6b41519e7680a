"""The truth about a film at a preset: full encodes at a grid of CRFs, each scored by one neutral scorer.

The encodes have exactly the arguments of a run. The scorer is ffmpeg's libvmaf and shares no code with what it judges:
frames are paired by number, every one is scored in films of up to 1,500 frames and every third in longer ones, at the
encode's own size. What was measured stays in the work folder and is not measured again.
"""

import json
import math
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path

from benchmarks.crf_search import films
from benchmarks.crf_search.films import Film
from benchmarks.crf_search.interpolation import Curve, pchip
from reencodarr.encoding import arguments
from reencodarr.encoding.encoders import choice
from reencodarr.encoding.encoders.encoder import Clip
from reencodarr.encoding.plan import VideoPlan
from reencodarr.quality import encoded
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.units import Crf

MODEL = "vmaf_v0.6.1"
EVERY_FRAME_UP_TO = 1500
CEILING = 100.3
START = 32
LOWEST, HIGHEST = 8, 64
FAR = 12
"""The longest step, in CRF."""
USUAL_SLOPE = 0.06
STEP = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One full encode."""

    crf: float
    vmaf: float
    size: int
    """Bytes of its video's packets."""
    frames: int
    subsample: int
    encode_cpu_s: float
    score_cpu_s: float


@dataclass(slots=True, kw_only=True)
class Reference:
    """A film's curve at a preset; grows by full encodes where it is asked for more."""

    film: Film
    video: VideoPlan
    folder: Path
    points: dict[float, Point] = field(default_factory=dict)

    @property
    def grid(self) -> int:
        """CRFs between two encodes."""
        return 4 if self.film.is_long else 2

    def reach(self, targets: Sequence[float]) -> None:
        """Measure until neighbours of the grid enclose each target, and three points at least."""
        self.at(START)
        for target in targets:
            while (crf := self.wanted(target)) is not None:
                self.at(crf)
        if len(self.points) < 3:
            self.at(max(self.points) + self.grid)

    def wanted(self, target: float) -> float | None:
        """The next grid point to measure for a target; None where neighbours enclose it, or the range ends."""
        points = sorted(self.points.values(), key=lambda point: point.crf)
        good = max((point for point in points if point.vmaf >= target), key=lambda point: point.crf, default=None)
        bad = next((point for point in points if point.vmaf < target and (not good or point.crf > good.crf)), None)
        near = good or bad
        assert near is not None
        ends = (good, bad) if good and bad else (points[0], points[-1])
        away = (_loss(target) - _loss(near.vmaf)) / _slope(*ends)
        grid = round((near.crf + min(max(away, -FAR), FAR)) / self.grid) * self.grid
        if good and bad:
            between = min(max(grid, good.crf + self.grid), bad.crf - self.grid)
            return between if bad.crf - good.crf > self.grid else None
        beyond = max(grid, near.crf + self.grid) if good else min(grid, near.crf - self.grid)
        held = min(max(beyond, LOWEST), HIGHEST)
        return None if held == near.crf else held

    def cover(self, crf: float) -> None:
        """Measure the grid points around a CRF that somebody chose."""
        for edge in {math.floor(crf / self.grid), math.ceil(crf / self.grid)}:
            self.at(min(max(edge * self.grid, LOWEST), 70))

    def at(self, crf: float) -> Point:
        """The full encode at a CRF, made if it must be."""
        if crf not in self.points:
            file = self.folder / f"crf-{crf:g}.json"
            if not file.exists():
                _measure(self.film, self.video, Crf(crf), file)
            self.points[crf] = Point(**json.loads(file.read_text())["point"])
        return self.points[crf]

    def vmaf(self, crf: float) -> float:
        """VMAF of the full encode at a CRF, by PCHIP in ln(100.3 - VMAF)."""
        return CEILING - math.exp(_losses(list(self.points.values()))(crf))

    def size(self, crf: float) -> float:
        """Bytes of the full encode at a CRF, by PCHIP in ln(size)."""
        return math.exp(pchip([(p.crf, math.log(p.size)) for p in self.points.values()])(crf))

    def covers(self, crf: float) -> bool:
        """Whether full encodes enclose a CRF; beyond them the curve is a guess."""
        return len(self.points) > 1 and min(self.points) <= crf <= max(self.points)

    def best(self, target: float) -> float | None:
        """The highest quarter CRF that meets the target; None where full encodes do not enclose it."""
        if not self.points or (max(self.points) < HIGHEST and self.vmaf(max(self.points)) >= target):
            return None
        steps = range(round(max(self.points) / STEP), round(min(self.points) / STEP) - 1, -1)
        return next((step * STEP for step in steps if self.vmaf(step * STEP) >= target), None)

    def left_out(self) -> list[float]:
        """How far each inner point is from the curve through the others, in VMAF: what interpolating may cost."""
        points = sorted(self.points.values(), key=lambda point: point.crf)
        errors = []
        for place in range(1, len(points) - 1):
            rest = points[:place] + points[place + 1 :]
            errors.append(CEILING - math.exp(_losses(rest)(points[place].crf)) - points[place].vmaf)
        return errors


def opened(film: Film, preset: int, *, work: Path) -> Reference:
    """What is known of a film at a preset so far; measures nothing."""
    video = films.video_plan(film, preset)
    build = ffmpeg_tool.build(ffmpeg_tool.locate()).identity
    meaning = films.hashed(" ".join(arguments.video_encoder(video, Crf(0))), " ".join(video.filters), build, MODEL)
    folder = work / "reference" / f"{film.name}-{film.key}" / f"preset{preset}-{meaning}"
    folder.mkdir(parents=True, exist_ok=True)
    made = Reference(film=film, video=video, folder=folder)
    for file in folder.glob("crf-*.json"):
        made.at(float(file.stem.removeprefix("crf-")))
    return made


def build_all(references: Sequence[Reference], targets: Sequence[float], *, workers: int = 2) -> None:
    """Measure what all targets need, several films side by side; the first are begun first."""

    def reach(reference: Reference) -> None:
        reference.reach(targets)
        best = {target: reference.best(target) for target in targets}
        print(
            f"{reference.film.name}, preset {reference.video.preset}: {len(reference.points)} encodes, {best}",
            flush=True,
        )

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(reach, references))


def _loss(vmaf: float) -> float:
    """Nearly straight in CRF."""
    return math.log(CEILING - min(vmaf, 100.0))


def _slope(low: Point, high: Point) -> float:
    """Loss per CRF; what is usual where there is one point, or no rise."""
    rise = _loss(high.vmaf) - _loss(low.vmaf)
    return rise / (high.crf - low.crf) if high.crf > low.crf and rise > 0 else USUAL_SLOPE


def _losses(points: Sequence[Point]) -> Curve:
    return pchip([(point.crf, _loss(point.vmaf)) for point in points])


def _measure(film: Film, video: VideoPlan, crf: Crf, file: Path) -> None:
    """Encode and score the whole film; writes `file` at the end, all at once."""
    ffmpeg = ffmpeg_tool.locate()
    with tempfile.TemporaryDirectory(dir=file.parent, prefix="making-") as place:
        result = Path(place) / "encoded.mkv"
        clip = Clip(
            opened=("-i", film.path.absolute()),
            stream="0:v:0",
            time_base=Fraction(1, 1000),
            filters=(*video.filters, "setpts=PTS-STARTPTS"),
            video=video,
            crf=crf,
            threads=2,
            about=film.path,
        )
        done = choice.encoder(ffmpeg).clip(clip, result, on_line=lambda line: None)
        sizes = encoded.read(result).sizes
        subsample = 1 if len(sizes) <= EVERY_FRAME_UP_TO else 3
        scores, cpu = _scores(film.path, result, video, subsample=subsample, frames=len(sizes))
        point = Point(
            crf=float(crf),
            vmaf=math.fsum(scores) / len(scores),
            size=sum(sizes),
            frames=len(sizes),
            subsample=subsample,
            encode_cpu_s=round(done.cpu, 2),
            score_cpu_s=round(cpu, 2),
        )
        whole = Path(place) / "point.json"
        whole.write_text(
            json.dumps({"point": asdict(point), "scores": [round(s, 3) for s in scores], "sizes": [*sizes]})
        )
        whole.replace(file)


def _scores(source: Path, result: Path, video: VideoPlan, *, subsample: int, frames: int) -> tuple[list[float], float]:
    """The score of every k-th frame, and CPU seconds."""
    log = result.with_name("vmaf.json")
    same = "format=yuv420p10le,settb=1/25,setpts=N,setsar=1"
    chain = ",".join([*video.filters, same])
    vmaf = f"libvmaf=model=version={MODEL}:log_fmt=json:log_path={log.name}:n_threads=2:n_subsample={subsample}"
    graph = f"[0:v:0]{same}[d];[1:v:0]{chain}[r];[d][r]{vmaf}[o]"
    inputs = ["-threads", "2", "-i", str(result), "-threads", "2", "-i", str(source.absolute())]
    words = ["-hide_banner", "-nostdin", "-progress", "pipe:1", *inputs, "-filter_complex", graph]
    words += ["-map", "[o]", "-fps_mode", "passthrough", "-enc_time_base", "1:25", "-f", "null", "-"]
    command = [str(ffmpeg_tool.locate()), "-v", "error", *words]
    with subprocess.Popen(command, cwd=log.parent, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        said = program.stdout.read()
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    pairs = int(re.findall(r"frame=\s*(\d+)", said)[-1])
    if program.returncode or pairs != frames:
        raise SystemExit(f"{source.name}: {pairs} pairs of {frames} frames were scored.")
    found = json.loads(log.read_text())["frames"]
    return [float(frame["metrics"]["vmaf"]) for frame in found], usage.ru_utime + usage.ru_stime
