"""The CRF search, measured: `python -m benchmarks.crf_search [--quick] [--media FOLDER] [--work FOLDER]`.

Our engine and ab-av1 search the same films to the same targets with the same ffmpeg, encoder and settings, in a random
order, each trial in a process of its own that is counted from outside. What they choose is judged by full encodes of
every film, which one neutral scorer has scored. Results go to `benchmarks/results/crf_search.json`, tables to standard
output; `docs/results.md` quotes them. Full encodes and trials are kept in the work folder, so that what was interrupted
goes on; `--fresh` tries everything again. Machines differ: read ratios.

Needs ab-av1 0.11 (AB_AV1_PATH, or on PATH), ffprobe and the corpus of media. Linux only.
"""

import argparse
import json
import os
import platform
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.crf_search import arms, figures, films, reference, tables, trials
from benchmarks.crf_search.films import Film
from benchmarks.crf_search.reference import Reference
from benchmarks.crf_search.trials import Case, Kept, Trial
from reencodarr.tools import abav1 as abav1_tool
from reencodarr.tools import ffmpeg as ffmpeg_tool

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "crf_search.json"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reencodarr-benchmark"
QUICK = {"arms": [arms.ABAV1, arms.COLD], "films": ["tv_dog", "karma"], "presets": [8], "targets": [95.0]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The films and what is known of them."""

    work: Path
    films: dict[str, Film]
    references: dict[tuple[str, int], Reference]

    def reference(self, case: Case) -> Reference:
        return self.references[case.film, case.preset]


def main() -> None:
    """Measure and write the results."""
    chosen = _options()
    if chosen.kept:
        _show_kept(chosen)
        return
    site = _site(chosen)
    if not chosen.trials_only:
        reference.build_all(list(site.references.values()), chosen.targets, workers=chosen.workers)
    if chosen.references_only:
        return
    wanted = trials.cases(
        chosen=chosen.arms,
        names=chosen.films,
        presets=chosen.presets,
        targets=chosen.targets,
        repeats=chosen.repeats,
    )
    found = _tried(wanted, site, fresh=chosen.fresh)
    if not chosen.trials_only:
        _cover(found, site, workers=chosen.workers)
    _show([found[case] for case in wanted], site, chosen.results)


def _show(found: Sequence[Trial], site: Site, file: Path) -> None:
    """Write the results, print the tables."""
    rows = [figures.row(trial, site.reference(trial.case)) for trial in found]
    results = _results(rows, site)
    file.write_text(json.dumps(results, indent=1) + "\n")
    print(tables.of(rows, results["summary"]))


def _show_kept(chosen: argparse.Namespace) -> None:
    """Show what earlier runs, of different arms and films perhaps, have left."""
    found = Kept(work=chosen.work).all()
    names = list(dict.fromkeys(trial.case.film for trial in found))
    presets = sorted({trial.case.preset for trial in found})
    _show(
        found,
        _site(argparse.Namespace(**{**vars(chosen), "films": names, "presets": presets, "arms": []})),
        chosen.results,
    )


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--media", type=Path, default=ROOT.parent / "shared" / "media")
    options.add_argument("--work", type=Path, default=CACHE, help="where films, full encodes and trials are kept")
    options.add_argument("--arms", nargs="+", choices=arms.ARMS, default=list(arms.ARMS))
    options.add_argument("--films", nargs="+", choices=films.names(), default=films.names())
    options.add_argument("--presets", nargs="+", type=int, default=[8, 6])
    options.add_argument("--targets", nargs="+", type=float, default=[93.0, 95.0])
    options.add_argument("--repeats", type=int, default=1)
    options.add_argument("--workers", type=int, default=2, help="full encodes side by side")
    options.add_argument("--references-only", action="store_true", help="only make and score the full encodes")
    options.add_argument("--trials-only", action="store_true", help="judge by the full encodes that are there already")
    options.add_argument("--fresh", action="store_true", help="use no trial of an earlier run")
    options.add_argument("--kept", action="store_true", help="run nothing: results of all trials in the work folder")
    options.add_argument("--quick", action="store_true", help="two short films and two arms, to see that all works")
    options.add_argument("--results", type=Path)
    chosen = options.parse_args()
    if chosen.quick:
        vars(chosen).update(QUICK)
    chosen.work.mkdir(parents=True, exist_ok=True)
    chosen.results = chosen.results or (chosen.work / "quick.json" if chosen.quick else RESULTS)
    return chosen


def _site(chosen: argparse.Namespace) -> Site:
    """The films that are asked for and, where warm searches are, their siblings."""
    names = list(chosen.films)
    if arms.WARM in chosen.arms:
        names += [other for name in chosen.films for other in films.siblings(name) if other not in names]
    there = {name: films.there(name, media=chosen.media, work=chosen.work) for name in dict.fromkeys(names)}
    return Site(
        work=chosen.work,
        films=there,
        references={
            (name, preset): reference.opened(film, preset, work=chosen.work)
            for preset in chosen.presets
            for name, film in there.items()
        },
    )


def _tried(wanted: Sequence[Case], site: Site, *, fresh: bool) -> dict[Case, Trial]:
    found: dict[Case, Trial] = {}
    kept = Kept(work=site.work)
    for number, case in enumerate(trials.shuffled(wanted, seed="order"), 1):
        siblings = trials.remembered(case, found, site.reference)
        question = trials.asked(case, site.reference(case), siblings)
        file = kept.file(case, question)
        trial = None if fresh else kept.read(file)
        if trial is None:
            trial = trials.run(case, question, work=site.work)
            kept.write(file, trial)
        found[case] = trial
        print(
            f"{number}/{len(wanted)} {case.film}, preset {case.preset}, VMAF {case.target:g}, {case.arm}: "
            f"CRF {trial.crf}, {len(trial.probes)} probes, {trial.cpu_s:.1f} CPU s, {trial.wall_s:.1f} s",
            flush=True,
        )
    return found


def _cover(found: dict[Case, Trial], site: Site, *, workers: int) -> None:
    """Full encodes around every CRF that was chosen, so that none is judged by a line beyond the grid."""

    def cover(case: Case) -> None:
        for other, trial in found.items():
            if (other.film, other.preset) == (case.film, case.preset) and trial.crf is not None:
                site.reference(case).cover(trial.crf)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(cover, {(case.film, case.preset): case for case in found}.values()))


def _results(rows: Sequence[figures.Row], site: Site) -> dict[str, Any]:
    ffmpeg = ffmpeg_tool.locate()
    return {
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.platform()},
        "build": ffmpeg_tool.build(ffmpeg).identity,
        "ab_av1": abav1_tool.version(arms.require_abav1()),
        "films": [{**asdict(film), "path": film.path.name} for film in site.films.values()],
        "summary": figures.summary(rows),
        "trials": [{**asdict(row.case), **{k: v for k, v in asdict(row).items() if k != "case"}} for row in rows],
        "references": [_curve(curve) for curve in site.references.values()],
    }


def _curve(curve: Reference) -> dict[str, Any]:
    points = sorted(curve.points.values(), key=lambda point: point.crf)
    return {
        "film": curve.film.name,
        "preset": curve.video.preset,
        "interpolation_error": max((round(abs(error), 3) for error in curve.left_out()), default=None),
        "points": [asdict(point) for point in points],
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
