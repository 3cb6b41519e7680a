"""`reencodarr doctor`: whether the main job can work here, and what to do about each miss.

The order of the checks and the ones that need settings, database or Prefect are here; what machine, ffmpeg and
folders can do is checked in `tools`.
"""

import json as jsonlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from reencodarr import settings
from reencodarr.cli import exits, prefect_api
from reencodarr.cli.console import err, out, safe
from reencodarr.errors import PolicyError, ProgramError, ReencodarrError
from reencodarr.settings import Settings
from reencodarr.tools import checks, ffmpeg_checks, folder_checks, programs
from reencodarr.tools.checks import Check, State
from reencodarr.units import Bytes, Seconds

STYLES = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "bold red"}

_IMPORT_PREFECT = "import prefect; print(prefect.__version__)"
_PATIENCE = Seconds(120.0)
_DATA_ADVICE = "Set REENCODARR_DATA_DIR to a folder that this user can write."
_SCRATCH_ADVICE = "Set REENCODARR_SCRATCH_DIR to a folder that this user can write, with room for the largest film."


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Checks about one thing."""

    about: str
    checks: tuple[Check, ...]


def doctor(paths: list[Path] | None = None, /, *, json: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Check this machine, its tools, your settings and the libraries at PATHS, and say what to do about each miss.

    Exits with 0 when the main job can work, warnings or not, and with 2 when it cannot. Changes nothing.

    Parameters
    ----------
    paths
        Libraries, or single films.
    json
        Print the checks as JSON.
    """
    found: list[Section] = []
    with err.status("Trying every tool once..."):
        for section in _sections(paths or []):
            found.append(section)
            if not json:
                out.print(table(section), "")
    failures = [check for section in found for check in section.checks if check.state is State.FAILED]
    if json:
        out.print_json(_document(found))
    elif failures:
        names = ", ".join(check.name for check in failures)
        out.print(f"[bold red]The main job cannot work yet[/]; see {safe(names)}.")
    else:
        out.print("[bold green]The main job can work here.[/]")
    return exits.CANNOT_WORK if failures else exits.DONE


def _sections(paths: Iterable[Path]) -> Iterator[Section]:
    """All checks, section by section, as soon as each is done; the slow start of Prefect runs beside the others."""
    loaded, told = _settings()
    with ThreadPoolExecutor(1) as beside:
        starting = beside.submit(prefect)
        yield Section(
            about="this machine",
            checks=(checks.python(), checks.packages(), checks.collisions(), checks.mediainfo(), checks.pyav()),
        )
        yield Section(about="ffmpeg", checks=tuple(_ffmpeg(loaded)))
        yield Section(about="Reencodarr", checks=tuple(_own(loaded, told, starting)))
        yield from _arrs(loaded)
        for path in paths:
            yield Section(about=str(path), checks=tuple(_library(path, loaded)))


def _settings() -> tuple[Settings | None, Check]:
    try:
        return settings.load(), checks.ok("settings", "understood")
    except ReencodarrError as error:
        return None, checks.refused("settings", error, advice="Correct the variable, or unset it.")


def _ffmpeg(loaded: Settings | None) -> Iterator[Check]:
    check, program = ffmpeg_checks.location(loaded.ffmpeg_path if loaded else None)
    yield check
    if program is None:
        return
    yield from ffmpeg_checks.capabilities(program)
    if loaded is not None:
        yield ffmpeg_checks.ab_av1(loaded.ab_av1_path, program, needed=loaded.engine == "ab-av1")


def _own(loaded: Settings | None, told: Check, starting: "Future[Check]") -> Iterator[Check]:
    yield told
    if loaded is not None:
        reserve = Bytes(loaded.reserve_bytes)
        yield folder_checks.writable("data folder", loaded.data_dir, advice=_DATA_ADVICE)
        yield folder_checks.writable("scratch folder", loaded.scratch, advice=_SCRATCH_ADVICE)
        yield folder_checks.room("scratch room", loaded.scratch, reserve=reserve)
        yield policy(loaded)
        yield from database(loaded)
        yield prefects_database(loaded)
    yield starting.result()
    yield telemetry()


def _arrs(loaded: Settings | None) -> Iterator[Section]:
    if loaded is not None and (loaded.sonarr or loaded.radarr):
        from reencodarr.cli import arr_checks

        yield from (Section(about=about, checks=made) for about, made in arr_checks.found(loaded))


def _library(path: Path, loaded: Settings | None) -> Iterator[Check]:
    usable = folder_checks.library(path)
    yield usable
    if usable.state is State.FAILED:
        return
    yield folder_checks.hard_links(path)
    yield folder_checks.trash(path)
    if loaded is not None:
        yield folder_checks.room("room", path, reserve=Bytes(loaded.reserve_bytes))
        yield folder_checks.distance(path, loaded.scratch)


