"""`reencodarr search` as people and scripts start it: it shows, it promises, and it leaves nothing behind."""

import contextlib
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import psutil
import pytest
from PIL import Image

from reencodarr.cli import exits
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from tests import mounts
from tests.cli import search_contract
from tests.cli.conftest import Program
from tests.cli.search_contract import document

QUICK = """
[[video.presets]]
from_lines = 0
preset = 12
[[target.models]]
over_width = 0
over_height = 0
model = "vmaf_v0.6.1"
"""
"""Scores at the picture's own size, which is quick."""


@pytest.fixture(scope="session")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("policy") / "quick.toml"
    file.write_text(QUICK)
    return file


@pytest.fixture(scope="session")
def cut(ffmpeg: Path, bikes: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A film of some frames of a real clip, in a folder of its own."""

    def made(frames: int, *words: str, name: str = "Film.mkv") -> Path:
        film = tmp_path_factory.mktemp("film") / name
        picture = ("-vf", "scale=320:136", "-c:v", "libx264", "-crf", "4", "-preset", "veryfast")
        opened = ("-v", "error", "-i", bikes, "-an", "-frames:v", str(frames))
        programs.run([ffmpeg, *ffmpeg_tool.QUIET, *opened, *(words or picture), film])
        return film

    return made


@pytest.fixture(scope="session")
def film(cut: Callable[..., Path]) -> Path:
    return cut(25)


@pytest.fixture
def looking(reencodarr: Program, policy: Path, tmp_path: Path) -> Iterator[Program]:
    """The program with a temporary folder of its own, which has to be empty at the end."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    reencodarr.environment.update(TMPDIR=str(temporary), REENCODARR_POLICY=str(policy))
    yield reencodarr
    assert list(temporary.iterdir()) == []
    assert not reencodarr.data.exists()


def drawn_points(plot: Path) -> list[dict[str, float]]:
    """What a plot says of each of its points, axis by axis."""
    labels = [part.get("aria-label", "") for part in ET.parse(plot).iter()]
    fields = [re.findall(r"([^;:]+): (-?[\d.]+)(?:;|$)", label) for label in labels]
    return [{name.strip(): float(value) for name, value in found} for found in fields if found]


def test_a_script_gets_one_document_and_a_plot_of_the_same(looking: Program, film: Path, tmp_path: Path) -> None:
    plot = tmp_path / "curve.svg"

    done = looking("search", film, "--target", "88", "--json", "--plot", plot)

    assert done.returncode == exits.DONE, done.stdout + done.stderr
    found = document(done.stdout, search_contract.FOUND)
    result, probes = found["result"], found["probes"]
    assert (found["search"]["preset"], found["search"]["target"]["vmaf"]) == (12, 88)
    assert result["met"]
    assert 88 <= result["vmaf"] <= 90
    assert result["measured"] == (result["crf"] in [probe["crf"] for probe in probes])
    assert all(probe["interval"] == 0 and probe["windows"] == 1 and not probe["remembered"] for probe in probes)
    points = drawn_points(plot)
    chosen = next(point for point in points if "Chosen CRF" in point)
    assert chosen["Chosen CRF"] == result["crf"]
    assert chosen["VMAF, mean"] == pytest.approx(result["vmaf"], abs=1e-6)
    assert {"VMAF, mean": 88.0} in points
    for probe in probes:
        assert any(point.get("Predicted size of the video, %") == pytest.approx(probe["percent"]) for point in points)
    assert [path.name for path in film.parent.iterdir()] == [film.name]


def test_a_person_sees_every_probe(looking: Program, cut: Callable[..., Path], tmp_path: Path) -> None:
    one_frame = cut(1)
    plot = tmp_path / "curve.png"

    done = looking("search", one_frame, "--target", "88", "--plot", plot)

    assert done.returncode == exits.DONE, done.stdout + done.stderr
    rows = re.findall(r"^ +([\d.]+)  [\d.]+ +[\d.]+ +[\d.]+ % +[\d.]+ s$", done.stdout, re.MULTILINE)
    assert rows[0] == "40"
    summary = re.search(
        r"^CRF [\d.]+: VMAF 8[89]\.\d+, [\d.]+ % of .* (\d) probes? in .*, 0 remembered", done.stdout, re.M
    )
    assert summary is not None, done.stdout
    assert int(summary[1]) == len(rows)
    with Image.open(plot) as picture:
        picture.verify()
        assert picture.format == "PNG"


@pytest.mark.slow
def test_black_answers_at_the_end_of_the_range(looking: Program, cut: Callable[..., Path]) -> None:
    black = cut(5, "-vf", "scale=320:136,drawbox=t=fill:color=black", "-c:v", "libx264", "-crf", "4")

    done = looking("search", black, "--target", "88", "--json")

    found = document(done.stdout, search_contract.FOUND)
    assert found["result"]["crf"] == 63
    assert found["result"]["reason"] == "No higher CRF is allowed."
    assert "A run would leave this film alone" in found["notes"][0]


@pytest.mark.slow
def test_scores_of_hdr_are_marked(looking: Program, cut: Callable[..., Path], tmp_path: Path) -> None:
    pq = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:range=limited:log-level=none"
    colours = (
        "-color_primaries",
        "bt2020",
        "-color_trc",
        "smpte2084",
        "-colorspace",
        "bt2020nc",
        "-pix_fmt",
        "yuv420p10le",
    )
    hdr = cut(2, "-vf", "scale=320:136", "-c:v", "libx265", "-crf", "4", "-x265-params", pq, *colours)
    plot = tmp_path / "hdr.svg"

    done = looking("search", hdr, "--target", "88", "--json", "--plot", plot)

    found = document(done.stdout, search_contract.FOUND)
    assert found["film"]["hdr"] == "pq"
    assert found["search"]["hdr_scored_as_sdr"]
    assert "made for SDR" in found["notes"][0]
    assert "HDR, scored by the SDR model" in plot.read_text()


def test_a_target_out_of_reach_is_a_best_effort_and_exit_code_1(looking: Program, cut: Callable[..., Path]) -> None:
    done = looking("search", cut(1), "--target", "100", "--json")

    assert done.returncode == exits.SOME_FAILED, done.stdout + done.stderr
    found = document(done.stdout, search_contract.FOUND)
    assert not found["result"]["met"]
    assert found["result"]["reason"]


@pytest.mark.slow
def test_a_plot_that_does_not_fit_on_its_disk_costs_no_result(
    looking: Program, cut: Callable[..., Path], tmp_path: Path
) -> None:
    full = tmp_path / "full.svg"
    full.symlink_to("/dev/full")

    done = looking("search", cut(1), "--target", "88", "--json", "--plot", full)

    assert done.returncode == exits.CANNOT_WORK
    assert document(done.stdout, search_contract.FOUND)["result"]["met"]
    assert "cannot be written" in done.stderr


@pytest.mark.slow
def test_a_sampled_film_has_an_interval_and_starts_nothing_in_its_folder(
    looking: Program, ffmpeg: Path, bikes: Path, tmp_path: Path
) -> None:
    long = tmp_path / "films" / "long.mkv"
    long.parent.mkdir()
    small = ("-vf", "fps=25/2,scale=160:68", "-c:v", "libx264", "-crf", "4")
    opened = ("-v", "error", "-stream_loop", "7", "-t", "64", "-i", bikes)
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, *opened, "-an", *small, long])

    scripted, shown = looking("search", long, "--target", "85", "--json"), looking("search", long, "--target", "85")

    found = document(scripted.stdout, search_contract.FOUND)
    assert all(probe["windows"] == (2 if probe["pilot"] else 8) for probe in found["probes"])
    assert all(probe["interval"] > 0 for probe in found["probes"] if not probe["pilot"])
    assert any(probe["pilot"] for probe in found["probes"])
    assert found["result"]["interval"] > 0
    assert re.search(r"^ +40  [\d.]+ .* pilot$", shown.stdout, re.MULTILINE), shown.stdout
    assert re.search(r"^ +[\d.]+  [\d.]+ ± [\d.]+ .* s$", shown.stdout, re.MULTILINE), shown.stdout
    assert [path.name for path in long.parent.iterdir()] == [long.name]


