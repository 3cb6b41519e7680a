"""`reencodarr bad`: have a Sonarr or Radarr replace a bad file by another release; one at a time, and never unasked."""

import json as jsonlib
import sys
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from rich.table import Table

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import err, out, safe

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from reencodarr.library.tables import BadFile

Flag = Annotated[bool, Parameter(negative="")]

app = App(name="bad")


@app.command
def report(video: str, /, *, reason: str, instance: str = "") -> int:
    """Say that a film is bad. Nothing is done to it before you confirm.

    Parameters
    ----------
    video
        Its path, or its number.
    reason
        What is wrong with it, for yourself.
    instance
        Which Sonarr or Radarr is to replace it, where several know it.
    """
    from reencodarr.library import bad_files, database
    from reencodarr.stages import queue
    from reencodarr.stages.workplace import open_workplace

    workplace = open_workplace(settings.load())
    video_id = queue.find(workplace, video)
    with database.session(workplace.database) as session:
        row = bad_files.report(session, video_id, instance=instance, reason=reason)
    out.print(f"Bad file {row.id} is noted. See what would be done, and agree: reencodarr bad confirm {row.id}")
    return exits.DONE


@app.command(name="list")
def list_(*, json: Flag = False) -> int:
    """Show every bad file that was reported, and what was done about it.

    Parameters
    ----------
    json
        Print it as JSON, with every step.
    """
    from reencodarr.library import bad_files, database

    with database.session(_opened(), reads_only=True) as session:
        rows = bad_files.listed(session)
    if json:
        out.print_json(jsonlib.dumps([_document(row, path) for row, path in rows]))
        return exits.DONE
    table = Table("number", "film", "by", "state", "reason", "last step", box=None, pad_edge=False)
    for row, path in rows:
        steps = bad_files.steps(row)
        last = f"{steps[-1].name}: {steps[-1].words}" if steps else ""
        table.add_row(*(safe(cell) for cell in (str(row.id), path.name, row.instance, row.state, row.reason, last)))
    out.print(table if rows else "No file was reported as bad.")
    return exits.DONE


@app.command
def confirm(number: int, /, *, yes: Flag = False) -> int:
    """Show exactly what will be done to which file, and do it once you agree: block its release, delete it, search.

    Parameters
    ----------
    number
        Of the report; `bad list` shows them.
    yes
        Agree without being asked.
    """
    from reencodarr.stages.arrs import remedies, remedying
    from reencodarr.stages.workplace import open_workplace

    workplace = open_workplace(settings.load())
    proposal = remedies.propose(workplace, number)
    for line in proposal.lines:
        out.print(safe(line))
    if not yes and not _agreed():
        err.print("Nothing was done.")
        return exits.NOT_CONFIRMED
    remedies.confirm(workplace, proposal)
    state = remedying.remedy(workplace, number, say=lambda words: out.print(safe(words)))
    out.print(f"Bad file {number} is {state.value}. The server goes on with it by itself: reencodarr bad list")
    return exits.DONE


@app.command
def dismiss(number: int, /) -> int:
    """Let a report rest. What was deleted already stays deleted.

    Parameters
    ----------
    number
        Of the report; `bad list` shows them.
    """
    from reencodarr.library import bad_files, database

    with database.session(_opened()) as session:
        bad_files.dismiss(session, bad_files.found(session, number))
    out.print(f"Bad file {number} is dismissed.")
    return exits.DONE


def _agreed() -> bool:
    if not sys.stdin.isatty():
        err.print("There is no terminal to ask on; --yes agrees.")
        return False
    return err.input("Do this? [y/N] ", markup=False).strip().lower() in {"y", "yes"}


def _opened() -> "Engine":
    from reencodarr.library import database

    engine = database.engine(settings.load().database)
    database.check(engine)
    return engine


def _document(row: "BadFile", path: "Path") -> dict[str, Any]:
    from reencodarr.library import bad_files, reading

    return {
        "number": row.id,
        "film": reading.shown(path),
        "video": row.video_id,
        "instance": row.instance,
        "state": row.state,
        "reason": row.reason,
        "reported_at": row.reported_at.isoformat(),
        "confirmed_at": row.confirmed_at.isoformat() if row.confirmed_at else None,
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        "steps": [{"name": one.name, "words": one.words, "at": one.at} for one in bad_files.steps(row)],
    }
