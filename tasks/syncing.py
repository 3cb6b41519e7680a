"""Tasks that ask Sonarr and Radarr what they have. Each call is tried again where that helps; the tasks are not."""

from collections.abc import Sequence

from prefect import task
from prefect.artifacts import create_table_artifact

from reencodarr.errors import SyncBusy
from reencodarr.stages.arrs import fulfilling, syncing
from reencodarr.stages.arrs.looking import Line
from tasks import progress, reports, retries, workplace


@task(name="instances", **retries.BRIEFLY)
def instances(names: list[str] | None) -> list[str]:
    """The instances of these names, or all; what is known of those that left the settings is forgotten."""
    return syncing.names(workplace.current(), names)


@task(name="sync", task_run_name="sync {name}")
def sync(name: str) -> str:
    """Bring what is known of one instance up to date; in words. Another run that is at it already is no failure."""
    try:
        done = syncing.sync(workplace.current(), name, report=progress.reporter("sync", f"Sync of {name}"))
    except SyncBusy as error:
        return str(error)
    unmapped = [Line(what="cannot be seen", title=one.folder, words=one.words) for one in done.unmapped]
    _table(f"sync-{name.replace('_', '-')}", f"{name}: {done.words}", [*done.troubles, *unmapped, *done.lines])
    return done.words


@task(name="look-again")
def look_again() -> str:
    """Look at the series and movies that somebody said changed; in words."""
    done = fulfilling.fulfil(workplace.current(), report=progress.reporter("look-again", "Look again"))
    if done.lines or done.troubles:
        _table("look-again", done.words, [*done.troubles, *done.lines])
    return done.words


def _table(key: str, words: str, lines: Sequence[Line]) -> None:
    create_table_artifact(
        key=key,
        table=[{"what": line.what, "title": line.title, "words": line.words} for line in lines[: reports.LISTED]],
        description=words,
    )
