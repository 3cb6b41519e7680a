"""`reencodarr cancel`: see `cli.held` for what it has in common with its neighbours."""

from typing import Annotated

from cyclopts import Parameter


def cancel(
    films: list[str] | None = None, /, *, every: Annotated[bool, Parameter(name="--all", negative="")] = False
) -> int:
    """End the search or encode of FILMS, here or on another machine; nothing of an encode under way is kept.

    The films wait, and are not begun again before `reencodarr resume`. Probes of a search that were made are kept.

    Parameters
    ----------
    films
        Films by number or path.
    every
        All films that are searched or encoded now.
    """
    from reencodarr.cli import held
    from reencodarr.stages import holding

    return held.hold(films or [], every=every, verb="cancel", find=holding.under_way, act=holding.cancel)
