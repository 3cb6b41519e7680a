"""`reencodarr libraries`: the folders whose films a server re-encodes on its own."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Table

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import err, out, safe

app = App(name="libraries")


@app.command
def add(path: Path, /, *, yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative="")] = False) -> int:
    """Let the server scan PATH and replace films in it, each only after its encode was proven.

    Originals stay in the library's trash until they expire. May be repeated safely.

    Parameters
    ----------
    path
        A folder.
    yes
        Do not ask.
    """
    from reencodarr.cli import look
    from reencodarr.library import database, roots

    loaded = settings.load()
    workplace = look.open_or_create(loaded)
    if not yes:
        if not sys.stdin.isatty():
            err.print("Nothing was added: say [bold]--yes[/] to let films be replaced without being asked.")
            return exits.NOT_CONFIRMED
        err.print(
            f"Films in {safe(str(path))} will be replaced after their encode was proven; originals stay "
            f"{loaded.trash_days:g} days in the trash and come back with [bold]reencodarr undo[/]."
        )
        if err.input("Add it? [y/N] ", markup=False).strip().lower() not in {"y", "yes"}:
            err.print("Nothing was added.")
            return exits.NOT_CONFIRMED
    with database.session(workplace.database) as session:
        library = roots.ensure(session, path, data_dir=loaded.data_dir)
        roots.confirm(session, library)
        root = library.path
    out.print(f"{safe(str(root))} is a library whose films may be replaced.")
    out.print(_scanned(loaded))
    return exits.DONE


@app.command(name="list")
def list_() -> int:
    """Show the libraries, and whether their films may be replaced."""
    from sqlmodel import col, select

    from reencodarr.library import database
    from reencodarr.library.tables import Library
    from reencodarr.stages.workplace import open_workplace

    workplace = open_workplace(settings.load())
    table = Table("library", "films may be replaced", "last scan", box=None, pad_edge=False)
    with database.session(workplace.database, reads_only=True) as session:
        for one in session.exec(select(Library).order_by(col(Library.path))).all():
            confirmed = "yes" if one.confirmed_at else "no: reencodarr libraries add"
            scanned = f"{one.scanned_at:%Y-%m-%d %H:%M} UTC" if one.scanned_at else "never"
            table.add_row(safe(str(one.path)), confirmed, scanned)
    out.print(table)
    return exits.DONE


def _scanned(loaded: settings.Settings) -> str:
    """Start a scan on the server, if one runs here; in words."""
    import httpx

    from reencodarr.cli import parts

    place = parts.site(loaded)
    if not parts.is_healthy(place):
        return "The server does not run: `reencodarr up` starts it, and it scans within the hour."
    try:
        parts.start_run(place, "scan/server")
    except httpx.HTTPError as error:
        return f"The scan could not be started now ({type(error).__name__}); the server scans every hour."
    return "Its first scan has begun; then its films are analysed, searched and encoded."
