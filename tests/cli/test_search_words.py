"""The lines of `reencodarr search`, made of invented values."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reencodarr.cli import search_plot, search_words
from reencodarr.media.facts import Hdr
from reencodarr.quality.engine import Probe, SearchResult, WindowScore
from reencodarr.settings import Settings
from reencodarr.stages import trying
from reencodarr.stages.trying import Trial, Wish
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.units import Bytes, Crf, Seconds, VmafScore


@pytest.fixture
def trial(ffmpeg: Path, bikes: Path, tmp_path: Path, fast_policy: Path) -> Iterator[Trial]:
    film = tmp_path / "Film.mkv"
    picture = ("-vf", "scale=320:136", "-c:v", "libx264", "-crf", "4", "-preset", "veryfast", "-frames:v", "1")
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", "-i", bikes, "-an", *picture, film])
    with trying.prepared(Settings(data_dir=tmp_path / "data", policy=fast_policy), film, Wish()) as found:
        yield found


def probe(crf: float, *means: float, pilot: bool = False, preset: int | None = None) -> Probe:
    windows = tuple(
        WindowScore(
            start_pts=100 * number,
            end_pts=100 * number + 50,
            frames=50,
            mean=VmafScore(mean),
            lowest_2s=VmafScore(mean),
            size=Bytes(1000),
        )
        for number, mean in enumerate(means)
    )
    return Probe(
        crf=Crf(crf),
        mean=VmafScore(sum(means) / len(means)),
        p5=VmafScore(min(means)),
        percent=33.0,
        seconds=Seconds(4.0),
        cpu_seconds=Seconds(7.0),
        windows=windows,
        pilot=pilot,
        preset=preset,
    )


PROBES = (
    probe(32, 97.0, 96.0, pilot=True, preset=8),
    probe(32, 96.0, 95.0, 93.0, 92.0),
    probe(28, 98.0, 97.4, pilot=True),
)


def answer(*probes: Probe) -> SearchResult:
    return SearchResult(
        crf=Crf(30.5),
        predicted=VmafScore(95.02),
        interval=VmafScore(0.41),
        percent=36.0,
        met=True,
        reason="It was read off.",
        probes=probes,
        engine="native",
        build="b",
        sampled=True,
    )


def test_pilots_and_other_presets_are_marked_at_the_end_of_their_lines(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    show = search_words.head(trial)
    for one in PROBES:
        show(one)
    search_words.end(trial, answer(*PROBES))

    _, titles, *rows, summary, why = capsys.readouterr().out.splitlines()
    assert titles.split()[0] == "CRF"
    assert [row.partition(" s")[2].strip() for row in rows] == ["pilot, preset 8", "", "pilot"]
    assert summary == (
        "CRF 30.5: VMAF 95.02 ± 0.41, 36.0 % of the video's size. 3 probes (2 pilots) in 12 s, 0 remembered."
    )
    assert why == "It was read off."


def test_a_probe_beside_a_remembered_pilot_of_the_same_crf_is_new(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    remembering = replace(trial, terms=replace(trial.terms, known=PROBES[:1]))

    search_words.head(remembering)
    search_words.end(remembering, answer(*PROBES[:2]))

    said = capsys.readouterr().out
    assert "remembered  pilot, preset 8" in said
    assert "1 probe in 4.0 s, 1 remembered." in said


@pytest.mark.parametrize(("bias", "side"), [(0.3, "0.30 VMAF better"), (-0.2, "0.20 VMAF worse")])
def test_a_known_bias_is_said(trial: Trial, capsys: pytest.CaptureFixture[str], bias: float, side: str) -> None:
    search_words.head(replace(trial, terms=replace(trial.terms, bias=bias)))

    assert side in capsys.readouterr().out


def test_a_score_of_hdr_is_marked(trial: Trial, capsys: pytest.CaptureFixture[str]) -> None:
    hdr = replace(trial, terms=replace(trial.terms, hdr=Hdr.HLG))

    search_words.end(hdr, answer(*PROBES))

    assert "VMAF 95.02 ± 0.41 (SDR model)," in capsys.readouterr().out


def test_a_plot_has_pilots_on_the_curve(trial: Trial, tmp_path: Path) -> None:
    file = tmp_path / "curve.svg"

    search_plot.draw(file, trial, answer(*PROBES))

    drawn = file.read_text()
    assert "hollow: pilots, of a few windows" in drawn
    assert "VMAF, mean: 94" in drawn
    assert "VMAF, mean: 97.7" not in drawn
