"""Our own engine on films that are sampled, and on those that go wrong."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from reencodarr.errors import DamagedSource, ProgramMissing
from reencodarr.progress import Progress, silent
from reencodarr.quality import footage, probe
from reencodarr.quality.engine import Probe
from reencodarr.quality.native import NativeEngine
from reencodarr.quality.probe import Crew
from reencodarr.quality.sample import Film
from reencodarr.quality.windows import plan
from reencodarr.units import Crf
from tests.quality.conftest import QUICK, TARGET, Make, left_behind, ordered


@pytest.fixture
def engine(ffmpeg: Path) -> NativeEngine:
    return NativeEngine(ffmpeg=ffmpeg, workers=2)


def test_a_long_film_is_sampled_and_the_answer_carries_its_interval(
    engine: NativeEngine, long: Path, tmp_path: Path
) -> None:
    reports: list[Progress] = []
    probes: list[Probe] = []

    result = engine.search(
        ordered(long, mean=90.0, lowest_mean=85.0, tolerance=2.0),
        scratch=tmp_path,
        on_probe=probes.append,
        report=reports.append,
    )

    index = footage.read(long).packets
    assert result.met
    assert 0 < result.interval < 10
    assert len(probes[0].windows) == 8
    assert all(window.end_pts - window.start_pts == 4000 for window in probes[0].windows)
    assert all(window.start_pts in index.pts for window in probes[0].windows)
    assert all(window.lowest_2s <= window.mean for window in probes[0].windows)
    assert probes[0].p5 is not None
    assert probes[0].p5 <= probes[0].mean
    assert left_behind(tmp_path) == []
    shares = [report.fraction or 0.0 for report in reports]
    assert shares == sorted(shares)
    assert "probe 1, CRF 32, window 8/8" in {report.detail for report in reports}


def test_all_probes_of_a_film_use_the_same_windows(engine: NativeEngine, long: Path, tmp_path: Path) -> None:
    places: list[list[int]] = []

    def keep(found: Probe) -> None:
        places.append([window.start_pts for window in found.windows])
        raise KeyboardInterrupt

    for crf in (50.0, 60.0):
        order = replace(ordered(long), first_crf=Crf(crf))
        with pytest.raises(KeyboardInterrupt):
            engine.search(order, scratch=tmp_path, on_probe=keep, report=silent)

    assert places[0] == places[1]


def test_a_suggested_crf_comes_first(engine: NativeEngine, short: Path, tmp_path: Path) -> None:
    probes: list[Probe] = []

    engine.search(replace(ordered(short), first_crf=Crf(25.0)), scratch=tmp_path, on_probe=probes.append, report=silent)

    assert probes[0].crf == 25


def test_a_single_frame_gets_an_answer(engine: NativeEngine, make: Make, tmp_path: Path) -> None:
    one = make("one.mkv", "-frames:v", "1", "-c:v", "libx264", "-crf", "10")

    assert engine.search(ordered(one), scratch=tmp_path, on_probe=lambda _: None, report=silent).crf


def test_a_score_far_below_expectation_is_checked_in_another_way(
    ffmpeg: Path, open_gop: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = footage.read(open_gop)
    film = Film(
        footage=source,
        windows=(replace(plan(source.packets.pts, time_base=source.packets.time_base, seed="")[0], frames=30),),
        video=QUICK,
        target=TARGET,
    )
    film = replace(film, windows=(replace(film.windows[0], end_pts=source.packets.pts[30]),))
    crew = Crew(ffmpeg=ffmpeg, folder=tmp_path, workers=1)

    with caplog.at_level(logging.WARNING):
        plain = probe.run(film, Crf(63.0), expected=None, crew=crew, tick=lambda _: None)
        calm = probe.run(film, Crf(63.0), expected=plain.mean + 9, crew=crew, tick=lambda _: None)
        assert caplog.records == []
        alarmed = probe.run(film, Crf(63.0), expected=plain.mean + 11, crew=crew, tick=lambda _: None)

    assert "counted from the start" in caplog.text
    assert alarmed.mean == calm.mean == plain.mean


def test_an_interruption_leaves_no_program_and_no_file(engine: NativeEngine, bikes: Path, tmp_path: Path) -> None:
    reports: list[Progress] = []

    def interrupt(progress: Progress) -> None:
        reports.append(progress)
        if len(reports) == 2:
            assert [child for child in psutil.Process().children(recursive=True) if "ffmpeg" in child.name()]
            raise KeyboardInterrupt

    slow = ordered(bikes, video=replace(QUICK, preset=4))
    with pytest.raises(KeyboardInterrupt):
        engine.search(slow, scratch=tmp_path, on_probe=lambda _: None, report=interrupt)

    assert left_behind(tmp_path) == []
    assert not [child for child in psutil.Process().children(recursive=True) if "ffmpeg" in child.name()]


@pytest.mark.parametrize(
    ("spoil", "failure"),
    [
        (lambda order: replace(order, target=replace(order.target, model="no_such_model")), ProgramMissing),
        (lambda order: replace(order, source=order.source.with_name("broken.mkv")), DamagedSource),
    ],
)
def test_what_cannot_be_searched_is_a_named_failure(
    spoil: Callable[..., object], failure: type[Exception], engine: NativeEngine, short: Path, tmp_path: Path
) -> None:
    (short.parent / "broken.mkv").write_bytes(b"\x1aE\xdf\xa3 not a film at all")

    with pytest.raises(failure):
        engine.search(spoil(ordered(short)), scratch=tmp_path, on_probe=lambda _: None, report=silent)  # type: ignore[arg-type]

    assert left_behind(tmp_path) == []