@pytest.mark.slow
def test_ab_av1_tells_what_it_can(looking: Program, film: Path) -> None:
    path = os.pathsep.join([os.environ["PATH"], str(Path.home() / ".cargo" / "bin")])
    if shutil.which("ab-av1", path=path) is None:
        pytest.skip("ab-av1 is not installed: cargo install ab-av1")

    done = looking("search", film, "--target", "88", "--engine", "ab-av1", "--json", PATH=path)

    found = document(done.stdout, search_contract.FOUND)
    assert found["search"]["engine"] == "ab-av1"
    assert found["result"]["met"]
    untold = ("interval", "p5", "lowest_2s", "cpu_seconds")
    assert all(probe[name] is None for probe in found["probes"] for name in untold)


def test_a_film_that_is_not_there_is_named_in_the_document_as_well(looking: Program, tmp_path: Path) -> None:
    done = looking("search", tmp_path / "none.mkv", "--json")

    assert done.returncode == exits.CANNOT_WORK
    assert document(done.stdout, search_contract.FAILED)["error"]["name"] == "FileUnreadable"
    assert "FileUnreadable" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell to hide a filter")
@pytest.mark.slow
@pytest.mark.parametrize("lacking", ["libvmaf", "libsvtav1"])
def test_an_ffmpeg_that_cannot_do_it_is_named(
    looking: Program, film: Path, ffmpeg: Path, tmp_path: Path, lacking: str
) -> None:
    poor = tmp_path / "ffmpeg"
    hide = f'case "$*" in *{lacking}*) echo "Unknown {lacking}" >&2; exit 8;; esac'
    poor.write_text(f'#!/bin/sh\n{hide}\n"{ffmpeg}" "$@" | sed "s/ {lacking} / x /"\n')
    poor.chmod(0o755)
    no_pyav = tmp_path / "av"
    no_pyav.mkdir()
    (no_pyav / "sitecustomize.py").write_text("from reencodarr.tools import pyav\npyav.svt_version = lambda: ''\n")

    done = looking("search", film, FFMPEG_PATH=str(poor), PYTHONPATH=str(no_pyav))

    assert done.returncode == exits.CANNOT_WORK
    assert "ProgramMissing" in done.stderr
    assert f"has no {lacking}" in done.stderr


