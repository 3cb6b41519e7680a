"""`reencodarr undo`: put originals back from the trash."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import err, out, safe
from reencodarr.errors import ReencodarrError

if TYPE_CHECKING:
    from reencodarr.stages.workplace import Workplace
    from reencodarr.swap.order import SwapOrder


def undo(
    paths: list[Path] | None = None, /, *, batch: str = "", dry_run: Annotated[bool, Parameter(negative="")] = False
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
    from reencodarr.stages import undoing
    from reencodarr.stages.workplace import open_workplace

    if not paths and not batch:
        err.print("Say which films, or which run: reencodarr undo PATH..., or reencodarr undo --batch NAME.")
        return exits.CANNOT_WORK
    workplace = open_workplace(settings.load())
    orders = undoing.orders(workplace, [str(path) for path in paths or []], batch=batch)
    if not orders:
        out.print("There is nothing to undo.")
    if dry_run:
        for order in orders:
            out.print(f"would put back {safe(str(order.original))}")
        return exits.DONE
    failed = sum(not _put_back(workplace, order) for order in orders)
    return exits.SOME_FAILED if failed else exits.DONE


def _put_back(workplace: "Workplace", order: "SwapOrder") -> bool:
    from reencodarr.stages import undoing

    try:
        undoing.undo(workplace, order)
    except ReencodarrError as error:
        err.print(f"[red]{safe(str(order.original))}: {safe(str(error))}[/]")
        return False
    out.print(f"put back {safe(str(order.original))}")
    return True
