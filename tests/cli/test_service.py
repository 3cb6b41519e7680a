"""Every system gets a text that it can read, with the words of this machine, whatever is in them."""

import configparser
import plistlib
import shlex
import shutil
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import pytest

from reencodarr.cli import service
from reencodarr.cli.service import Unit
from tests.cli.conftest import Program

UNIT = Unit(
    role="worker",
    command=("/opt/my python/bin/python", "-m", "reencodarr.cli", "worker", "--token-file", "/etc/100% $mine/token"),
    folder=Path("/srv/it's here/50%"),
    user="films",
)


def unit_of(text: str) -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None, strict=True)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read_string(text)
    return found


@pytest.mark.parametrize("role", ["worker", "server"])
def test_systemd_finds_nothing_wrong(reencodarr: Program, tmp_path: Path, role: str) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not here")
    file = tmp_path / "reencodarr.service"
    file.write_text(reencodarr("service", role, "--platform", "linux").stdout)

    done = subprocess.run([analyze, "verify", file], capture_output=True, text=True)

    assert (done.returncode, [line for line in done.stderr.splitlines() if "reencodarr" in line]) == (0, [])


def test_a_stop_lets_the_main_process_drain() -> None:
    unit = unit_of(service.text(UNIT, "linux", script=False))

    assert unit["Service"]["KillMode"] == "mixed"
    assert unit["Service"]["TimeoutStopSec"] == "12h"
    assert unit["Service"]["Restart"] == "always"
    assert unit["Service"]["WorkingDirectory"] == "-/srv/it's here/50%%"
    assert unit["Service"]["Environment"] == '"REENCODARR_DATA_DIR=/srv/it\'s here/50%%"'
    assert unit["Service"]["ExecStart"].startswith('"/opt/my python/bin/python" "-m" "reencodarr.cli" "worker"')
    assert unit["Service"]["ExecStart"].endswith('"/etc/100%% $$mine/token"')


def test_launchd_reads_its_file() -> None:
    agent = plistlib.loads(service.text(UNIT, "macos", script=False).encode())

    assert agent["Label"] == "org.reencodarr.worker"
    assert agent["KeepAlive"]
    assert agent["ExitTimeOut"] == 12 * 3600
    shell, flag, words = agent["ProgramArguments"]
    assert (shell, flag) == ("/bin/sh", "-c")
    assert shlex.join(UNIT.command) in words


@pytest.mark.parametrize("system", ["linux", "macos"])
def test_the_start_script_starts_with_the_settings(system: str, tmp_path: Path) -> None:
    folder = tmp_path / "it's 100% $mine"
    folder.mkdir()
    told = "os.environ['REENCODARR_SLOTS'], os.environ['REENCODARR_DATA_DIR'], os.getcwd(), sys.argv[1:]"
    say = f"import os, sys; print({told})"
    unit = Unit(role="worker", command=(sys.executable, "-c", say, "a b"), folder=folder, user="films")
    (folder / "service.env").write_text("REENCODARR_SLOTS=3\n")
    script = tmp_path / "start.sh"
    script.write_text(service.text(unit, system, script=True))

    done = subprocess.run(["sh", script], capture_output=True, text=True)

    assert (done.stdout.strip(), done.stderr) == (f"3 {folder} {folder} ['a b']", "")


def test_windows_gets_a_task_and_a_script_that_starts_again() -> None:
    folder = PureWindowsPath(r"C:\it's here\50%")
    unit = Unit(role="server", command=(r"C:\my python\python.exe", "-m", "x"), folder=folder, user="me")  # type: ignore[arg-type]

    task = service.text(unit, "windows", script=False)
    script = service.text(unit, "windows", script=True)

    assert r"-WorkingDirectory 'C:\it''s here\50%'" in task
    assert "Register-ScheduledTask -TaskName 'reencodarr'" in task
    assert "$action = New-ScheduledTaskAction" in task
    assert r'"C:\my python\python.exe" "-m" "x"' in script.splitlines()
    assert r'set "REENCODARR_DATA_DIR=C:\it' in script
    assert "if %errorlevel% equ 0 exit /b 0" in script.splitlines()
    assert script.splitlines()[-1] == "goto again"
    assert "50%%" in script


def test_the_command_prints_what_this_machine_needs(reencodarr: Program, tmp_path: Path) -> None:
    token = tmp_path / "attic.token"

    done = reencodarr("service", "worker", "--platform", "linux", "--token-file", token)
    server = reencodarr("service", "server", "--platform", "linux")

    assert done.returncode == server.returncode == 0
    assert str(token) in unit_of(done.stdout)["Service"]["ExecStart"]
    assert unit_of(server.stdout)["Service"]["ExecStart"].endswith('"-m" "reencodarr.cli" "up"')
