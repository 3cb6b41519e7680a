"""What `pause`, `resume` and `cancel` have in common: which films are meant, and what is said of each."""

from collections.abc import Callable, Sequence

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import err, out, safe
from reencodarr.stages import queue
from reencodarr.stages.holding import Held
from reencodarr.stages.workplace import Workplace, open_workplace

_WORDS = {
    "pause": ("rests within seconds; on another machine after its next sign of life", "is not begun until resumed"),
    "cancel": ("is ended within seconds; on another machine after its next sign of life", "is not begun until resumed"),
    "resume": ("goes on within seconds; on another machine after its next sign of life", "waits for its turn again"),
}
"""Of films that are worked on, and of others."""


def hold(
    films: Sequence[str],
    *,
    every: bool,
    verb: str,
    find: Callable[[Workplace], list[int]],
    act: Callable[[Workplace, Sequence[int]], list[Held]],
) -> int:
    """Note what is wanted of some films, or of all that `find` finds, and say what will come of it."""
    if bool(films) == every:
        err.print(f"Say which films to {verb}, by number or path, or say --all.")
        return exits.CANNOT_WORK
    workplace = open_workplace(settings.load())
    found = act(workplace, find(workplace) if every else [queue.find(workplace, film) for film in films])
    if not found:
        out.print(f"There is nothing to {verb}.")
    for one in found:
        under_way, waiting = _WORDS[verb]
        words = under_way if one.under_way else waiting
        if not one.done:
            words = f"there is nothing to {verb}: it is {one.state.value.replace('_', ' ')}"
        out.print(f"{safe(one.name)}: {words}.", soft_wrap=True)
    return exits.DONE if all(one.done for one in found) else exits.SOME_FAILED
