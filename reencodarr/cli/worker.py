"""`reencodarr worker`: all that a machine needs to work for a server."""

import os
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from reencodarr import __version__
from reencodarr import settings as server_settings
from reencodarr.cli import doctor, exits, logs, prefect_api
from reencodarr.cli.console import bytes_text, err, out, safe
from reencodarr.cli.stopping import Asked
from reencodarr.errors import ServerUnreachable
from reencodarr.tools import platforms, scratch, variables
from reencodarr.units import Seconds
from reencodarr.work import handback, link, machine, stop_file, token
from reencodarr.work import settings as work_settings
from reencodarr.work.link import Link
from reencodarr.work.settings import WorkerSettings
from reencodarr.work.talk import Capabilities, Welcome
from reencodarr.work.token import Token

_OWN = {"PREFECT_WORKER_QUERY_SECONDS": "5", "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING"}
"""For Prefect's part of the worker itself, unless somebody set them."""
_TELL_EVERY = 60.0
_PAUSE = Seconds(5.0)
_CHECK_PATIENCE = Seconds(20.0)


def worker(
    *,
    server: str | None = None,
    token_file: Path | None = None,
    slots: int | None = None,
    check: Annotated[bool, Parameter(negative="")] = False,
    stop: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Work for the server at URL: search and encode films until a signal says stop.

    The first Ctrl-C or SIGTERM, or `--stop` from elsewhere, takes no new work and waits for what runs; the second
    hands it back at once.

    Parameters
    ----------
    server
        The server's URL; by default the one in the token.
    token_file
        The file with the line that `reencodarr workers add` printed on the server.
    slots
        Jobs at once.
    check
        Only check this machine and the way to the server, and say what was found.
    stop
        Ask the worker that runs with this data folder to stop, which a signal cannot do on Windows.
    """
    given = {"server": server, "token_file": token_file and token_file.absolute(), "slots": slots}
    loaded = _settings({name: value for name, value in given.items() if value is not None})
    return _ask_to_stop(loaded) if stop else _join(loaded, check=check)


def _join(loaded: WorkerSettings, *, check: bool) -> int:
    """Look at this machine, greet the server, and work for it, or only say what was found."""
    joined = loaded.joined()
    with err.status("Trying every tool once..."):
        found = machine.examined(loaded)
    if check or found.lacks:
        err.print(doctor.table(doctor.Section(about="this machine", checks=found.checks)), "")
    capabilities = machine.capabilities(found, loaded)
    with Link(joined, server=loaded.server, patience=_CHECK_PATIENCE) as way:
        welcome = way.hello(capabilities) if check else _admitted(way, capabilities)
        skew = link.judged_skew(way.skew)
        if skew:
            err.print(f"[yellow]{safe(skew)}[/]")
        if check:
            _introduce(capabilities, welcome, way.address)
            return exits.DONE
        with stop_file.requests(scratch.made(loaded.data_dir)) as requests:
            asked = Asked(requests)
            with asked.by_signals():
                _introduce(capabilities, welcome, way.address)
                return _serve(loaded, joined, way, capabilities, welcome, asked)


def _ask_to_stop(loaded: WorkerSettings) -> int:
    if stop_file.ask(loaded.data_dir) == 1:
        out.print("Asked: it takes no new work, and leaves when what runs has ended. Ask again to have it handed back.")
    else:
        out.print("Asked again: it hands back what runs, and leaves.")
    return exits.DONE


def _settings(given: dict[str, object]) -> WorkerSettings:
    """The worker's settings; the server's that stand beside them are named, and neither used nor passed on."""
    theirs = variables.names(server_settings.Settings) - variables.names(WorkerSettings)
    unused = sorted(name for name in os.environ if name.upper() in theirs or _nested(name, theirs))
    if unused:
        err.print(f"[yellow]A worker does not use {safe(', '.join(unused))}: these belong on the server only.[/]")
    loaded = work_settings.load(ignored={*theirs, *(name.upper() for name in unused)})
    return WorkerSettings.model_validate({**loaded.model_dump(), **given})


def _nested(name: str, theirs: set[str]) -> bool:
    return any(name.upper().startswith(f"{one}__") for one in theirs)


def _admitted(way: Link, capabilities: Capabilities) -> Welcome:
    """The server's welcome, however long it takes to come up."""
    told = 0.0
    while True:
        try:
            return way.hello(capabilities, patience=link.BRIEF)
        except ServerUnreachable as error:
            if time.monotonic() - told > _TELL_EVERY:
                told = time.monotonic()
                err.print(f"[yellow]{safe(error.message)}[/] Trying on.")
            time.sleep(_PAUSE)


def _introduce(capabilities: Capabilities, welcome: Welcome, address: str) -> None:
    speed = f", {capabilities.fps:.1f} fps of 1080p" if capabilities.fps else ""
    out.print(
        f"[bold]{safe(welcome.name)}[/], Reencodarr {__version__}, works for {safe(address)}: {capabilities.slots} at"
        f" once, {capabilities.cores} cores, {bytes_text(capabilities.memory)} of memory,"
        f" {bytes_text(capabilities.scratch_free)} of scratch{speed}."
    )
    out.print(f"{safe(capabilities.system)} {capabilities.machine}, {safe(capabilities.build)}, libvmaf"
              f" {safe(capabilities.libvmaf or 'unknown')}, engines {', '.join(capabilities.engines)}.")  # fmt: skip
    out.print(f"Pool {safe(welcome.pool)}, queues {safe(', '.join(welcome.queues))}.")


def _serve(
    loaded: WorkerSettings,
    joined: Token,
    way: Link,
    capabilities: Capabilities,
    welcome: Welcome,
    asked: Asked,
) -> int:
    """Join the pool and work until a signal, a request or the server says stop."""
    platforms.here().bind_descendants()
    logs.to_file(loaded.data_dir)
    scratch.sweep(loaded.scratch)
    handback.withdraw(loaded.data_dir)
    environment = _environment(loaded, joined, address=f"{way.address}{welcome.prefect_path}")
    os.environ.pop(f"{variables.PREFIX}TOKEN", None)
    os.environ.update(environment)
    for name, value in _OWN.items():
        os.environ.setdefault(name, value)
    # Its loops ask again by themselves; only a run must wait out an API that is away.
    os.environ["PREFECT_CLIENT_MAX_RETRIES"] = "3"
    from reencodarr.cli import serving

    try:
        return serving.serve(loaded, way, capabilities, welcome, environment=environment, asked=asked)
    finally:
        prefect_api.drain()
        handback.withdraw(loaded.data_dir)


def _environment(loaded: WorkerSettings, joined: Token, *, address: str) -> dict[str, str]:
    """What Prefect's client, here and in every run, and our own part of a run need."""
    place = _private(loaded.data_dir / "token", token.to_text(joined))
    found = {
        **{name: os.environ.get(name, value) for name, value in prefect_api.QUIET.items()},
        "PREFECT_HOME": str(loaded.data_dir / "prefect"),
        "PREFECT_API_URL": address,
        "PREFECT_API_AUTH_STRING": joined.auth_string,
        "REENCODARR_TOKEN_FILE": str(place),
        "REENCODARR_DATA_DIR": str(loaded.data_dir),
        "REENCODARR_SCRATCH_DIR": str(loaded.scratch),
        "REENCODARR_SLOTS": str(loaded.slots),
    }
    if loaded.server:
        found["REENCODARR_SERVER"] = loaded.server
    if joined.certificate:
        found["PREFECT_API_SSL_CERT_FILE"] = str(_private(loaded.data_dir / "server.pem", joined.certificate))
    return found


def _private(path: Path, text: str) -> Path:
    """A file that only this user can read; it is there whole or not at all."""
    with scratch.folder(scratch.made(path.parent), "private") as folder:
        made = folder / path.name
        made.touch(mode=0o600)
        made.write_text(text, encoding="utf-8")
        return scratch.keep(made, path)
