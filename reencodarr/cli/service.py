"""`reencodarr service`: what a system needs to start a worker or a server by itself, to be saved where it belongs.

The texts are templates beside this module; here is what stands in them, and how each system writes a word.
"""

import getpass
import importlib.resources
import plistlib
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Annotated, Literal

from cyclopts import Parameter

from reencodarr import settings as server_settings
from reencodarr.cli import exits
from reencodarr.tools import platforms, variables
from reencodarr.work import settings as worker_settings

Role = Literal["worker", "server"]
System = Literal["linux", "macos", "windows"]

_DRAINED = 12 * 3600
"""Seconds that a stop waits for the encode that runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What is started, by whom, where."""

    role: Role
    command: tuple[str, ...]
    folder: Path
    user: str

    @property
    def name(self) -> str:
        return "reencodarr" if self.role == "server" else "reencodarr-worker"

    @property
    def settings(self) -> Path:
        return self.folder / "service.env"

    @property
    def script(self) -> Path:
        return self.folder / "start.bat"


def service(
    role: Role,
    /,
    *,
    platform: System | None = None,
    script: Annotated[bool, Parameter(negative="")] = False,
    token_file: Path | None = None,
) -> int:
    """Print what starts a worker or a server with its machine: a systemd unit, a launchd agent, a Windows task.

    Parameters
    ----------
    role
        `worker`, or `server` for `reencodarr up`.
    platform
        `linux`, `macos` or `windows`; by default the system at hand.
    script
        A plain start script (`.sh` or `.bat`) instead.
    token_file
        A worker's token; by default the file `token` in its data folder.
    """
    written = text(unit(role, token_file), platform or platforms.here().name, script=script)
    # As it is: rich would wrap its lines.
    sys.stdout.write(written)
    return exits.DONE


def unit(role: Role, token_file: Path | None = None) -> Unit:
    """The role on this machine, with this Python, this user and the data folder of these settings."""
    program = (sys.executable, "-m", "reencodarr.cli")
    if role == "server":
        return Unit(role=role, command=(*program, "up"), folder=server_settings.load().data_dir, user=getpass.getuser())
    token = ("--token-file", str(token_file.absolute())) if token_file else ()
    folder = worker_settings.load(ignored=variables.names(server_settings.Settings)).data_dir
    return Unit(role=role, command=(*program, "worker", *token), folder=folder, user=getpass.getuser())


def text(wanted: Unit, system: str, *, script: bool) -> str:
    """The file that starts it on a system. Pure."""
    if system == "macos" and not script:
        return plist(wanted)
    if system == "linux" and not script:
        return _filled("systemd.service", wanted, word=_systemd, plain=_systemd_path)
    if system == "windows":
        word = _batch if script else _powershell
        return _filled("start.bat" if script else "task.ps1", wanted, word=word, plain=word)
    return _filled("start.sh", wanted, word=shlex.quote, plain=shlex.quote)


def plist(wanted: Unit) -> str:
    """launchd's file for `~/Library/LaunchAgents`; the settings are read by the shell that it starts."""
    begin = _filled("start.sh", wanted, word=shlex.quote, plain=shlex.quote)
    document = {
        "Label": f"org.reencodarr.{wanted.role}",
        "ProgramArguments": ["/bin/sh", "-c", begin],
        "RunAtLoad": True,
        "KeepAlive": True,
        "ThrottleInterval": 15,
        "ProcessType": "Background",
        "Nice": 10,
        "ExitTimeOut": _DRAINED,
        "StandardErrorPath": str(wanted.folder / "service.log"),
        "StandardOutPath": str(wanted.folder / "service.log"),
    }
    return plistlib.dumps(document, sort_keys=False).decode()


def _filled(name: str, wanted: Unit, *, word: Callable[[str], str], plain: Callable[[str], str]) -> str:
    """A template with a unit in it; `word` writes one word of a command, `plain` a path alone on its line."""
    template = importlib.resources.files("reencodarr.cli").joinpath("services", name).read_text(encoding="utf-8")
    return Template(template).substitute(
        role=wanted.role,
        unit=wanted.name,
        user=plain(wanted.user),
        folder=plain(str(wanted.folder)),
        data=_data(wanted.folder, word),
        settings=plain(str(wanted.settings)),
        script=plain(str(wanted.script)),
        command=" ".join(f'"{word(one)}"' if word is _batch else word(one) for one in wanted.command),
    )


def _data(folder: Path, word: Callable[[str], str]) -> str:
    """The variable that makes the service's data folder the one of this shell, whoever sets it later."""
    name = f"{variables.PREFIX}DATA_DIR="
    if word is shlex.quote:
        return f"{name}{shlex.quote(str(folder))}"
    return _systemd_quoted(f"{name}{folder}") if word is _systemd else word(f"{name}{folder}")


def _systemd(word: str) -> str:
    """A word of a command, where variables are filled in."""
    return _systemd_quoted(word).replace("$", "$$")


def _systemd_quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _systemd_path(path: str) -> str:
    """A path that is a line's whole value takes no quotes."""
    return path.replace("%", "%%")


def _batch(word: str) -> str:
    return word.replace("%", "%%")


def _powershell(word: str) -> str:
    return word.replace("'", "''")
