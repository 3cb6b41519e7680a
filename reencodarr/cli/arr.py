"""`reencodarr arr`: the Sonarrs and Radarrs in the settings, whether they work with us, and our webhook in them."""

import json as jsonlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from rich.table import Table

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import err, out, safe

if TYPE_CHECKING:
    from reencodarr.arr.instance import Instance
    from reencodarr.library.tables import ArrInstance
    from reencodarr.stages.workplace import Workplace

Flag = Annotated[bool, Parameter(negative="")]
_NONE = "No Sonarr or Radarr is set. Set REENCODARR_SONARR__MAIN__URL and REENCODARR_SONARR__MAIN__API_KEY."

app = App(name="arr")


@app.command(name="list")
def list_(*, json: Flag = False) -> int:
    """Show each Sonarr and Radarr in the settings, and what the last sync found. Asks none of them.

    Parameters
    ----------
    json
        Print it as JSON.
    """
    from reencodarr.library import database
    from reencodarr.library.tables import ArrInstance

    workplace, chosen = _chosen(())
    with database.session(workplace.database, reads_only=True) as session:
        known = [session.get(ArrInstance, one.name) for one in chosen]
    if json:
        out.print_json(jsonlib.dumps([_document(one, row) for one, row in zip(chosen, known, strict=True)]))
        return exits.DONE
    table = Table("name", "application", "version", "last sync", "webhook", "last event", box=None, pad_edge=False)
    for one, row in zip(chosen, known, strict=True):
        table.add_row(*(safe(text) for text in _cells(one, row)))
    out.print(table if chosen else _NONE)
    for one, row in zip(chosen, known, strict=True):
        if row and (row.failing or row.unmapped not in {"", "[]"}):
            out.print(f"{safe(str(one))}: {safe(row.sync_words)}")
    return exits.DONE


@app.command(name="test")
def check(*instances: str, json: Flag = False) -> int:
    """Say line by line what works: reachable, key, version, paths, the webhook, and whether its test event arrives.

    The server must run for the last of these. The exit code is 1 when something does not work.

    Parameters
    ----------
    instances
        Their names; all where none is said.
    json
        Print it as JSON.
    """
    from reencodarr.stages.arrs import checkup

    workplace, chosen = _chosen(instances)
    if not chosen:
        err.print(_NONE)
        return exits.CANNOT_WORK
    good, said = True, []
    for one in chosen:
        if not json:
            out.print(f"[bold]{safe(str(one))}[/]")
        for line in checkup.lines(workplace, one):
            good = good and line.good
            said.append({"instance": one.name, "what": line.what, "good": line.good, "words": line.words})
            if not json:
                mark = "[green]ok[/]  " if line.good else "[red]no[/]  "
                out.print(f"  {mark}{line.what:<11} {safe(line.words)}")
    if json:
        out.print_json(jsonlib.dumps(said))
    return exits.DONE if good else exits.SOME_FAILED


@app.command
def register(*instances: str, json: Flag = False) -> int:
    """Save our webhook in each, also where it looks right; syncs do so by themselves where it is missing or wrong.

    The server must run: they send a test event before they save anything.

    Parameters
    ----------
    instances
        Their names; all where none is said.
    json
        Print it as JSON.
    """
    from reencodarr.stages.arrs import registering

    workplace, chosen = _chosen(instances)
    if not chosen:
        err.print(_NONE)
        return exits.CANNOT_WORK
    done = [(one, registering.ensure(workplace, one, anew=True)) for one in chosen]
    if json:
        out.print_json(jsonlib.dumps([{"instance": one.name, "good": r.good, "words": r.words} for one, r in done]))
    else:
        for one, result in done:
            words = safe(result.words)
            out.print(f"{safe(str(one))}: " + (f"[green]{words}[/]" if result.good else f"[red]{words}[/]"))
    return exits.DONE if all(result.good for _, result in done) else exits.SOME_FAILED


def _chosen(names: Sequence[str]) -> "tuple[Workplace, list[Instance]]":
    """The workplace, and the instances of these names, or all.

    Raises SettingsError, DatabaseError.
    """
    from reencodarr.arr import instance
    from reencodarr.stages.workplace import open_workplace

    loaded = settings.load()
    known = instance.configured(loaded)
    chosen = [instance.find(known, name) for name in names] if names else list(known)
    return open_workplace(loaded), chosen


def _cells(one: "Instance", row: "ArrInstance | None") -> tuple[str, ...]:
    synced = f"{row.synced_at:%Y-%m-%d %H:%M} UTC" if row and row.synced_at else "never"
    called = f"{row.webhook_at:%Y-%m-%d %H:%M} UTC" if row and row.webhook_at else "never"
    version, webhook = (row.version, row.webhook) if row else ("", "")
    if row and row.failing:
        synced += ", failing"
    return one.name, one.kind.application, version or "?", synced, webhook or "?", called


def _document(one: "Instance", row: "ArrInstance | None") -> dict[str, Any]:
    return {
        "name": one.name,
        "application": one.kind.application,
        "url": one.url,
        "version": row.version if row else "",
        "synced_at": row.synced_at.isoformat() if row and row.synced_at else None,
        "failing": bool(row and row.failing),
        "words": row.sync_words if row else "",
        "unmapped": jsonlib.loads(row.unmapped) if row and row.unmapped else [],
        "webhook": row.webhook if row else "",
        "webhook_at": row.webhook_at.isoformat() if row and row.webhook_at else None,
    }
