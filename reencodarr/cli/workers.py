"""`reencodarr workers`: which machines may work for this server."""

from datetime import timedelta

from cyclopts import App
from rich.table import Table

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import duration_text, err, out, safe

app = App(name="workers")


@app.command
def add(name: str, /, *, pool: str = "linux") -> int:
    """Let a machine work for this server, and print its token, this once.

    Parameters
    ----------
    name
        How you call the machine.
    pool
        What it is: linux, windows or macos.
    """
    from reencodarr.api import certificate, secrets
    from reencodarr.cli import prefect_database, served
    from reencodarr.stages.machines import workers_desk
    from reencodarr.stages.workplace import open_workplace
    from reencodarr.work import token

    found = settings.load()
    workplace = open_workplace(found)
    secret = workers_desk.add(workplace, name, pool)
    was_guarded = served.is_guarded(found)
    secrets.owner(found)
    pem = certificate.ensured(found).authority.read_text(encoding="ascii") if found.server.tls else ""
    text = token.to_text(token.Token(name=name, secret=secret, pool=pool, server=served.url(found), certificate=pem))
    err.print(f"Worker [bold]{safe(name)}[/] may join pool {pool}. Its token, which is shown this once:")
    out.print(text, soft_wrap=True, markup=False)
    err.print(f"It reaches the server at {safe(served.url(found))}.")
    if not was_guarded:
        err.print("The server asks for a secret from its next start on: restart it.")
    if words := prefect_database.overload(prefect_database.slots(workplace.database)):
        err.print(f"[yellow]{safe(words)}[/]")
    return exits.DONE


@app.command(name="list")
def list_() -> int:
    """Show the machines that may work for this server, and how they are."""
    from reencodarr.api import metrics
    from reencodarr.library.tables import now
    from reencodarr.stages.machines import workers_desk
    from reencodarr.stages.workplace import open_workplace

    found = workers_desk.listed(open_workplace(settings.load()))
    if not found:
        out.print("There are no workers. Add one: reencodarr workers add NAME")
        return exits.DONE
    table = Table("name", "pool", "status", "heard", "slots", "encoder", box=None, pad_edge=False)
    for one in found:
        silent: timedelta | None = now() - one.beaten_at if one.beaten_at is not None else None
        heard = "never" if silent is None else f"{duration_text(max(0.0, silent.total_seconds()))} ago"
        state = metrics.status(one) + (f": {one.quarantine_reason}" if one.quarantined_at is not None else "")
        table.add_row(safe(one.name), one.pool, safe(state), heard, str(one.slots), safe(one.build))
    out.print(table)
    return exits.DONE


@app.command
def revoke(name: str, /) -> int:
    """Take a machine's secret away; it is refused within seconds."""
    from reencodarr.stages.machines import workers_desk
    from reencodarr.stages.workplace import open_workplace

    if not workers_desk.revoke(open_workplace(settings.load()), name):
        err.print(f"There is no worker {safe(name)} with a secret.")
        return exits.CANNOT_WORK
    out.print(f"Worker {safe(name)} was revoked.")
    return exits.DONE


@app.command
def release(name: str, /) -> int:
    """End a machine's quarantine: it gets work again."""
    from reencodarr.stages.machines import workers_desk
    from reencodarr.stages.workplace import open_workplace

    if not workers_desk.release(open_workplace(settings.load()), name):
        err.print(f"Worker {safe(name)} is not in quarantine.")
        return exits.CANNOT_WORK
    out.print(f"Worker {safe(name)} gets work again.")
    return exits.DONE