@pytest.mark.slow
def test_ab_av1_that_is_not_there_is_named_before_anything_is_shown(looking: Program, film: Path) -> None:
    done = looking("search", film, "--engine", "ab-av1", PATH="/usr/bin:/bin", AB_AV1_PATH="")

    assert done.returncode == exits.CANNOT_WORK
    assert "ab-av1 is not there" in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_a_full_scratch_disk_is_named(looking: Program, film: Path, tmp_path: Path) -> None:
    with mounts.disk(tmp_path / "scratch", "1m") as disk:
        mounts.fill(disk)

        done = looking("search", film, "--json", REENCODARR_SCRATCH_DIR=str(disk))

        left = {path.name for path in disk.iterdir()}

    assert done.returncode == exits.CANNOT_WORK
    assert document(done.stdout, search_contract.FAILED)["error"]["name"] == "NoSpace"
    assert left <= {"filler", ".making"}


def encoders(process: psutil.Process) -> list[psutil.Process]:
    """Its children that encode a window."""
    found = []
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # also what a zombie is
            found += [child] if "-progress" in child.cmdline() else []
    return found


@pytest.mark.slow
def test_ctrl_c_ends_it_with_its_children(looking: Program, bikes: Path) -> None:
    running = looking.start("search", bikes, "--preset", "0")
    process = psutil.Process(running.pid)
    until = time.monotonic() + 240
    while not (children := encoders(process)):
        assert time.monotonic() < until
        time.sleep(0.1)

    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=240)

    assert running.returncode == exits.INTERRUPTED
    assert b"Stopped" in said
    assert b"Traceback" not in said
    assert not psutil.wait_procs(children, timeout=60)[1]
