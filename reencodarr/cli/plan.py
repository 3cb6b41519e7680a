"""`reencodarr plan`: what a run would do and save. Writes nothing: not beside the films, not into the database."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import SecretStr

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import out


def plan(paths: list[Path], /, *, json: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Show what would be done with the films at PATHS, why, and what it would save; writes nothing.

    Parameters
    ----------
    paths
        Folders, or single films.
    json
        Print the plan as JSON.
    """
    from reencodarr.cli import live, look, show
    from reencodarr.library import database
    from reencodarr.stages import forecast
    from reencodarr.tools import scratch

    loaded = settings.load()
    with scratch.private("plan") as parent, scratch.folder(parent, "plan") as folder:
        url = SecretStr(database.copied(loaded.database, folder))
        workplace = look.open_or_create(loaded.model_copy(update={"database_url": url, "data_dir": folder}))
        with live.bars() as report:
            look.look(workplace, paths, report=report, mark=False)
        found = forecast.forecast(workplace, [str(path) for path in paths])
        workplace.database.dispose()
    if json:
        out.print_json(show.plan_json(found))
        return exits.DONE
    show.plan(found)
    out.print("[dim]Nothing was written. `reencodarr run` does it.[/]", highlight=False)
    return exits.DONE
