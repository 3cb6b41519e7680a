"""The ab-av1 engine against a program that says what ab-av1 says: every way to end is told from every other.

What the real program does is tested in `test_engines`; failures on demand are not its trade.
"""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from reencodarr.errors import EngineFailed, ProgramInterrupted, ProgramMissing
from reencodarr.progress import silent
from reencodarr.quality.abav1 import AbAv1Engine
from reencodarr.quality.engine import Probe, SearchOrder, SearchResult
from reencodarr.quality.prior import DEFAULT
from reencodarr.tools import abav1 as abav1_tool
from reencodarr.units import Crf, Seconds, VmafScore
from tests.quality.conftest import ordered

NO_CRF = {"type": "crf-search-error", "message": "Failed to find a suitable crf"}


def attempt(crf: float, vmaf: float, percent: float = 40.0, kind: str = "sample-encode-done") -> dict[str, object]:
    return {
        "type": kind,
        "crf": crf,
        "vmaf": vmaf,
        "predicted_encode_percent": percent,
        "predicted_encode_seconds": 3.0,
        "predicted_encode_size": 12345,
        "from_cache": False,
        "a_key_of_tomorrow": {"deep": [1, 2]},
    }


class Stand:
    """A program under the name of ab-av1 whose runs were written down beforehand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "ab-av1"
        self.runs = 0
        self.version("0.11.7")
        (folder / "ffprobe").write_text("")

    def version(self, number: str) -> None:
        self.program.write_text(
            "#!/bin/sh\n"
            f'if [ "$1" = --version ]; then echo "ab-av1 {number}"; exit 0; fi\n'
            f'cd "{self.folder}"\n'
            "n=$(cat count 2>/dev/null || echo 0); echo $((n+1)) > count\n"
            'echo "$@" >> arguments; env > environment\n'
            'cat "stdout.$n"; cat "stderr.$n" >&2; exit "$(cat "exit.$n")"\n'
        )
        self.program.chmod(0o755)
        abav1_tool.version.cache_clear()

    def says(self, *messages: dict[str, object] | str, code: int = 0, stderr: str = "") -> None:
        lines = [line if isinstance(line, str) else json.dumps(line) for line in messages]
        (self.folder / f"stdout.{self.runs}").write_text("\n".join(lines) + "\n")
        (self.folder / f"stderr.{self.runs}").write_text(stderr)
        (self.folder / f"exit.{self.runs}").write_text(str(code))
        self.runs += 1

    def was_asked(self) -> list[str]:
        return (self.folder / "arguments").read_text().splitlines()


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    folder = tmp_path / "stand"
    folder.mkdir()
    return Stand(folder)


def search(stand: Stand, ffmpeg: Path, tmp_path: Path, order: SearchOrder) -> tuple[SearchResult, list[Probe]]:
    probes: list[Probe] = []
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    engine = AbAv1Engine(program=stand.program, ffmpeg=ffmpeg)
    return engine.search(order, scratch=scratch, on_probe=probes.append, report=silent), probes


@pytest.fixture
def order(tmp_path: Path) -> SearchOrder:
    (tmp_path / "film.mkv").touch()
    return ordered(tmp_path / "film.mkv", mean=95.0, lowest_mean=93.0, largest_percent=80)


def test_its_attempts_are_probes_and_its_last_word_is_the_answer(
    stand: Stand, ffmpeg: Path, tmp_path: Path, order: SearchOrder
) -> None:
    done = attempt(32.25, 95.05, 35.0)
    stand.says(attempt(37.5, 93), done, attempt(32.5, 94.9), {**done, "type": "crf-search-done"})

    result, probes = search(stand, ffmpeg, tmp_path, order)

    assert [probe.crf for probe in probes] == [37.5, 32.25, 32.5]
    assert (result.crf, result.predicted, result.percent, result.met) == (32.25, 95.05, 35.0, True)
    assert result.probes == tuple(probes)
    assert result.build.endswith("+ab-av1-0.11.7")


def test_types_of_tomorrow_and_words_between_are_ignored(
    stand: Stand, ffmpeg: Path, tmp_path: Path, order: SearchOrder
) -> None:
    done = attempt(30, 95.1)
    stand.says({"type": "weather", "rain": 3}, "not json", '["a list"]', done, {**done, "type": "crf-search-done"})

    assert search(stand, ffmpeg, tmp_path, order)[0].crf == 30


def test_no_suitable_crf_is_an_answer_after_the_whole_ladder(
    stand: Stand, ffmpeg: Path, tmp_path: Path, order: SearchOrder
) -> None:
    for _ in range(3):
        stand.says(attempt(37.5, 88), attempt(12, 92.5, 60), NO_CRF, code=1, stderr="Error: Failed to find ...")

    result, probes = search(stand, ffmpeg, tmp_path, order)

    assert not result.met
    assert (result.crf, result.predicted) == (12, 92.5)
    assert len(probes) == 2
    assert [line.split("--min-vmaf ")[1].split()[0] for line in stand.was_asked()] == ["95", "94", "93"]


def test_a_lower_rung_that_is_reached_is_met_with_a_reason(
    stand: Stand, ffmpeg: Path, tmp_path: Path, order: SearchOrder
) -> None:
    stand.says(attempt(37.5, 88), attempt(12, 94.5, 60), NO_CRF, code=1)
    stand.says(attempt(14, 94.1, 55), attempt(14, 94.1, 55, "crf-search-done"))

    result, _ = search(stand, ffmpeg, tmp_path, order)

    assert result.met
    assert result.crf == 14
    assert "95 is out of reach; 94 was accepted" in result.reason


def test_a_search_that_ends_on_size_is_not_asked_for_less(
    stand: Stand, ffmpeg: Path, tmp_path: Path, order: SearchOrder
) -> None:
    stand.says(attempt(37.5, 94, 120), NO_CRF, code=1)

    result, _ = search(stand, ffmpeg, tmp_path, order)

    assert not result.met
    assert "not worth it" in result.reason
    assert len(stand.was_asked()) == 1


@pytest.mark.parametrize("code", [1, 101])
def test_a_crash_is_no_answer(stand: Stand, ffmpeg: Path, tmp_path: Path, order: SearchOrder, code: int) -> None:
    stand.says(attempt(37.5, 93), code=code, stderr="Error: ffmpeg encode exit code 234\n")

    with pytest.raises(EngineFailed, match="exit code 234"):
        search(stand, ffmpeg, tmp_path, order)


def test_an_end_without_an_answer_is_a_failure(stand: Stand, ffmpeg: Path, tmp_path: Path, order: SearchOrder) -> None:
    stand.says(attempt(37.5, 93))

    with pytest.raises(EngineFailed, match="without an answer"):
        search(stand, ffmpeg, tmp_path, order)


def test_an_interruption_is_no_failure_of_the_film(
    stand: Stand, ffmpeg: Path, tmp_path: Path, order: SearchOrder
) -> None:
    stand.says(attempt(37.5, 93), code=1, stderr="Error: ctrl_c\n")

    with pytest.raises(ProgramInterrupted):
        search(stand, ffmpeg, tmp_path, order)


def test_a_hint_narrows_the_range_first_and_never_for_good(
    stand: Stand, ffmpeg: Path, tmp_path: Path, order: SearchOrder
) -> None:
    stand.says(attempt(30, 93.5), attempt(24, 94.8), NO_CRF, code=1)
    stand.says(attempt(20, 95.05), attempt(20, 95.05, kind="crf-search-done"))

    alike = replace(DEFAULT, crf=Crf(30.0), spread=1.5, films=2)
    result, _ = search(stand, ffmpeg, tmp_path, replace(order, prior=alike))

    assert result.crf == 20
    assert "--min-crf 24 --max-crf 36" in stand.was_asked()[0]
    assert "--min-crf 12 --max-crf 63" in stand.was_asked()[1]


def test_known_probes_bound_the_search(stand: Stand, ffmpeg: Path, tmp_path: Path, order: SearchOrder) -> None:
    stand.says(attempt(31, 95.08), attempt(31, 95.08, kind="crf-search-done"))
    known = tuple(
        Probe(crf=Crf(crf), mean=VmafScore(mean), p5=None, percent=40, seconds=Seconds(1), cpu_seconds=Seconds(1))
        for crf, mean in ((26.0, 96.5), (40.0, 91.0))
    )

    result, probes = search(stand, ffmpeg, tmp_path, replace(order, known=known))

    assert "--min-crf 26 --max-crf 40" in stand.was_asked()[0]
    assert len(probes) == 1
    assert len(result.probes) == 3


def test_it_uses_our_ffmpeg_and_keeps_its_cache_in_scratch(
    stand: Stand, ffmpeg: Path, tmp_path: Path, order: SearchOrder
) -> None:
    stand.says(attempt(31, 95.08), attempt(31, 95.08, kind="crf-search-done"))

    search(stand, ffmpeg, tmp_path, order)

    lines = (stand.folder / "environment").read_text().splitlines()
    environment = dict(line.split("=", 1) for line in lines if "=" in line)
    first = Path(environment["PATH"].split(os.pathsep)[0])
    assert (first / "ffmpeg").resolve() == ffmpeg.resolve()
    assert Path(environment["XDG_CACHE_HOME"]).is_relative_to(tmp_path / "scratch")
    assert f"--temp-dir {tmp_path / 'scratch'}" in stand.was_asked()[0]


def test_an_old_ab_av1_is_refused(stand: Stand, ffmpeg: Path, tmp_path: Path, order: SearchOrder) -> None:
    stand.version("0.11.4")

    with pytest.raises(ProgramMissing, match=r"0\.11\.5 or newer"):
        search(stand, ffmpeg, tmp_path, order)
