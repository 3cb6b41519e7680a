"""`reencodarr run`: the main job on one machine."""

import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from reencodarr import __version__, settings
from reencodarr.cli import exits, prefect_api, stopping
from reencodarr.cli.console import err, safe
from reencodarr.paths import to_text
from reencodarr.settings import Settings

if TYPE_CHECKING:
    from reencodarr.stages.step import Outcome
    from reencodarr.stages.workplace import Workplace


def run(
    paths: list[Path],
    /,
    *,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative="")] = False,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    retry: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Re-encode what is worth it in the libraries at PATHS; originals stay in the trash until they expire.

    Ctrl-C stops cleanly; the next run goes on from there.

    Parameters
    ----------
    paths
        Folders, or single films.
    yes
        Do not ask before the first replacement in a new library.
    dry_run
        Show what would be done and write nothing, like `reencodarr plan`.
    retry
        Also try again what failed before.
    json
        Print the summary as JSON.
    """
    if dry_run:
        from reencodarr.cli.plan import plan

        return plan(paths, json=json)
    stopping.on_signals()
    err.print(f"[bold]Reencodarr {__version__}[/] looks at {safe(', '.join(map(str, paths)))}")
    loaded = settings.load()
    with prefect_api.starting(loaded) as ready:
        try:
            return _run(loaded, paths, ready=ready, yes=yes, retry=retry, json=json)
        except KeyboardInterrupt:
            err.print("Stopped; nothing is half done. The next run goes on from here.")
            return exits.INTERRUPTED


def _run(loaded: Settings, paths: list[Path], *, ready: Callable[[], None], yes: bool, retry: bool, json: bool) -> int:
    from reencodarr.cli import live, logs, look, show
    from reencodarr.stages import forecast, housekeeping, queue

    workplace = look.open_or_create(loaded)
    logs.to_file(loaded.data_dir)
    names = [to_text(path) for path in paths]
    with look.alone(workplace, paths):
        for words in [*housekeeping.recover(workplace), *_recovered_on_disk(workplace, paths)]:
            err.print(safe(words))
        housekeeping.tidy(workplace)
        if retry:
            queue.retry(workplace, names)
        with live.bars() as report:
            analysed = look.look(workplace, paths, report=report)
        found = forecast.forecast(workplace, names)
        show.plan(found, console=err)
        if found.encodes and not _confirmed(workplace, paths, yes=yes):
            return exits.NOT_CONFIRMED
        batch = uuid.uuid4().hex
        if found.encodes:
            ready()
            outcomes = _flow(names, batch)
        else:
            outcomes = []
        worked_on = [*outcomes, *(outcome for outcome in analysed if outcome.failed)]
        touched = [outcome.video_id for outcome in worked_on]
        show.summary(workplace, names, touched=touched, batch=batch, as_json=json)
    failed = [outcome.words for outcome in worked_on if outcome.failed]
    for words in list(dict.fromkeys(failed))[: show.LISTED]:
        err.print(safe(words))
    return exits.SOME_FAILED if failed else exits.DONE


def _recovered_on_disk(workplace: "Workplace", paths: list[Path]) -> list[str]:
    """Swaps that only the disk remembers: a library that this database never scanned to its end may hold some."""
    from reencodarr.stages import housekeeping, scanning

    new = [library for library in scanning.libraries_of(workplace, paths) if library.scanned_at is None]
    return [words for library in new for words in housekeeping.recover_below(workplace, library.path)]


def _flow(names: list[str], batch: str) -> "list[Outcome]":
    """Run the same flow that a worker would run, in this process, and show its progress.

    Raises KeyboardInterrupt where somebody cancels it in Prefect.
    """
    from prefect.exceptions import CancelledRun

    from flows.reencode import reencode
    from reencodarr.cli import live

    with live.bars():
        try:
            done = reencode(names, batch=batch)
        except CancelledRun as cancelled:
            err.print(safe(f"{cancelled}"))
            raise KeyboardInterrupt from cancelled
    assert isinstance(done, list)
    return done


def _confirmed(workplace: "Workplace", paths: list[Path], *, yes: bool) -> bool:
    """Whether originals may be replaced; asked once for each library, before its first replacement."""
    from reencodarr.library import database, roots
    from reencodarr.stages import scanning

    new = [library for library in scanning.libraries_of(workplace, paths) if library.confirmed_at is None]
    if not new:
        return True
    days = workplace.settings.trash_days
    if not yes:
        if not sys.stdin.isatty():
            err.print("Nothing was replaced: say [bold]--yes[/] to replace films of a new library without being asked.")
            return False
        err.print(
            f"Films are replaced only after their encode was proven; originals stay {days:g} days in the library's "
            "trash and come back with [bold]reencodarr undo[/]."
        )
        if err.input("Begin? [y/N] ", markup=False).strip().lower() not in {"y", "yes"}:
            err.print("Nothing was replaced.")
            return False
    with database.session(workplace.database) as session:
        for library in new:
            roots.confirm(session, library)
    return True
