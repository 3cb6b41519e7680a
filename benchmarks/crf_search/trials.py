"""Trials: one arm asked about one film, measured, in a random order; what was tried stays in the work folder."""

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.crf_search import arms, films
from benchmarks.crf_search.arms import Question
from benchmarks.crf_search.films import Film
from benchmarks.crf_search.reference import Reference
from reencodarr.tools import abav1 as abav1_tool
from reencodarr.tools import ffmpeg as ffmpeg_tool

ENGINE = (
    "reencodarr/quality",
    "reencodarr/encoding",
    "benchmarks/crf_search/child.py",
    "benchmarks/crf_search/arms.py",
)
"""What a kept trial of ours depends on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is to be tried."""

    arm: str
    film: str
    preset: int
    target: float
    repeat: int = 0

    def cold_ones(self) -> list["Case"]:
        """The trials that a warm one has its prior from: the other episodes, cold. None for other arms."""
        if self.arm != arms.WARM:
            return []
        return [
            Case(arm=arms.COLD, film=other, preset=self.preset, target=self.target)
            for other in films.siblings(self.film)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of it."""

    case: Case
    wall_s: float
    cpu_s: float
    start_cpu_s: float
    read_bytes: int
    """From disk; whatever was in the system's cache is missing."""
    read_chars: int
    """By system calls, cached or not; pipes and programs' own files among them."""
    probes: tuple[dict[str, Any], ...]
    encoded_frames: int
    scored_frames: int
    ffmpeg_runs: int
    crf: float | None
    predicted: float | None
    predicted_size: float | None
    note: str
    load: float
    """The load average of the last minute, at the trial's end."""
    lesson: dict[str, Any] = field(default_factory=dict)
    """See `arms.Answer`."""


def cases(
    *, chosen: Sequence[str], names: Sequence[str], presets: Sequence[int], targets: Sequence[float], repeats: int
) -> list[Case]:
    """All that is to be tried, and the cold trials that warm ones need; warm ones of episodes only."""
    wanted = [
        Case(arm=arm, film=name, preset=preset, target=target, repeat=repeat)
        for repeat in range(repeats)
        for preset in presets
        for target in targets
        for name in names
        for arm in chosen
        if arm != arms.WARM or films.siblings(name)
    ]
    return list(dict.fromkeys([*wanted, *(cold for case in wanted for cold in case.cold_ones())]))


def shuffled(wanted: Sequence[Case], *, seed: str) -> Iterator[Case]:
    """In random order, but warm ones after the cold ones that they need."""
    chance = random.Random(seed)
    waiting, done = {case: set(case.cold_ones()) for case in wanted}, set[Case]()
    while waiting:
        case = chance.choice([case for case, needed in waiting.items() if needed <= done])
        del waiting[case]
        done.add(case)
        yield case


def remembered(
    case: Case, found: dict[Case, Trial], reference: Callable[[Case], Reference]
) -> tuple[dict[str, Any], ...]:
    """What a library knows of the other episodes when a warm search begins; see `child`."""
    known = []
    for cold in case.cold_ones():
        trial, curve = found[cold], reference(cold)
        if trial.crf is not None:
            curve.cover(trial.crf)
            known.append({**trial.lesson, "achieved": curve.vmaf(trial.crf)})
    return tuple(known)


def asked(case: Case, reference: Reference, siblings: tuple[dict[str, Any], ...]) -> Question:
    """What the arm is asked."""
    return Question(arm=case.arm, film=reference.film, video=reference.video, target=case.target, siblings=siblings)


def run(case: Case, question: Question, *, work: Path) -> Trial:
    """Try it, in an empty folder and with an empty cache; the film lies in the system's cache for all arms alike."""
    _read_once(question.film)
    with tempfile.TemporaryDirectory(prefix="trial-", dir=work) as place:
        folder = Path(place)
        environment = arms.prepared(folder)
        figures = folder / "figures.json"
        meter = [sys.executable, "-m", "benchmarks.crf_search.meter", str(figures), *arms.words(question, folder)]
        with (folder / "stderr").open("w") as stderr:
            done = subprocess.run(meter, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True, check=True)
        measured: dict[str, Any] = json.loads(figures.read_text())
        if measured.pop("exit_code") and (arms.is_ours(case.arm) or "crf-search-error" not in done.stdout):
            raise SystemExit(f"{case} broke:\n{(folder / 'stderr').read_text()[-3000:]}")
        answer, frames = arms.answer(question, done.stdout), arms.counted(folder / "reports")
    return Trial(
        case=case,
        **measured,
        start_cpu_s=answer.start_cpu_s,
        probes=answer.probes,
        encoded_frames=frames.encoded,
        scored_frames=frames.scored,
        ffmpeg_runs=frames.runs,
        crf=answer.crf,
        predicted=answer.predicted,
        predicted_size=answer.predicted_size,
        note=answer.note,
        load=round(os.getloadavg()[0], 2),
        lesson=answer.lesson,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Trials of earlier runs with the same programs: an interrupted benchmark goes on where it was."""

    work: Path

    def file(self, case: Case, question: Question) -> Path:
        """Where a trial is kept; another place for another question, program or film."""
        ffmpeg = ffmpeg_tool.build(ffmpeg_tool.locate()).identity
        program = engine() if arms.is_ours(case.arm) else abav1_tool.version(arms.require_abav1())
        words = arms.words(question, Path("folder"))
        name = f"{case.film}-p{case.preset}-{case.target:g}-{case.repeat}"
        key = films.hashed(*words, question.film.key, ffmpeg, program)
        return self.work / "trials" / case.arm / f"{name}-{key}.json"

    def read(self, file: Path) -> Trial | None:
        """The trial that was kept; None where there is none."""
        if not file.exists():
            return None
        found = json.loads(file.read_text())
        return Trial(**{**found, "case": Case(**found["case"]), "probes": tuple(found["probes"])})

    def all(self) -> list[Trial]:
        """Every trial that was kept, the newest of each case, in the order of arms and films."""
        files = sorted((self.work / "trials").glob("*/*.json"), key=lambda file: file.stat().st_mtime)
        newest = {trial.case: trial for trial in map(self.read, files) if trial is not None}
        return sorted(
            newest.values(),
            key=lambda trial: (trial.case.film, trial.case.preset, list(arms.ARMS).index(trial.case.arm)),
        )

    def write(self, file: Path, trial: Trial) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(trial)))
        partial.replace(file)


def engine() -> str:
    """A hash of the engine's source: whatever of it changes makes its trials new ones."""
    places = [Path(__file__).parents[2] / name for name in ENGINE]
    files = [file for place in places for file in (sorted(place.rglob("*.py")) if place.is_dir() else [place])]
    return films.hashed(*(file.read_text() for file in files))


def _read_once(film: Film) -> None:
    with film.path.open("rb") as file:
        while file.read(1 << 20):
            pass
