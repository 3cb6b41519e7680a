"""Looking before anything is done: open the workplace, scan, read facts, decide, forecast."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from reencodarr.library import database, roots
from reencodarr.progress import Report
from reencodarr.settings import Settings
from reencodarr.stages import analysis, queue, redeciding, scanning
from reencodarr.stages.step import Outcome
from reencodarr.stages.workplace import Workplace, open_workplace

BATCH = 100


def open_or_create(loaded: Settings) -> Workplace:
    """The workplace; a database that is not there yet is made.

    Raises SettingsError, PolicyError, ProgramMissing, DatabaseError.
    """
    engine = database.engine(loaded.database)
    if database.revision(engine) is None:
        database.upgrade(loaded.database)
    engine.dispose()
    return open_workplace(loaded)


@contextmanager
def alone(workplace: Workplace, paths: Sequence[Path]) -> Iterator[None]:
    """Work on the libraries of some paths while no other run does.

    Raises LibraryBusy, RootMissing.
    """
    with ExitStack() as locks:
        for library in scanning.libraries_of(workplace, paths):
            locks.enter_context(roots.lock(workplace.settings.data_dir, library))
        yield


def look(workplace: Workplace, paths: Sequence[Path], *, report: Report, mark: bool = True) -> list[Outcome]:
    """Bring what is known of some paths up to date with disk and policy; the outcomes of new analyses."""
    for path in paths:
        scanning.scan(workplace, path, report=report, mark=mark)
    names = [str(path) for path in paths]
    redeciding.redecide(workplace, names)
    waiting = queue.waiting(workplace, names, analysis_only=True)
    return list(analysis.analyse(workplace, waiting, report=report)) if waiting else []
