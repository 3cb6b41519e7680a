"""The arms: what each is called, how its program is asked, and how its answer is read.

All have the same ffmpeg, found under the name of a shell script that lets ffmpeg write a report of each of its runs:
from these frames are counted, alike for all.
"""

import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.crf_search.films import Film
from reencodarr.encoding.plan import VideoPlan
from reencodarr.tools import abav1 as abav1_tool
from reencodarr.tools import capacity
from reencodarr.tools import ffmpeg as ffmpeg_tool

ABAV1, THOROUGH, COLD, WARM, EVERY, EQUAL = (
    "abav1",
    "abav1-thorough",
    "ours-cold",
    "ours-warm",
    "ours-k1",
    "ours-equal",
)
ARMS = {
    ABAV1: "ab-av1 with its own settings",
    THOROUGH: "ab-av1 --thorough",
    COLD: "ours, nothing known",
    WARM: "ours, the other episodes known",
    EVERY: "ours, every frame scored",
    EQUAL: "ours, stopping up to 0.2 above the target",
}
_AIM: dict[str, dict[str, float]] = {EVERY: {"subsample": 1}, EQUAL: {"tolerance": 0.2}}
SHIM = """#!/bin/sh
FFREPORT=file={reports}/$$.log:level=32 exec "{ffmpeg}" "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an arm is asked."""

    arm: str
    film: Film
    video: VideoPlan
    target: float
    siblings: tuple[dict[str, Any], ...] = ()
    """For the warm arm: what the other episodes' searches taught; see `child`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What it said."""

    crf: float | None
    """None where it found none."""
    predicted: float | None = None
    predicted_size: float | None = None
    probes: tuple[dict[str, Any], ...] = ()
    lesson: dict[str, Any] = field(default_factory=dict)
    """What it teaches later searches; empty for ab-av1, which learns nothing."""
    note: str = ""
    start_cpu_s: float = 0.0
    """Of `cpu_s`, what Python took to come up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """What all runs of ffmpeg did together."""

    encoded: int
    scored: int
    runs: int


def is_ours(arm: str) -> bool:
    """Whether our engine answers."""
    return arm.startswith("ours")


def prepared(folder: Path) -> dict[str, str]:
    """The environment of an arm, whose programs and cache are in `folder`, which must be empty."""
    for name in ("reports", "programs", "scratch", "cache"):
        (folder / name).mkdir()
    ffmpeg, shim = ffmpeg_tool.locate(), _shim(folder)
    shim.write_text(SHIM.format(reports=folder / "reports", ffmpeg=ffmpeg))
    shim.chmod(0o755)
    shim.with_name("ffprobe").symlink_to(abav1_tool.ffprobe(ffmpeg))
    path = os.pathsep.join([str(shim.parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "XDG_CACHE_HOME": str(folder / "cache")}


def words(question: Question, folder: Path) -> list[str]:
    """The arm's program and its arguments, in a prepared folder."""
    return _ours(question, folder) if is_ours(question.arm) else _abav1(question, folder)


def answer(question: Question, said: str) -> Answer:
    """The program's answer out of its standard output."""
    return _our_answer(question, said) if is_ours(question.arm) else _abav1_answer(said)


def counted(reports: Path) -> Frames:
    """Frames that were encoded with SVT-AV1 and scored by libvmaf, by ffmpeg's own reports."""
    encoded = scored = 0
    files = list(reports.glob("*.log"))
    for file in files:
        text = file.read_text(errors="replace")
        asked = text.split("\nCommand line:\n", 1)[1].split("\n", 1)[0]
        frames = int((re.findall(r"frame=\s*(\d+)", text) or [0])[-1])
        if "libvmaf" in asked:
            subsample = re.search(r"n_subsample=(\d+)", asked)
            scored += -(-frames // int(subsample[1] if subsample else 1))
        elif "libsvtav1" in asked and "lavfi" not in asked:  # a frame of lavfi's only asks for the version
            encoded += frames
    return Frames(encoded=encoded, scored=scored, runs=len(files))


def require_abav1() -> Path:
    """ab-av1: AB_AV1_PATH, else the one on PATH."""
    named = os.environ.get("AB_AV1_PATH")
    found = abav1_tool.locate(Path(named) if named else None)
    if found is None:
        raise SystemExit("ab-av1 is not there: set AB_AV1_PATH, or `cargo install ab-av1`.")
    abav1_tool.require(found, ffmpeg=ffmpeg_tool.locate())
    return found


def _shim(folder: Path) -> Path:
    return folder / "programs" / "ffmpeg"


def _ours(question: Question, folder: Path) -> list[str]:
    film = question.film
    asked = {
        "source": str(film.path.absolute()),
        "duration": film.duration,
        "width": film.width,
        "height": film.height,
        "video": asdict(question.video),
        "target": question.target,
        "aim": _AIM.get(question.arm, {}),
        "siblings": question.siblings,
        "ffmpeg": str(_shim(folder)),
        "workers": capacity.cores(),  # the settings' own choice
        "scratch": str(folder / "scratch"),
    }
    return [sys.executable, "-m", "benchmarks.crf_search.child", json.dumps(asked)]


def _our_answer(question: Question, said: str) -> Answer:
    found: dict[str, Any] = json.loads(said)
    return Answer(
        crf=found["crf"],
        predicted=found["predicted"],
        predicted_size=found["percent"] / 100 * question.film.source_size,
        probes=tuple(found["probes"]),
        lesson=found["lesson"],
        note=found["reason"],
        start_cpu_s=found["start_cpu_s"],
    )


def _abav1(question: Question, folder: Path) -> list[str]:
    """Its own range, samples, subsample and tolerance; our encoder's settings, and no end for the size's sake."""
    video = question.video
    words = [str(require_abav1()), "crf-search", "--stdout-format", "json", "-i", str(question.film.path.absolute())]
    words += ["--encoder", "libsvtav1", "--preset", str(video.preset), "--pix-format", video.pixel_format]
    words += ["--scd", "false"]
    # -1 is ffmpeg's own word for the encoder's choice; left alone it takes 10 s for films over 3 minutes.
    words += ["--keyint", str(video.keyframe_interval)] if video.keyframe_interval else ["--enc", "g=-1"]
    words += [word for key, value in video.svt_parameters for word in ("--svt", f"{key}={value}")]
    words += ["--vfilter", ",".join(video.filters)] if video.filters else []
    words += ["--min-vmaf", f"{question.target:g}", "--vmaf-scale", "none", "--max-encoded-percent", "1000"]
    words += ["--thorough"] if question.arm == THOROUGH else []
    return [*words, "--temp-dir", str(folder / "scratch")]


def _abav1_answer(said: str) -> Answer:
    lines: Sequence[dict[str, Any]] = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    probes = tuple(
        {"crf": line["crf"], "vmaf": line["vmaf"], "size": line["predicted_encode_size"]}
        for line in lines
        if line["type"] == "sample-encode-done"
    )
    done = next((line for line in lines if line["type"] == "crf-search-done"), None)
    if done is None:
        return Answer(crf=None, probes=probes, note=str(lines[-1].get("message", "")) if lines else "it said nothing")
    best = next(probe for probe in reversed(probes) if probe["crf"] == done["crf"])
    return Answer(crf=done["crf"], predicted=best["vmaf"], predicted_size=best["size"], probes=probes)
