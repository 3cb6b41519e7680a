"""Which trials there are, in what order, and how they are counted."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.crf_search import arms, trials
from benchmarks.crf_search.films import Film
from benchmarks.crf_search.trials import Case

EPISODES = ["episode1", "episode2", "episode3", "episode4"]


def wanted(chosen: list[str], names: list[str], repeats: int = 1) -> list[Case]:
    return trials.cases(chosen=chosen, names=names, presets=[8], targets=[95.0], repeats=repeats)


def test_a_warm_trial_brings_the_cold_ones_of_the_other_episodes() -> None:
    found = wanted([arms.WARM], ["episode1"])

    assert {(case.arm, case.film) for case in found} == {
        (arms.WARM, "episode1"), (arms.COLD, "episode2"), (arms.COLD, "episode3"), (arms.COLD, "episode4")
    }  # fmt: skip


def test_a_film_that_is_no_episode_has_no_warm_trial() -> None:
    assert wanted([arms.WARM], ["bbb", "mixed"]) == []


@given(st.text(max_size=5), st.integers(1, 2))
def test_a_warm_trial_comes_after_what_it_learns_from(seed: str, repeats: int) -> None:
    cases = wanted(list(arms.ARMS), [*EPISODES, "bbb"], repeats)

    ordered = list(trials.shuffled(cases, seed=seed))

    assert sorted(map(repr, ordered)) == sorted(map(repr, cases))
    for place, case in enumerate(ordered):
        assert set(case.cold_ones()) <= set(ordered[:place])


def test_another_seed_gives_another_order() -> None:
    cases = wanted(list(arms.ARMS), EPISODES)

    assert list(trials.shuffled(cases, seed="a")) == list(trials.shuffled(cases, seed="a"))
    assert list(trials.shuffled(cases, seed="a")) != list(trials.shuffled(cases, seed="b"))


def test_frames_are_counted_by_the_reports_of_ffmpeg(tmp_path: Path) -> None:
    reports = {
        "1": ("ffmpeg -i a.mkv -c:v libsvtav1 b.mkv", "frame=   10 fps=1\nframe=  100 fps=2 Lsize=1KiB"),
        "2": ("ffmpeg -i b.mkv -i a.mkv -filter_complex [d][r]libvmaf=n_subsample=3[o]", "frame=  100 fps=9"),
        "3": ("ffmpeg -i b.mkv -i a.mkv -filter_complex [d][r]libvmaf=n_threads=2[o]", "frame=  100 fps=9"),
        "4": ("ffmpeg -f lavfi -i color -frames:v 1 -c:v libsvtav1 -f null -", "frame=    1 fps=9"),
        "5": ("ffmpeg -i a.mkv -c:v copy sample.mkv", "frame=  480 fps=9"),
        "6": ("ffmpeg -version", ""),
    }
    for name, (command, text) in reports.items():
        (tmp_path / f"{name}.log").write_text(f"ffmpeg started\nLog level: 32\nCommand line:\n{command}\n{text}\n")

    found = arms.counted(tmp_path)

    assert found == arms.Frames(encoded=100, scored=34 + 100, runs=6)


def test_abav1_is_read_from_its_json() -> None:
    said = "\n".join(
        json.dumps(line)
        for line in (
            {"type": "sample-encode-done", "crf": 37.5, "vmaf": 92.8, "predicted_encode_size": 500},
            {"type": "sample-encode-done", "crf": 33.75, "vmaf": 95.03, "predicted_encode_size": 700},
            {"type": "crf-search-done", "crf": 33.75, "vmaf": 95.03, "predicted_encode_size": 700},
        )
    )

    found = arms.answer(_question(arms.ABAV1), said)

    assert (found.crf, found.predicted, found.predicted_size, len(found.probes)) == (33.75, 95.03, 700, 2)


def test_an_abav1_that_found_nothing_says_why() -> None:
    said = json.dumps({"type": "crf-search-error", "message": "Failed to find a suitable crf"})

    found = arms.answer(_question(arms.ABAV1), said)

    assert found.crf is None
    assert found.note == "Failed to find a suitable crf"


@pytest.mark.skipif(sys.platform != "linux", reason="the benchmark is for Linux")
def test_the_meter_counts_what_descendants_take(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(bytes(5_000_000))
    work = f"x = open({str(big)!r}, 'rb').read(); [n * n for n in range(4_000_000)]"
    # A grandchild works and is waited for; another is left behind, asleep.
    shell = f'"{sys.executable}" -c "{work}"; sleep 60 & exit 3'

    subprocess.run(
        [sys.executable, "-m", "benchmarks.crf_search.meter", tmp_path / "figures", "sh", "-c", shell],
        check=True,
        timeout=50,
    )

    found = json.loads((tmp_path / "figures").read_text())
    assert found["exit_code"] == 3
    assert found["cpu_s"] > 0.05
    assert found["read_chars"] > 5_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="the benchmark is for Linux")
def test_a_meter_that_is_ended_ends_what_it_measures(tmp_path: Path) -> None:
    said = tmp_path / "pid"
    meter = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.crf_search.meter", tmp_path / "figures", "sh", "-c",
         f"sleep 60 & echo $! > {said}; wait"]
    )  # fmt: skip
    while not said.exists() or not said.read_text().strip():
        time.sleep(0.05)

    meter.terminate()
    meter.wait(timeout=50)

    assert not Path(f"/proc/{said.read_text().strip()}").exists()
    assert json.loads((tmp_path / "figures").read_text())["exit_code"] == -9


def _question(arm: str) -> arms.Question:
    from reencodarr.encoding.plan import VideoPlan

    film = Film(name="f", path=Path("f"), key="", frames=1, duration=1.0, width=1, height=1, source_size=1)
    return arms.Question(arm=arm, film=film, video=VideoPlan(preset=8), target=95.0)
