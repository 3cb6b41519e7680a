"""`reencodarr worker` as its owner meets it: real servers, real signals, real encodes."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from reencodarr.cli import exits
from reencodarr.cli.prefect_worker import passed_on
from reencodarr.library.states import State
from reencodarr.stages.machines import workers_desk
from reencodarr.work import token
from reencodarr.work.token import Token
from tests.api import kit
from tests.flows import site as sites
from tests.flows.conftest import eventually
from tests.flows.site import Site
from tests.work import server
from tests.work.server import Desk

POOR = """#!/bin/sh
case "$*" in
  *-version*) echo "ffmpeg version 1";;
  *-filters*) echo " ... libvmaf ";;
  *) exit 8;;
esac
"""


def command(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    said = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "COLUMNS": "200",
        "REENCODARR_DATA_DIR": str(folder / "data"),
        "REENCODARR_SCRATCH_DIR": str(folder / "scratch"),
        **environment,
    }
    return subprocess.run(
        [sys.executable, "-m", "reencodarr.cli", "worker", *arguments],
        env=said, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_check_says_what_was_found_and_leaves(tmp_path: Path) -> None:
    desk = Desk()
    file = tmp_path / "token"
    file.write_text(token.to_text(desk.token))

    with server.running(desk) as url:
        done = command(tmp_path, "--check", "--server", url, "--token-file", str(file), "--slots", "3")

    assert done.returncode == exits.DONE, done.stderr
    for words in ("attic", "3 at once", "Pool linux", "crf-search", "svtav1", "libvmaf"):
        assert words in done.stdout
    assert "VMAF 4K" in done.stderr
    (hello,) = [body for path, body in desk.heard if path.endswith("/hello")]
    assert (hello["platform"], hello["slots"]) == ("linux", 3)


def test_a_machine_that_cannot_work_is_refused_with_every_reason(tmp_path: Path) -> None:
    desk = Desk()
    poor = tmp_path / "ffmpeg"
    poor.write_text(POOR)
    poor.chmod(0o755)

    with server.running(desk) as url:
        done = command(
            tmp_path, "--check", "--server", url, FFMPEG_PATH=str(poor), REENCODARR_TOKEN=token.to_text(desk.token)
        )

    assert done.returncode == exits.CANNOT_WORK
    for words in ("VMAF HD", "VMAF 4K", "Opus encoder", "FFMPEG_PATH"):
        assert words in done.stderr
    assert desk.heard == []


def test_a_server_that_does_not_know_it_is_said(tmp_path: Path) -> None:
    desk = Desk()
    stranger = token.to_text(Token(name="stranger", secret="x", pool="linux"))

    with server.running(desk) as url:
        done = command(tmp_path, "--server", url, REENCODARR_TOKEN=stranger)

    assert done.returncode == exits.CANNOT_WORK
    assert "workers add" in done.stderr


def test_a_servers_variables_are_named_and_not_needed(tmp_path: Path) -> None:
    desk = Desk()

    with server.running(desk) as url:
        done = command(
            tmp_path,
            "--check",
            "--server",
            url,
            REENCODARR_TOKEN=token.to_text(desk.token),
            REENCODARR_BUCKET__SECRET_KEY="hush",
            REENCODARR_DATABASE_URL="postgresql://u:pass@db/x",
        )

    assert done.returncode == exits.DONE, done.stderr
    assert "REENCODARR_BUCKET__SECRET_KEY" in done.stderr
    assert "REENCODARR_DATABASE_URL" in done.stderr
    assert "hush" not in done.stderr + done.stdout
    assert "u:pass" not in done.stderr + done.stdout


def test_runs_see_no_keys() -> None:
    seen = passed_on(
        {
            "PATH": "/bin",
            "PREFECT_API_URL": "http://x",
            "REENCODARR_TOKEN_FILE": "/t",
            "REENCODARR_TOKEN": "secret",
            "REENCODARR_DATABASE_URL": "secret",
            "REENCODARR_BUCKET__SECRET_KEY": "secret",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "PREFECT_SERVER_API_AUTH_STRING": "secret",
        }
    )

    assert set(seen) == {"PATH", "PREFECT_API_URL", "REENCODARR_TOKEN_FILE"}


SLOW_POLICY = "[[video.presets]]\nfrom_lines = 0\npreset = 1\n"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    policy = tmp_path / "slow.toml"
    policy.write_text(SLOW_POLICY)
    with kit.running(tmp_path) as running:
        yield sites.made(running, tmp_path, policy)


def encoders(site: Site) -> list[psutil.Process]:
    """The programs that encode films in this site's scratch folder."""
    scratch = str(site.workplace.settings.scratch)
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if "libsvtav1" in line and scratch in line:
            found.append(process)
    return found