def policy(loaded: Settings) -> Check:
    """Whether the policy file can be used."""
    from reencodarr.encoding import policy as policies

    try:
        digest = policies.load(loaded.policy).digest
    except PolicyError as error:
        return checks.refused("policy", error, advice="Correct the line, or unset REENCODARR_POLICY.")
    return checks.ok("policy", f"{loaded.policy or 'built in'} ({digest[:8]})")


def database(loaded: Settings) -> Iterator[Check]:
    """Whether the database can be reached and is of this version; one that is not there yet is not made."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    from reencodarr.library import database as databases

    try:
        url = make_url(loaded.database)
        file = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
        if file is not None:
            yield folder_checks.database_home(file.parent)
        if file is not None and not file.exists():
            yield checks.ok("database", f"{file} (the first run makes it)")
            return
        databases.check(databases.engine(loaded.database))
    except ReencodarrError as error:
        yield checks.refused("database", error, advice="Run `reencodarr db upgrade`.")
    except ArgumentError as error:
        yield checks.failed("database", str(error), advice="Correct REENCODARR_DATABASE_URL, or unset it.")
    else:
        yield checks.ok("database", f"{url.render_as_string(hide_password=True)}, of this version")


def prefects_database(loaded: Settings, getenv: Callable[[str], str | None] = os.environ.get) -> Check:
    """Whether the database of Prefect's server carries the workers that were added. Makes no database."""
    from reencodarr.cli import prefect_database

    name = "Prefect's database"
    if url := getenv("PREFECT_API_URL"):
        return checks.ok(name, f"the one of the server at {url}")
    if not prefect_database.is_embedded(getenv):
        return checks.ok(name, "PostgreSQL")
    slots = _slots(loaded)
    if prefect_database.overload(slots, getenv):
        found = f"SQLite carries {prefect_database.EMBEDDED_SLOTS} worker slots well; there are {slots}"
        return checks.warning(name, found, advice=prefect_database.ADVICE)
    return checks.ok(name, f"SQLite, {slots} of the {prefect_database.EMBEDDED_SLOTS} worker slots that it carries")


def _slots(loaded: Settings) -> int:
    """Slots of all workers; none while there is no database that can be asked, which `database` tells."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    from reencodarr.cli import prefect_database
    from reencodarr.library import database as databases

    try:
        url = make_url(loaded.database)
        if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).exists()):
            return 0
        engine = databases.engine(loaded.database)
        databases.check(engine)
        return prefect_database.slots(engine)
    except (ReencodarrError, ArgumentError):
        return 0


def prefect() -> Check:
    """Whether Prefect can be imported; in a process of its own, because a wrong pair may do anything at its import.

    Its server is not: that takes seven CPU seconds more (measured), and `packages` knows the pairs that break it.
    """
    with tempfile.TemporaryDirectory(prefix="reencodarr-doctor-") as home:
        environment = {**prefect_api.QUIET, "PREFECT_HOME": home}
        try:
            done = programs.run(
                [sys.executable, "-c", _IMPORT_PREFECT], environment=environment, stall_deadline=_PATIENCE
            )
        except ProgramError as error:
            advice = "Install Reencodarr again, into an environment of its own."
            return checks.failed("Prefect", error.message, advice=advice)
    return checks.ok("Prefect", f"{programs.last_line(done.stdout)} starts")


def telemetry(getenv: Callable[[str, str], str] = os.environ.get) -> Check:
    """Whether what we start keeps quiet about you; a variable of your own goes before ours."""
    loud = [
        f"{name}={getenv(name, quiet)}"
        for name, quiet in prefect_api.QUIET.items()
        if name in {"DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED"} and getenv(name, quiet).lower() != quiet
    ]
    if loud:
        names = " and ".join(one.partition("=")[0] for one in loud)
        return checks.warning("telemetry", f"you turned it on: {', '.join(loud)}", advice=f"Unset {names}.")
    return checks.ok("telemetry", "off in everything that Reencodarr starts")


def table(section: Section) -> Table:
    table = Table(
        title=safe(section.about), title_justify="left", title_style="bold", box=None, show_header=False, pad_edge=False
    )
    table.add_column(no_wrap=True, min_width=7)
    table.add_column(no_wrap=True, min_width=16)
    table.add_column(overflow="fold")
    for check in section.checks:
        advice = f"\n[{STYLES[check.state]}]{safe(check.advice)}[/]" if check.advice else ""
        table.add_row(f"[{STYLES[check.state]}]{check.state}[/]", check.name, safe(check.found) + advice)
    return table


def _document(sections: list[Section]) -> str:
    """`works`, and `checks`: each with `about`, `name`, `state` (ok, warning, failed), `found` and `advice`."""
    listed = [{"about": section.about, **asdict(check)} for section in sections for check in section.checks]
    works = all(check["state"] is not State.FAILED for check in listed)
    return jsonlib.dumps({"works": works, "checks": listed}, ensure_ascii=False)
