"""One claimed step of one video: whatever happens inside, the claim ends and the database says how.

A failure that may pass (a full disk, a busy file) is recorded and the video goes back to where it waits; a file that
changed meanwhile is analysed anew; any other failure ends the video's way until somebody retries it. An interrupt puts
the video back and is passed on.
"""

import logging
import platform
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from sqlmodel import Session

from reencodarr import __version__
from reencodarr.errors import (
    OriginalChanged,
    ProgramFailed,
    ReencodarrError,
    SourceVanished,
    Stage,
    StateConflict,
)
from reencodarr.library import database, failures, jobs, transitions
from reencodarr.library.states import RESTING, State
from reencodarr.library.tables import VideoState
from reencodarr.progress import Progress, Report
from reencodarr.stages.workplace import Workplace

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=15)
_RENEW_EVERY = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one step of one video ended."""

    video_id: int
    state: State
    words: str
    """One sentence for people."""
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the work of a step wants the video to become, and what is written together with that."""

    after: State
    words: str
    reason: str = ""
    record: Callable[[Session], None] = field(default=lambda _: None)
    """Writes the result in the same transaction as the transition."""


Work = Callable[[int, Report], Verdict]
"""Takes the attempt and a progress listener that also keeps the claim alive."""


def take(
    workplace: Workplace, video_id: int, *, before: State, working: State, stage: Stage, report: Report, work: Work
) -> Outcome:
    """Claim a video, work on it, and record the outcome.

    A video that is not in `before` is left as it is: somebody else was faster, or its time has not come.
    """
    try:
        with database.session(workplace.database) as session:
            attempt = transitions.claim(session, video_id, before, holder=workplace.holder, lease=LEASE)
            jobs.start(session, video_id, stage.value, attempt=attempt, worker=workplace.holder)
    except StateConflict as conflict:
        return _left(workplace, video_id, str(conflict))
    try:
        verdict = work(attempt, _renewing(workplace, video_id, attempt, report))
        return _concluded(workplace, video_id, working=working, attempt=attempt, stage=stage, verdict=verdict)
    except StateConflict as conflict:
        return _left(workplace, video_id, f"The claim was lost, so the result is not used: {conflict}")
    except (SourceVanished, OriginalChanged) as change:
        verdict = Verdict(after=State.NEEDS_ANALYSIS, words=f"{change} It is looked at again.")
        return _concluded(workplace, video_id, working=working, attempt=attempt, stage=stage, verdict=verdict)
    except Exception as error:  # noqa: BLE001 - the boundary: every failure of a step becomes a row, never a lost claim
        return _failed(workplace, video_id, working=working, attempt=attempt, stage=stage, error=error)
    except BaseException:
        _put_back(workplace, video_id, working=working, attempt=attempt, stage=stage)
        raise


def _left(workplace: Workplace, video_id: int, words: str) -> Outcome:
    with database.session(workplace.database) as session:
        state = State(session.get_one(VideoState, video_id).state)
    return Outcome(video_id=video_id, state=state, words=words)


def _concluded(
    workplace: Workplace, video_id: int, *, working: State, attempt: int, stage: Stage, verdict: Verdict
) -> Outcome:
    with database.session(workplace.database) as session:
        verdict.record(session)
        transitions.move(
            session, video_id, working, verdict.after, attempt=attempt, reason=verdict.reason, note=verdict.words
        )
        failures.resolve(session, video_id, stage)
        jobs.end(session, video_id, stage.value, attempt=attempt, outcome="done")
    return Outcome(video_id=video_id, state=verdict.after, words=verdict.words)


def _failed(
    workplace: Workplace, video_id: int, *, working: State, attempt: int, stage: Stage, error: Exception
) -> Outcome:
    transient = isinstance(error, ReencodarrError) and error.transient
    after = resting(working) if transient else State.FAILED
    code = error.code if isinstance(error, ReencodarrError) else "unknown"
    log.warning("%s of video %d failed (%s): %s", stage, video_id, code, error)
    with database.session(workplace.database) as session:
        failures.record(session, video_id, error, stage=stage, context=_context(error), attempt=attempt)
        transitions.move(
            session, video_id, working, after, attempt=attempt, reason="" if transient else code, note=str(error)
        )
        jobs.end(session, video_id, stage.value, attempt=attempt, outcome="failed")
    return Outcome(video_id=video_id, state=after, words=str(error), failed=True)


def _put_back(workplace: Workplace, video_id: int, *, working: State, attempt: int, stage: Stage) -> None:
    with database.session(workplace.database) as session:
        transitions.move(session, video_id, working, resting(working), attempt=attempt, note="interrupted")
        jobs.end(session, video_id, stage.value, attempt=attempt, outcome="lost")


def resting(working: State) -> State:
    """Where a video waits again when a step on it ended without a result."""
    return RESTING.get(working, working)


def _renewing(workplace: Workplace, video_id: int, attempt: int, report: Report) -> Report:
    renewed = time.monotonic()

    def renew_and_report(progress: Progress) -> None:
        nonlocal renewed
        report(progress)
        if time.monotonic() - renewed > _RENEW_EVERY:
            renewed = time.monotonic()
            with database.session(workplace.database) as session:
                transitions.renew(session, video_id, attempt=attempt, lease=LEASE)

    return renew_and_report


def _context(error: Exception) -> dict[str, object]:
    context: dict[str, object] = {"machine": platform.node(), "system": platform.platform(), "version": __version__}
    if isinstance(error, ProgramFailed):
        context |= {"command": error.command, "exit_code": error.exit_code, "stderr": error.stderr[-4000:]}
    if not isinstance(error, ReencodarrError):
        context["traceback"] = "".join(traceback.format_exception(error))[-4000:]
    return context
