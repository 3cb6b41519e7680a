"""`reencodarr undo`: put originals back from the trash."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import err, out


def undo(
    paths: list[Path] | None = None,
    /,
    *,
    batch: str = "",
    dry_run: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Put the originals of the films at PATHS, or of a whole run, back from the trash.

    Parameters
    ----------
    paths
        Films, or folders: every replaced film below them.
    batch
        The run to undo; `run` prints its name at the end.
    dry_run
        Show what would come back and write nothing.
    """
    from reencodarr.errors import ReencodarrError
    from reencodarr.stages import undoing
    from reencodarr.stages.workplace import open_workplace

    if not paths and not batch:
        err.print("Say which films, or which run: reencodarr undo PATH..., or reencodarr undo --batch NAME.")
        return exits.CANNOT_WORK
    workplace = open_workplace(settings.load())
    orders = undoing.orders(workplace, [str(path) for path in paths or []], batch=batch)
    if not orders:
        out.print("There is nothing to undo.")
        return exits.DONE
    failed = 0
    for order in orders:
        if dry_run:
            out.print(f"would put back {order.original}", markup=False, highlight=False)
            continue
        try:
            undoing.undo(workplace, order)
            out.print(f"put back {order.original}", markup=False, highlight=False)
        except ReencodarrError as error:
            failed += 1
            err.print(f"{order.original}: {error}", style="red", markup=False, highlight=False)
    return exits.SOME_FAILED if failed else exits.DONE
