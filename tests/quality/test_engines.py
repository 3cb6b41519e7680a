"""What every search engine promises, on real pictures."""

import shutil
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from reencodarr.errors import PolicyError, ProgramMissing
from reencodarr.progress import Progress, silent
from reencodarr.quality.abav1 import AbAv1Engine
from reencodarr.quality.engine import Engine, Probe, SearchResult
from reencodarr.quality.native import NativeEngine
from reencodarr.quality.prior import DEFAULT
from reencodarr.tools import abav1 as abav1_tool
from tests.quality.conftest import QUICK, left_behind, ordered

ON_PATH = shutil.which("ab-av1") or shutil.which("ab-av1", path=str(Path.home() / ".cargo" / "bin"))


@pytest.fixture(scope="session", params=["native", "ab-av1"])
def engine(request: pytest.FixtureRequest, ffmpeg: Path) -> Engine:
    if request.param == "native":
        return NativeEngine(ffmpeg=ffmpeg, workers=2)
    if ON_PATH is None:
        pytest.skip("ab-av1 is not installed: cargo install ab-av1")
    try:
        abav1_tool.require(Path(ON_PATH), ffmpeg=ffmpeg)
    except ProgramMissing as missing:
        pytest.skip(str(missing))
    return AbAv1Engine(program=Path(ON_PATH), ffmpeg=ffmpeg)


@pytest.fixture(scope="session")
def searched(
    engine: Engine, short: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[SearchResult, list[Probe], list[Progress]]:
    """One search, looked at by several tests."""
    probes: list[Probe] = []
    reports: list[Progress] = []
    scratch = tmp_path_factory.mktemp("scratch")
    result = engine.search(ordered(short), scratch=scratch, on_probe=probes.append, report=reports.append)
    return result, probes, reports


def test_the_answer_meets_the_target_and_no_more(searched: tuple[SearchResult, list[Probe], list[Progress]]) -> None:
    result, probes, _ = searched

    at = [probe for probe in probes if probe.crf == result.crf]
    assert result.met
    assert 92.8 <= result.predicted <= 93.9
    assert all(abs(probe.mean - result.predicted) < 0.01 for probe in at)
    assert result.interval == 0


def test_every_probe_is_told_once_as_it_comes(searched: tuple[SearchResult, list[Probe], list[Progress]]) -> None:
    result, probes, _ = searched

    assert tuple(probes) == result.probes
    assert len({probe.crf for probe in probes}) == len(probes) > 1
    for probe in probes:
        assert 12 <= probe.crf <= 63
        assert probe.crf * 4 == int(probe.crf * 4)
        assert 0 < probe.mean <= 100
        assert probe.percent > 0
        assert probe.seconds > 0


def test_probes_rise_and_shrink_together(searched: tuple[SearchResult, list[Probe], list[Progress]]) -> None:
    ordered_probes = sorted(searched[1], key=lambda probe: probe.crf)

    assert ordered_probes[0].mean > ordered_probes[-1].mean
    assert ordered_probes[0].percent > ordered_probes[-1].percent


def test_progress_names_the_film_and_the_crf(searched: tuple[SearchResult, list[Probe], list[Progress]]) -> None:
    _, probes, reports = searched

    assert {report.stage for report in reports} == {"crf_search"}
    assert {report.label for report in reports} == {"short.mkv"}
    for probe in probes:
        assert any(f"CRF {probe.crf:g}" in report.detail for report in reports)


def test_the_builds_that_the_scores_depend_on_are_named(
    searched: tuple[SearchResult, list[Probe], list[Progress]], engine: Engine
) -> None:
    result, _, _ = searched

    assert result.engine == engine.name
    assert "svtav1" in result.build


def test_a_search_that_knows_its_probes_runs_nothing(
    engine: Engine, searched: tuple[SearchResult, list[Probe], list[Progress]], short: Path, tmp_path: Path
) -> None:
    first, probes, _ = searched
    new: list[Probe] = []

    again = engine.search(
        replace(ordered(short), known=tuple(probes)), scratch=tmp_path, on_probe=new.append, report=silent
    )

    assert new == []
    assert again.crf == pytest.approx(first.crf, abs=1)
    assert set(again.probes) == set(probes)
    assert left_behind(tmp_path) == []


def test_a_film_that_would_grow_is_answered_as_not_worth_it(engine: Engine, short: Path, tmp_path: Path) -> None:
    result = engine.search(ordered(short, largest_percent=5), scratch=tmp_path, on_probe=lambda _: None, report=silent)

    assert not result.met
    assert result.percent > 5
    assert "not worth it" in result.reason


def test_a_target_out_of_reach_is_answered_with_the_best_there_is(engine: Engine, short: Path, tmp_path: Path) -> None:
    hopeless = ordered(short, mean=99.9, lowest_mean=99.8, lowest_crf=40.0)

    result = engine.search(hopeless, scratch=tmp_path, on_probe=lambda _: None, report=silent)

    assert not result.met
    assert result.crf == 40
    assert "99.9" in result.reason


def test_an_even_subsample_is_refused_before_anything_runs(engine: Engine, short: Path, tmp_path: Path) -> None:
    with pytest.raises(PolicyError):
        engine.search(ordered(short, subsample=2), scratch=tmp_path, on_probe=lambda _: None, report=silent)


def test_what_a_listener_raises_ends_the_search_and_its_programs(engine: Engine, short: Path, tmp_path: Path) -> None:
    def interrupt(_: Probe) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.search(ordered(short), scratch=tmp_path, on_probe=interrupt, report=silent)

    names = [child.name() for child in psutil.Process().children(recursive=True)]
    assert not [name for name in names if "ffmpeg" in name or "ab-av1" in name]


def test_both_engines_mean_the_same_by_a_score(ffmpeg: Path, short: Path, tmp_path: Path) -> None:
    if ON_PATH is None:
        pytest.skip("ab-av1 is not installed: cargo install ab-av1")
    order = ordered(short, video=replace(QUICK, svt_parameters=(("tune", "0"),)))
    probes: list[Probe] = []
    theirs = AbAv1Engine(program=Path(ON_PATH), ffmpeg=ffmpeg)
    theirs.search(order, scratch=tmp_path, on_probe=probes.append, report=silent)
    first = replace(order, prior=replace(DEFAULT, crf=probes[0].crf))

    def stop(probe: Probe) -> None:
        probes.append(probe)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        NativeEngine(ffmpeg=ffmpeg, workers=1).search(first, scratch=tmp_path, on_probe=stop, report=silent)

    assert probes[-1].crf == probes[0].crf
    # ab-av1 loses the last of 50 frames to the way it pairs them, and counts its sample's bytes as a container does.
    assert probes[-1].mean == pytest.approx(probes[0].mean, abs=0.3)
    assert probes[-1].percent == pytest.approx(probes[0].percent, rel=0.1)
