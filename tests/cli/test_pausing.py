"""Searches and runs that are paused, resumed and cancelled as people do it: by keys, and from another terminal."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlmodel import select

from reencodarr.cli import exits
from reencodarr.library import database
from reencodarr.library.tables import Failure, Job, VideoState
from reencodarr.settings import Settings
from reencodarr.stages import forecast, holding
from reencodarr.stages.workplace import Workplace, open_workplace
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from tests import paused
from tests.cli.conftest import PROGRAM, Program
from tests.servers import patient
from tests.stages.conftest import aged


@pytest.fixture
def reencodarr(reencodarr: Program, tmp_path: Path) -> Program:
    """With a preset that takes its time, and a scratch folder to look into."""
    (tmp_path / "scratch").mkdir()
    reencodarr.environment["REENCODARR_SCRATCH_DIR"] = str(tmp_path / "scratch")
    reencodarr.environment["REENCODARR_POLICY"] = str(with_preset(tmp_path, 4))
    return reencodarr


def with_preset(folder: Path, preset: int) -> Path:
    policy = folder / f"preset {preset}.toml"
    policy.write_text(f"[[video.presets]]\nfrom_lines = 0\npreset = {preset}\n")
    return policy


@pytest.fixture
def film(tmp_path: Path, small_film: Path) -> Path:
    (tmp_path / "films").mkdir()
    return aged(Path(shutil.copy(small_film, tmp_path / "films" / "Film.mkv")))


@pytest.fixture
def run(reencodarr: Program, film: Path, ffmpeg: Path, bikes: Path, tmp_path: Path) -> Iterator[psutil.Popen]:
    """A `reencodarr run` in the middle of a search that takes minutes: every probe encodes six seconds at preset 0."""
    made = ("-an", "-frames:v", "150", "-c:v", "libx264", "-preset", "veryfast", "-crf", "4", film)
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-y", "-i", bikes, *made])
    aged(film)
    environment = {**reencodarr.environment, "REENCODARR_POLICY": str(with_preset(tmp_path, 0))}
    with said_by_run(tmp_path).open("wb") as words:
        process = psutil.Popen(
            [PROGRAM, "run", "--yes", film.parent],
            env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT,
        )  # fmt: skip
    paused.eventually(lambda: paused.encoders(process), patience=240)
    yield process
    with contextlib.suppress(psutil.NoSuchProcess):
        for one in [*process.children(recursive=True), process]:
            one.kill()
    process.wait(240)


@pytest.fixture
def place(reencodarr: Program, film: Path) -> Workplace:
    """The same database, in this process."""
    settings = Settings(data_dir=reencodarr.data, reserve_bytes=0)
    database.upgrade(settings.database)
    return open_workplace(settings)


def said_by_run(tmp_path: Path) -> Path:
    return tmp_path / "run.log"


def leftovers(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "scratch").iterdir() if path.name.startswith("reencodarr-")]


def searching(reencodarr: Program, film: Path) -> tuple[psutil.Popen, list[psutil.Process]]:
    """A `reencodarr search` in a process group of its own, as a shell would start it, and its programs."""
    process = psutil.Popen(
        [PROGRAM, "search", film],
        env=reencodarr.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,
    )
    return process, paused.eventually(lambda: paused.encoders(process), patience=240)


@pytest.mark.slow
def test_ctrl_z_stops_all_of_a_search_and_fg_continues_it(reencodarr: Program, film: Path, tmp_path: Path) -> None:
    process, children = searching(reencodarr, film)

    os.killpg(process.pid, signal.SIGTSTP)
    paused.eventually(lambda: paused.still([process, *children]))
    time.sleep(2)
    assert paused.still([process, *children])
    os.killpg(process.pid, signal.SIGCONT)
    said = process.communicate(timeout=240)[0].decode(errors="replace")

    assert process.returncode == exits.DONE, said
    assert "CRF" in said
    assert leftovers(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("stopped", [False, True], ids=["while it runs", "after ctrl-z"])
def test_ctrl_c_ends_a_search_with_its_programs(reencodarr: Program, film: Path, tmp_path: Path, stopped: bool) -> None:
    process, children = searching(reencodarr, film)
    if stopped:
        os.killpg(process.pid, signal.SIGTSTP)
        paused.eventually(lambda: paused.still([process, *children]))

    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGCONT)
    said = process.communicate(timeout=25)[0].decode(errors="replace")

    assert process.returncode == exits.INTERRUPTED, said
    assert "Traceback" not in said
    assert not psutil.wait_procs(children, timeout=30)[1]
    assert leftovers(tmp_path) == []


@pytest.mark.slow
def test_a_run_is_paused_resumed_and_cancelled_from_elsewhere(
    reencodarr: Program, film: Path, run: psutil.Popen, place: Workplace, tmp_path: Path
) -> None:
    children = paused.encoders(run)

    assert reencodarr("pause", film).stdout.startswith("Film.mkv: rests within seconds")
    paused.eventually(lambda: paused.rests(run), patience=90)
    assert reencodarr("resume", "--all").stdout.startswith("Film.mkv: goes on within seconds")
    paused.eventually(lambda: paused.works(run), patience=90)
    holding.pause(place, [1])
    paused.eventually(lambda: paused.rests(run), patience=90)
    assert reencodarr("cancel", "1").stdout.startswith("Film.mkv: is ended within seconds")
    assert run.wait(240) == exits.DONE

    assert not psutil.wait_procs(children, timeout=30)[1]
    assert leftovers(tmp_path) == []
    assert "cancelled by a person until" in reencodarr("plan", film.parent).stdout


@pytest.mark.slow
def test_ctrl_c_ends_a_paused_run_without_force_and_it_stays_paused(
    film: Path, run: psutil.Popen, place: Workplace, tmp_path: Path
) -> None:
    children = paused.encoders(run)
    holding.pause(place, [1])
    paused.eventually(lambda: paused.rests(run), patience=90)

    run.send_signal(signal.SIGINT)

    assert run.wait(240) == exits.INTERRUPTED
    said = said_by_run(tmp_path).read_text(errors="replace")
    assert "Stopped; nothing is half done." in said
    assert "Ended at once" not in said, "it had to be ended by force"
    assert not psutil.wait_procs(children, timeout=30)[1]
    assert leftovers(tmp_path) == []
    assert holding.resting(place) == [1]
    assert [one.reason for one in forecast.forecast(place, [str(film.parent)]).intentions] == ["paused"]


@pytest.mark.slow
def test_a_run_that_is_cancelled_in_prefect_ends_with_its_programs(
    run: psutil.Popen, place: Workplace, tmp_path: Path
) -> None:
    children = paused.encoders(run)
    (server,) = [one for one in run.children() if "uvicorn" in one.cmdline()]
    (listens,) = [one for one in server.net_connections("tcp4") if one.status == psutil.CONN_LISTEN]
    api = f"http://127.0.0.1:{listens.laddr.port}/api"
    said = {"state": {"type": "CANCELLING"}}

    with patient.client(api) as client:
        (found,) = client.post("/flow_runs/filter", json={}).json()
        client.post(f"/flow_runs/{found['id']}/set_state", json=said).raise_for_status()

    assert run.wait(240) == exits.INTERRUPTED
    assert not psutil.wait_procs(children, timeout=30)[1]
    assert leftovers(tmp_path) == []
    with database.session(place.database, reads_only=True) as session:
        assert session.exec(select(VideoState.state)).all() == ["analyzed"]
        assert session.exec(select(Failure)).all() == []
        assert session.exec(select(Job.outcome).where(Job.kind == "crf_search")).all() == ["returned"]


@pytest.mark.slow
def test_films_to_pause_must_be_named(reencodarr: Program, place: Workplace) -> None:
    nothing, unknown, idle = reencodarr("pause"), reencodarr("cancel", "77"), reencodarr("resume", "--all")

    assert nothing.returncode == exits.CANNOT_WORK
    assert "--all" in nothing.stderr
    assert unknown.returncode == exits.CANNOT_WORK
    assert "No video '77' is known" in unknown.stderr
    assert idle.returncode == exits.DONE
    assert "nothing to resume" in idle.stdout
