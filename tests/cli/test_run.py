"""`reencodarr run` and its neighbours, started as people start them."""

import hashlib
import json
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from reencodarr.cli import exits
from reencodarr.library import database, roots
from reencodarr.media import mediainfo
from tests.cli.conftest import PROGRAM, Program
from tests.stages.conftest import aged


def digests(folder: Path) -> dict[Path, str]:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def films(tmp_path: Path, small_film: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    shutil.copy(small_film, folder / "Good.mkv")
    (folder / "Broken.mkv").write_text("not a film " * 500)
    for film in folder.iterdir():
        aged(film)
    return folder


@pytest.mark.slow
def test_a_library_is_re_encoded_looked_at_again_and_put_back(reencodarr: Program, films: Path) -> None:
    original = digests(films)

    first = reencodarr("run", "--yes", films)
    second = reencodarr("run", films)

    assert first.returncode == exits.SOME_FAILED, first.stdout + first.stderr
    assert "1 of 2 films to encode" in first.stderr
    assert "Good.mkv" in first.stdout
    assert "replaced" in first.stdout
    assert "Traceback" not in first.stderr
    assert mediainfo.read(films / "Good.mkv").facts.video.codec == "av1"
    assert digests(films)[films / "Broken.mkv"] == original[films / "Broken.mkv"]
    assert second.returncode == exits.DONE, second.stdout + second.stderr
    assert "Nothing to encode" in second.stderr

    status = json.loads(reencodarr("status", "--json").stdout)
    undone = reencodarr("undo", films)

    assert status["states"] == {"failed": 1, "replaced": 1}
    assert status["freed"] == 0
    assert status["pending"] > 0
    assert undone.returncode == exits.DONE, undone.stderr
    assert digests(films)[films / "Good.mkv"] == original[films / "Good.mkv"]


def test_plan_writes_nothing_at_all(reencodarr: Program, films: Path) -> None:
    before, moments = digests(films), {path: path.stat().st_mtime_ns for path in films.rglob("*")}

    plan = reencodarr("plan", films)
    machine = reencodarr("run", "--dry-run", "--json", films)

    assert plan.returncode == machine.returncode == exits.DONE, plan.stderr + machine.stderr
    assert "Good.mkv" in plan.stdout
    found = json.loads(machine.stdout)
    assert found["total"]["encodes"] == 1
    assert found["total"]["saved_low"] <= found["total"]["saved"] <= found["total"]["saved_high"]
    assert digests(films) == before
    assert {path: path.stat().st_mtime_ns for path in films.rglob("*")} == moments
    assert not reencodarr.data.exists()


def test_plan_needs_nothing_of_what_others_left_in_the_temporary_folder(
    reencodarr: Program, films: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp"
    (temporary / ".making").mkdir(parents=True)  # Nobody can open it, as little as another user's file.

    plan = reencodarr("plan", films, TMPDIR=str(temporary))

    assert plan.returncode == exits.DONE, plan.stderr
    assert list(temporary.iterdir()) == [temporary / ".making"]


def test_nothing_is_replaced_in_a_new_library_without_a_yes(reencodarr: Program, films: Path) -> None:
    before = digests(films)

    asked = reencodarr("run", films)

    assert asked.returncode == exits.NOT_CONFIRMED
    assert "--yes" in asked.stderr
    assert {path: digests(films)[path] for path in before} == before


@pytest.mark.slow
@pytest.mark.parametrize("answer", [pytest.param(b"n\n", marks=pytest.mark.slow), b"\n"])
def test_a_person_is_asked_before_the_first_replacement(reencodarr: Program, films: Path, answer: bytes) -> None:
    before = digests(films)
    keyboard, terminal = pty.openpty()
    os.write(keyboard, answer)

    done = subprocess.run(
        [PROGRAM, "run", films], env=reencodarr.environment, stdin=terminal, capture_output=True, text=True
    )

    assert done.returncode == exits.NOT_CONFIRMED, done.stderr
    assert "Begin? [y/N]" in done.stdout + done.stderr
    assert "reencodarr undo" in done.stderr
    assert {path: digests(films)[path] for path in before} == before


@pytest.mark.slow
def test_a_second_run_on_the_same_library_says_who_works_on_it(reencodarr: Program, films: Path) -> None:
    assert reencodarr("run", films).returncode == exits.NOT_CONFIRMED
    engine = database.engine(f"sqlite:///{reencodarr.data / 'reencodarr.db'}")
    with database.session(engine) as session:
        library = roots.ensure(session, films)

    with roots.lock(reencodarr.data, library):
        second = reencodarr("run", "--yes", films)

    assert second.returncode == exits.CANNOT_WORK
    assert "LibraryBusy" in second.stderr
    assert str(os.getpid()) in second.stderr


@pytest.mark.slow
def test_bad_settings_policies_paths_and_databases_are_named(reencodarr: Program, films: Path, tmp_path: Path) -> None:
    policy = tmp_path / "mine.toml"
    policy.write_text("[audio]\nreencode = 'all'\n\n[video]\ntuna = 0\n")

    misspelt = reencodarr("run", films, REENCODARR_SCRATCHDIR="/x")
    broken = reencodarr("run", films, REENCODARR_POLICY=str(policy))
    missing = reencodarr("run", tmp_path / "nowhere")
    usage = reencodarr("run", "--nonsense", films)

    for done in (misspelt, broken, missing, usage):
        assert done.returncode == exits.CANNOT_WORK, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert "REENCODARR_SCRATCH_DIR" in misspelt.stderr
    assert "mine.toml, line 5" in broken.stderr
    assert "tune" in broken.stderr
    assert "nowhere" in missing.stderr


@pytest.mark.slow
def test_a_database_of_a_newer_version_is_not_touched(reencodarr: Program, films: Path) -> None:
    assert reencodarr("db", "upgrade").returncode == exits.DONE
    file = reencodarr.data / "reencodarr.db"
    with sqlite3.connect(file) as connection:
        connection.execute("update alembic_version set version_num = 'ffffffffffff'")
    connection.close()
    before = file.read_bytes()

    done = reencodarr("run", "--yes", films)

    assert done.returncode == exits.CANNOT_WORK
    assert "newer Reencodarr" in " ".join(done.stderr.split())
    assert file.read_bytes() == before


def test_something_is_to_be_read_before_anything_is_done(reencodarr: Program, films: Path) -> None:
    process = reencodarr.start("run", films)
    assert process.stdout is not None

    first = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=240)

    assert b"Reencodarr" in first
    assert process.returncode == exits.INTERRUPTED


def test_a_second_stop_ends_at_once(reencodarr: Program, films: Path) -> None:
    process = reencodarr.start("run", "--yes", films)
    assert process.stdout is not None
    process.stdout.readline()
    children = psutil.Process(process.pid).children(recursive=True)

    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)

    assert process.returncode == exits.INTERRUPTED
    assert not psutil.wait_procs(children, timeout=60)[1]


