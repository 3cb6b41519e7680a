"""`reencodarr status`: how the libraries are doing."""

import json as jsonlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import bytes_text, out, safe

if TYPE_CHECKING:
    from reencodarr.library.reading import Counts, FailureGroup, Given, Machine, Savings


def status(paths: list[Path] | None = None, /, *, json: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Show films by state, bytes saved, machines, and open failures by cause; with PATHS also film by film.

    Parameters
    ----------
    paths
        Folders or films to list one by one.
    json
        Print it as JSON.
    """
    from reencodarr.cli import show
    from reencodarr.library import database, reading
    from reencodarr.stages.workplace import open_workplace

    workplace = open_workplace(settings.load())
    with database.session(workplace.database, reads_only=True) as session:
        counts, savings, failures = reading.counts(session), reading.savings(session), reading.failures(session)
        machines, given = reading.machines(session), reading.given(session)
        unconfirmed = reading.backlog(session).unconfirmed
    if json:
        out.print_json(jsonlib.dumps(_document(counts, savings, failures) | _machines_document(machines, given)))
        return exits.DONE
    _print(counts, savings, failures)
    if machines:
        _print_machines(machines, given)
        if unconfirmed:
            out.print(
                f"{unconfirmed} films wait in libraries whose films nobody said may be replaced: "
                "[bold]reencodarr libraries add PATH[/]"
            )
    if paths:
        show.summary(workplace, [str(path) for path in paths])
    return exits.DONE


def _document(counts: "Counts", savings: "Savings", failures: "Sequence[FailureGroup]") -> dict[str, object]:
    return {
        "states": {state.value: number for state, number in counts.states.items()},
        "freed": savings.freed,
        "pending": savings.pending,
        "trash": savings.trash,
        "failures": [
            {"stage": one.stage, "category": one.category, "code": one.code, "films": one.number} for one in failures
        ],
    }


def _print(counts: "Counts", savings: "Savings", failures: "Sequence[FailureGroup]") -> None:
    out.print("   ".join(f"{state.value} [bold]{number}[/]" for state, number in counts.states.items() if number))
    out.print(
        f"saved: {bytes_text(savings.freed)} free, {bytes_text(savings.pending)} when the trash expires "
        f"({bytes_text(savings.trash)} in the trash)"
    )
    for one in failures:
        out.print(f"[red]{one.number} failed[/] at {one.stage} ({one.code}): {safe(one.message)} {safe(one.advice)}")


def _machines_document(machines: "Sequence[Machine]", given: "Sequence[Given]") -> dict[str, object]:
    return {
        "machines": [
            {"name": one.name, "pool": one.pool, "condition": one.condition.value, "busy": one.busy, "slots": one.slots}
            for one in machines
        ],
        "jobs": [
            {
                "film": one.name,
                "kind": one.kind,
                "phase": one.phase,
                "worker": one.worker,
                "fraction": None if one.moment is None else one.moment.fraction,
            }
            for one in given
        ],
    }


def _print_machines(machines: "Sequence[Machine]", given: "Sequence[Given]") -> None:
    out.print("machines: " + ", ".join(f"{safe(one.name)} [bold]{one.condition.value}[/]" for one in machines))
    phases = Counter(one.phase for one in given)
    words = {"staging": "being staged", "ready": "waiting for a worker", "running": "running"}
    told = ", ".join(f"[bold]{phases[phase]}[/] {about}" for phase, about in words.items() if phases[phase])
    out.print(f"jobs: {told or 'none'}")
