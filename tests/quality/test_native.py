"""Our own engine on films that are sampled, and on those that go wrong."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from reencodarr.errors import DamagedSource, ProgramMissing
from reencodarr.progress import Progress, silent
from reencodarr.quality import footage, probe, vmaf, windows
from reencodarr.quality.engine import Probe
from reencodarr.quality.native import NativeEngine
from reencodarr.quality.prior import DEFAULT, Origin, Prior
from reencodarr.quality.probe import Crew
from reencodarr.quality.proxy import Proxy
from reencodarr.quality.sample import Film
from reencodarr.quality.vmaf import FrameScores, Leg
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
    pilot, level = probes[0], next(probe for probe in probes if not probe.pilot)
    assert (pilot.pilot, len(pilot.windows), len(level.windows)) == (True, 2, 8)
    assert {window.start_pts for window in pilot.windows} < {window.start_pts for window in level.windows}
    assert all(window.frames == windows.LEAST_FRAMES for window in level.windows)
    assert all(window.start_pts in index.pts for window in level.windows)
    assert all(window.lowest_2s <= window.mean for window in level.windows)
    assert level.p5 is not None
    assert level.p5 <= level.mean
    assert left_behind(tmp_path) == []
    shares = [report.fraction or 0.0 for report in reports]
    assert shares == sorted(shares)
    assert "probe 1, CRF 32, window 2/2" in {report.detail for report in reports}


def test_all_probes_of_a_film_use_the_same_windows(engine: NativeEngine, long: Path, tmp_path: Path) -> None:
    places: list[list[int]] = []

    def keep(found: Probe) -> None:
        places.append([window.start_pts for window in found.windows])
        raise KeyboardInterrupt

    for crf in (50.0, 60.0):
        order = replace(ordered(long), prior=replace(DEFAULT, crf=Crf(crf)))
        with pytest.raises(KeyboardInterrupt):
            engine.search(order, scratch=tmp_path, on_probe=keep, report=silent)

    assert places[0] == places[1]


def test_the_crf_that_a_prior_expects_comes_first(engine: NativeEngine, short: Path, tmp_path: Path) -> None:
    probes: list[Probe] = []

    order = replace(ordered(short), prior=replace(DEFAULT, crf=Crf(25.0)))
    engine.search(order, scratch=tmp_path, on_probe=probes.append, report=silent)

    assert probes[0].crf == 25


def test_siblings_that_agree_make_a_search_without_any_encode(engine: NativeEngine, long: Path, tmp_path: Path) -> None:
    sure = Prior(crf=Crf(34.1), spread=0.5, slope=0.06, percent=40.0, films=4, origin=Origin.SIBLINGS)

    result = engine.search(
        replace(ordered(long), prior=sure), scratch=tmp_path, on_probe=lambda _: pytest.fail("probed"), report=silent
    )

    assert (result.crf, result.predicted, result.met, result.probes) == (34, 93, True, ())
    assert result.interval == pytest.approx(sure.half_width(TARGET.mean))


def test_what_finished_films_taught_moves_the_answer(engine: NativeEngine, long: Path, tmp_path: Path) -> None:
    order = ordered(long, mean=90.0, lowest_mean=85.0)
    plain = engine.search(order, scratch=tmp_path, on_probe=lambda _: None, report=silent)

    better = engine.search(
        replace(order, bias=2.0, known=plain.probes), scratch=tmp_path, on_probe=lambda _: None, report=silent
    )

    assert better.crf > plain.crf
    assert better.predicted == pytest.approx(90, abs=0.6)
    assert len(better.probes) - len(plain.probes) <= 2


def test_a_slow_preset_is_placed_at_a_faster_one(engine: NativeEngine, long: Path, tmp_path: Path) -> None:
    slower = replace(ordered(long, mean=90.0, lowest_mean=85.0), video=replace(QUICK, preset=10))
    known = Proxy(preset=12, offset=None)

    result = engine.search(replace(slower, proxy=known), scratch=tmp_path, on_probe=lambda _: None, report=silent)

    assert {(probe.pilot, probe.preset) for probe in result.probes} >= {(True, 12), (False, None)}
    assert result.proxy_seen is not None
    trusted = replace(known, offset=result.proxy_seen.offset, size=result.proxy_seen.size)
    again = engine.search(replace(slower, proxy=trusted), scratch=tmp_path, on_probe=lambda _: None, report=silent)
    assert {probe.preset for probe in again.probes} == {12}
    assert again.crf == pytest.approx(result.crf, abs=2)
    assert again.proxy_seen is None


def test_a_single_frame_gets_an_answer(engine: NativeEngine, make: Make, tmp_path: Path) -> None:
    one = make("one.mkv", "-frames:v", "1", "-c:v", "libx264", "-crf", "10")

    assert engine.search(ordered(one), scratch=tmp_path, on_probe=lambda _: None, report=silent).crf


def test_a_score_far_below_expectation_is_checked_in_another_way(
    ffmpeg: Path, open_gop: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = footage.read(open_gop)
    film = Film(
        footage=source,
        windows=(replace(plan(source.packets, seed="")[0], frames=30),),
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


def test_a_score_of_frames_that_were_paired_one_off_is_not_believed(
    ffmpeg: Path, short: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = footage.read(short)
    film = Film(footage=source, windows=plan(source.packets, seed=""), video=QUICK, target=TARGET)
    crew = Crew(ffmpeg=ffmpeg, folder=tmp_path, workers=1)
    true = probe.run(film, Crf(20.0), expected=None, crew=crew, tick=lambda _: None)
    late = ("tpad=start=1:start_mode=clone", "trim=end_frame=50")
    means: list[float] = []

    def misled(ffmpeg: Path, *, reference: Leg, **other: Any) -> FrameScores:
        """One frame late, as long as the frames are found by their times."""
        found = score(
            ffmpeg, reference=reference if reference.cut.counted else replace(reference, filters=late), **other
        )
        means.append(sum(value for _, value in found.scores) / len(found.scores))
        return found

    score = vmaf.score
    monkeypatch.setattr(vmaf, "score", misled)
    with caplog.at_level(logging.WARNING):
        found = probe.run(film, Crf(20.0), expected=true.mean, crew=crew, tick=lambda _: None)

    assert means[0] < true.mean - 10
    assert means[1] == pytest.approx(true.mean)
    assert (found.mean, found.p5, found.windows) == (true.mean, true.p5, true.windows)
    assert "counted from the start" in caplog.text


@pytest.mark.parametrize(("films", "alarms"), [(3, 1), (0, 0)], ids=["films alike are known", "nothing is known"])
def test_a_first_score_far_below_that_of_films_alike_is_checked_too(
    films: int, alarms: int, engine: NativeEngine, short: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def stop(_: Probe) -> None:
        raise KeyboardInterrupt

    expected = Prior(crf=Crf(62.0), spread=2.0, slope=0.06, percent=40.0, films=films, origin=Origin.SIBLINGS)

    with caplog.at_level(logging.WARNING), pytest.raises(KeyboardInterrupt):
        engine.search(replace(ordered(short), prior=expected), scratch=tmp_path, on_probe=stop, report=silent)

    assert caplog.text.count("far below expectation") == alarms


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
