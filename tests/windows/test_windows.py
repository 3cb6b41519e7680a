"""The worker's code runs on Windows: with Windows' CPython, its wheels and its `ffmpeg.exe`, under Wine."""

import json
import threading
from pathlib import Path, PureWindowsPath

import pytest

from reencodarr.cli import service
from reencodarr.cli.service import Unit
from reencodarr.encoding.plan import QualityTarget
from reencodarr.quality import footage, vmaf
from reencodarr.quality.parallel import Pulse
from reencodarr.quality.vmaf import Leg
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.units import VmafScore
from tests.windows.rig import ROOT, Rig, windows_path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

SHARED = (
    "encoding/test_complaints.py",
    "encoding/test_containers.py",
    "encoding/test_documents.py",
    "encoding/test_estimate.py",
    "encoding/test_ffprogress.py",
    "encoding/test_picture.py",
    "encoding/test_prospects.py",
    "encoding/test_refusals.py",
    "encoding/test_rules.py",
    "media/test_sample_table.py",
    "media/test_tracks.py",
    "media/test_year.py",
    "proof/test_frames.py",
    "quality/test_abav1_arguments.py",
    "quality/test_correction.py",
    "quality/test_curve.py",
    "quality/test_cut.py",
    "quality/test_keys.py",
    "quality/test_pools.py",
    "quality/test_search.py",
    "quality/test_vmaf.py",
    "quality/test_windows.py",
    "work/test_orders.py",
)
"""Tests of the worker's rooms that ask for nothing of Linux: they hold on Windows as they are."""

SCORE = """
import json, sys, threading
from pathlib import Path
from reencodarr.encoding.plan import QualityTarget
from reencodarr.quality import footage, vmaf
from reencodarr.quality.parallel import Pulse
from reencodarr.quality.vmaf import Leg
from reencodarr.tools import ffmpeg
distorted, reference, folder = map(Path, sys.argv[1:])
target = QualityTarget(mean=95.0, lowest_mean=90.0, floor_p5=80.0)
found = vmaf.score(
    ffmpeg.locate(),
    distorted=Leg(cut=footage.read(distorted).cut(None)),
    reference=Leg(cut=footage.read(reference).cut(None)),
    target=target,
    size=(640, 272),
    log_file=folder / "windows.json",
    threads=2,
    pulse=Pulse(threading.Event()),
)
print(json.dumps([found.pairs, found.scores]))
"""


def run_tests(rig: Rig, *paths: Path) -> str:
    """The last line of Windows' pytest; fails with all it said."""
    options = ("-c", ROOT / "pyproject.toml", "--rootdir", ROOT, "-p", "no:cacheprovider", "-q", "--tb=short")
    done = rig.run("-m", "pytest", *options, *paths, patience=1800)
    assert done.exit_code == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
    return done.stdout.strip().splitlines()[-1]


def test_windows_own_tests_pass(rig: Rig) -> None:
    said = run_tests(rig, ROOT / "tests" / "windows" / "native")

    assert "skipped" not in said


def test_what_the_rooms_of_a_worker_promise_holds_on_windows(rig: Rig) -> None:
    said = run_tests(rig, *(ROOT / "tests" / path for path in SHARED))

    assert " passed" in said


def test_a_score_on_windows_is_the_score_on_linux(rig: Rig, ffmpeg: Path, bikes: Path, tmp_path: Path) -> None:
    poor = tmp_path / "poor.mkv"
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-i", bikes, "-frames:v", "50", "-c:v", "libx264", "-crf", "34", poor])
    target = QualityTarget(mean=VmafScore(95.0), lowest_mean=VmafScore(90.0), floor_p5=VmafScore(80.0))

    done = rig.run("-c", SCORE, poor, bikes, tmp_path)
    here = vmaf.score(
        ffmpeg,
        distorted=Leg(cut=footage.read(poor).cut(None)),
        reference=Leg(cut=footage.read(bikes).cut(None)),
        target=target,
        size=(640, 272),
        log_file=tmp_path / "linux.json",
        threads=2,
        pulse=Pulse(threading.Event()),
    )

    assert done.exit_code == 0, done.stderr
    pairs, scores = json.loads(done.stdout)
    assert pairs == here.pairs == 50
    assert [frame for frame, _ in scores] == [frame for frame, _ in here.scores]
    assert [score for _, score in scores] == pytest.approx([score for _, score in here.scores], abs=0.01)
    assert min(score for _, score in scores) < 90


AGAIN = """
import os, sys
from pathlib import Path
said = Path("said.txt")
times = len(said.read_text().splitlines()) if said.exists() else 0
with said.open("a") as file:
    print(os.environ["REENCODARR_SLOTS"], os.environ["REENCODARR_DATA_DIR"], sys.argv[1:], file=file)
sys.exit(0 if times else 3)
"""


def test_the_start_script_starts_again_until_its_program_was_asked_to_end(rig: Rig, tmp_path: Path) -> None:
    folder = tmp_path / "it's 50% & here"
    folder.mkdir()
    (folder / "service.env").write_text("# settings\nREENCODARR_SLOTS=3\n")
    (folder / "again.py").write_text(AGAIN)
    command = (windows_path(rig.interpreter), "again.py", "a b", "100%")
    unit = Unit(role="worker", command=command, folder=PureWindowsPath(windows_path(folder)), user="me")  # type: ignore[arg-type]
    script = tmp_path / "start.bat"
    script.write_text(service.text(unit, "windows", script=True), newline="\r\n")

    process = rig.start("cmd", "/c", script)
    said, _ = process.communicate(timeout=600)

    line = f"3 {windows_path(folder)} ['a b', '100%']"
    assert process.returncode == 0, said
    assert (folder / "said.txt").read_text().splitlines() == [line, line]
