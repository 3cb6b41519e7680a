"""`reencodarr pause`: see `cli.held` for what it has in common with its neighbours."""

from typing import Annotated

from cyclopts import Parameter


def pause(
    films: list[str] | None = None, /, *, every: Annotated[bool, Parameter(name="--all", negative="")] = False
) -> int:
    """Have the search or encode of FILMS rest, here or on another machine, until `reencodarr resume`.

    Programs are held still where they are and keep their memory. A film that waits is not begun.

    Parameters
    ----------
    films
        Films by number or path.
    every
        All films that are searched or encoded now.
    """
    from reencodarr.cli import held
    from reencodarr.stages import holding

    return held.hold(films or [], every=every, verb="pause", find=holding.under_way, act=holding.pause)