@pytest.mark.slow
@pytest.mark.parametrize("stop", [pytest.param(signal.SIGINT, marks=pytest.mark.more), signal.SIGTERM])
def test_a_stop_leaves_no_process_and_the_next_run_goes_on(
    reencodarr: Program, films: Path, stop: signal.Signals
) -> None:
    before = digests(films)
    process = reencodarr.start("run", "--yes", films)
    family = psutil.Process(process.pid)
    children = _until_encoding(family)

    os.killpg(process.pid, stop)
    process.wait(240)

    assert process.returncode == exits.INTERRUPTED
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive
    assert {path: digests(films)[path] for path in before} == before
    again = reencodarr("run", "--yes", films)
    assert again.returncode in {exits.DONE, exits.SOME_FAILED}, again.stderr
    assert mediainfo.read(films / "Good.mkv").facts.video.codec == "av1"


@pytest.mark.slow
def test_a_killed_run_is_finished_by_the_next(reencodarr: Program, films: Path) -> None:
    before = digests(films)
    process = reencodarr.start("run", "--yes", films)
    children = _until_encoding(psutil.Process(process.pid))

    os.kill(process.pid, signal.SIGKILL)
    process.wait(60)

    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive
    assert {path: digests(films)[path] for path in before} == before
    again = reencodarr("run", films)
    assert again.returncode in {exits.DONE, exits.SOME_FAILED}, again.stderr
    assert mediainfo.read(films / "Good.mkv").facts.video.codec == "av1"
    assert not list((reencodarr.data / "scratch").glob("reencodarr-*"))


def _until_encoding(family: psutil.Process) -> list[psutil.Process]:
    """Wait until SVT-AV1 works for the run; all its children at that moment."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        try:
            children = family.children(recursive=True)
            if any("libsvtav1" in (words := child.cmdline()) and "lavfi" not in words for child in children):
                return children
        except psutil.NoSuchProcess:
            pass
        time.sleep(0.05)
    raise AssertionError("no encode began")
