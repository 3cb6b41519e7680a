"""`reencodarr resume`: see `cli.held` for what it has in common with its neighbours."""

from typing import Annotated

from cyclopts import Parameter


def resume(
    films: list[str] | None = None, /, *, every: Annotated[bool, Parameter(name="--all", negative="")] = False
) -> int:
    """Let paused FILMS go on where they are, and cancelled ones be begun again.

    Parameters
    ----------
    films
        Films by number or path.
    every
        All films that were paused or cancelled.
    """
    from reencodarr.cli import held
    from reencodarr.stages import holding

    return held.hold(films or [], every=every, verb="resume", find=holding.resting, act=holding.resume)