def searched(site: Site, film: Path) -> None:
    """Take a film to where its encode waits, here and now: it is not the subject."""
    site.place.add(film)
    site.place.analyse()
    site.place.search()
    assert set(site.place.states().values()) == {("crf_searched", "")}, site.place.states()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_first_signal_lets_the_job_finish_the_second_hands_it_back(site: Site, small_film: Path) -> None:
    searched(site, small_film)
    film = site.place.films / small_film.name

    with site.worker("local", local=True) as worker:
        eventually(lambda: worker.says("Pool linux"))
        assert eventually(lambda: site.dispatch().given)
        eventually(lambda: encoders(site), every=0.1)
        worker.signal()
        time.sleep(0.5)
        worker.signal()
        assert worker.process.wait(240) == exits.DONE, worker.log.read_text()

    assert "nothing is left running" in worker.log.read_text()
    assert encoders(site) == []
    assert site.engine.by_state() == ["CANCELLED"]
    site.dispatch()
    assert site.place.state(film) is State.CRF_SEARCHED
    assert site.place.failures() == []

    with site.worker("local", local=True) as worker:
        eventually(lambda: worker.says("Pool linux"))
        assert eventually(lambda: site.dispatch().given)
        eventually(lambda: encoders(site), every=0.1)
        worker.signal()
        assert worker.process.wait(240) == exits.DONE, worker.log.read_text()

    assert "No new work" in worker.log.read_text()
    assert site.engine.by_state() == ["CANCELLED", "COMPLETED"]
    site.dispatch()
    assert site.place.state(film) is State.ENCODED
    assert [one.draining for one in workers_desk.listed(site.workplace)] == [True]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_worker_is_asked_to_stop_by_another_program(site: Site, small_film: Path) -> None:
    """As on Windows, where no signal reaches a task."""
    searched(site, small_film)
    environment = {"REENCODARR_DATA_DIR": str(site.folder / "local" / "data")}

    with site.worker("local", local=True) as worker:
        eventually(lambda: worker.says("Pool linux"))
        assert eventually(lambda: site.dispatch().given)
        eventually(lambda: encoders(site), every=0.1)[0].suspend()
        first = command(site.folder, "--stop", **environment)
        second = command(site.folder, "--stop", **environment)
        assert worker.process.wait(240) == exits.DONE, worker.log.read_text()

    assert "takes no new work" in first.stdout
    assert "hands back" in second.stdout
    assert encoders(site) == []
    assert site.engine.by_state() == ["CANCELLED"]
    nobody = command(site.folder, "--stop", **environment)
    assert (nobody.returncode, "No worker is at work" in nobody.stderr) == (exits.CANNOT_WORK, True)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_cancelled_run_ends_with_its_children_and_shows_its_progress(site: Site, small_film: Path) -> None:
    searched(site, small_film)

    with site.worker("local", local=True) as worker:
        eventually(lambda: worker.says("Pool linux"))
        assert eventually(lambda: site.dispatch().given)
        eventually(lambda: encoders(site), every=0.1)
        (run,) = site.engine.ids("RUNNING")
        site.engine.cancel(run)
        eventually(lambda: site.engine.ids("CANCELLED"))
        eventually(lambda: encoders(site) == [], patience=30, every=0.1)

    assert re.search(r"(encode|measure): small\.mkv", str(site.engine.artifacts()))
    eventually(lambda: "encoding at CRF" in site.engine.logs())
