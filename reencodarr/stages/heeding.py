"""What a person wants of work that is under way in this process: heard of while it runs, whoever said it where.

The wish lies in the database (`library.holds`). Work that rests reports nothing, so its claim is kept alive here.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from reencodarr.errors import DatabaseError, Stage, StateConflict
from reencodarr.library import database, holds
from reencodarr.library.states import State
from reencodarr.progress import Progress, Report
from reencodarr.stages import step
from reencodarr.stages.step import Claim, Outcome, Work
from reencodarr.stages.workplace import Workplace
from reencodarr.units import Seconds
from reencodarr.work import halting
from reencodarr.work.halting import Halt

log = logging.getLogger(__name__)

LOOK_EVERY = Seconds(2.0)


def take(
    workplace: Workplace, video_id: int, *, before: State, stage: Stage, report: Report, work: Work, halt: Halt
) -> Outcome:
    """As `step.take`, for work that may be paused, cancelled by a person, or asked to leave by `halt`.

    What is left is put back: it waits again, and nothing counts as a failure.
    """
    claimed = step.claim(workplace, video_id, before=before, stage=stage)
    if isinstance(claimed, Outcome):
        return claimed
    told = _Told(report, stage)
    with _heeded(claimed, halt, told):
        return step.conclude(
            claimed, lambda: work(claimed.attempt, halt.heard(step.renewing(claimed, told))), halt=halt
        )


class _Told:
    """A report that can be repeated: nothing is heard of work that rests, and whoever watches should know why."""

    def __init__(self, report: Report, stage: Stage) -> None:
        self._report = report
        self._last = Progress(stage=stage.value, label="")

    def __call__(self, progress: Progress) -> None:
        self._last = progress
        self._report(progress)

    def paused(self) -> None:
        self._report(replace(self._last, fraction=None, fps=None, eta=None, detail="paused"))


@contextmanager
def _heeded(claimed: Claim, halt: Halt, told: _Told) -> Iterator[None]:
    """Pass what a person wants of a claimed video on to `halt`, and so to every program that the block starts."""
    over = threading.Event()
    thread = threading.Thread(target=_listen, args=(claimed, halt, told, over), name="heed", daemon=True)
    thread.start()
    try:
        with halting.governs_programs(halt):
            yield
    finally:
        over.set()
        thread.join()


def _listen(claimed: Claim, halt: Halt, told: _Told, over: threading.Event) -> None:
    renewed = time.monotonic()
    while not over.wait(LOOK_EVERY) and not halt():
        try:
            wanted = _wanted(claimed)
            if halt.resting and time.monotonic() - renewed > step.RENEW_EVERY:
                renewed = time.monotonic()
                step.renew(claimed)
        except StateConflict as conflict:
            halt.ask(str(conflict), lost=True)
        except DatabaseError as error:
            log.warning("whether it is still wanted is not known: %s", error)
        else:
            halt.rest(wanted == holds.PAUSED)
            if wanted == holds.CANCELLED:
                halt.ask("A person cancelled it.")
            elif halt.resting:
                told.paused()


def _wanted(claimed: Claim) -> str:
    with database.session(claimed.workplace.database, reads_only=True) as session:
        return holds.of(session, claimed.video_id)
