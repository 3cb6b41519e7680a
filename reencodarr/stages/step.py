"""One claimed step of one video: whatever happens inside, the claim ends and the database says how.

A failure that may pass (a full disk, a busy file) is recorded and the video goes back to where it waits; a file that
changed meanwhile is analysed anew, and one that is gone becomes a tombstone; any other failure ends the video's way
until somebody retries it. An interrupt puts the video back and is passed on.
"""

import contextlib
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
    SourceGone,
    SourceVanished,
    Stage,
    StateConflict,
)
from reencodarr.library import database, failures, jobs, transitions
from reencodarr.library.states import FOLLOWING, RESTING, State
from reencodarr.library.tables import VideoState
from reencodarr.progress import Progress, Report
from reencodarr.stages.workplace import Workplace
from reencodarr.units import Seconds
from reencodarr.work.halting import Halt

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=15)
RENEW_EVERY = Seconds(60.0)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One video that this process holds for one step."""

    workplace: Workplace
    video_id: int
    working: State
    attempt: int
    stage: Stage


Work = Callable[[int, Report], Verdict]
"""Takes the attempt and a progress listener that also keeps the claim alive."""


def take(workplace: Workplace, video_id: int, *, before: State, stage: Stage, report: Report, work: Work) -> Outcome:
    """Claim a video, work on it, and record the outcome.

    A video that is not in `before` is left as it is: somebody else was faster, or its time has not come.
    """
    claimed = claim(workplace, video_id, before=before, stage=stage)
    if isinstance(claimed, Outcome):
        return claimed
    return conclude(claimed, lambda: work(claimed.attempt, renewing(claimed, report)))


def renewing(claimed: Claim, report: Report) -> Report:
    """A report that also keeps a claim alive."""
    renewed = time.monotonic()

    def renew_and_report(progress: Progress) -> None:
        nonlocal renewed
        report(progress)
        if time.monotonic() - renewed > RENEW_EVERY:
            renewed = time.monotonic()
            renew(claimed)

    return renew_and_report


def claim(workplace: Workplace, video_id: int, *, before: State, stage: Stage) -> Claim | Outcome:
    """Claim a video for a step; its outcome where somebody else was faster.

    For work on many videos at once; every claim has to be concluded or put back.
    """
    try:
        with database.session(workplace.database) as session:
            attempt = transitions.claim(session, video_id, before, holder=workplace.holder, lease=LEASE)
            jobs.start(session, video_id, stage.value, attempt=attempt, worker=workplace.holder)
    except StateConflict as conflict:
        return _left(workplace, video_id, str(conflict))
    return Claim(workplace=workplace, video_id=video_id, working=FOLLOWING[before], attempt=attempt, stage=stage)


def conclude(claimed: Claim, work: Callable[[], Verdict], *, halt: Halt | None = None) -> Outcome:
    """Work on a claimed video and record the outcome; the claim ends, whatever happens inside.

    Where somebody asked to leave it (`halt`), it is put back and waits again, and nothing counts as a failure.
    """
    try:
        return _concluded(claimed, work())
    except StateConflict as conflict:
        words = f"The claim was lost, so the result is not used: {conflict}"
        return _left(claimed.workplace, claimed.video_id, words)
    except (SourceVanished, OriginalChanged) as change:
        return _concluded(claimed, changed(change))
    except Exception as error:  # noqa: BLE001 - the boundary: every failure of a step becomes a row, never a lost claim
        if halt is not None and halt():
            return _left_undone(claimed, halt)
        return _failed(claimed, error)
    except BaseException:
        put_back(claimed)
        raise


def changed(change: SourceVanished | OriginalChanged) -> Verdict:
    """What becomes of a video whose file is not the one that was worked on: nothing of that work is used."""
    if isinstance(change, SourceGone):
        return Verdict(after=State.GONE, words=f"{change} Nothing of the work on it is used.")
    return Verdict(after=State.NEEDS_ANALYSIS, words=f"{change} It is looked at again.")


def renew(claimed: Claim) -> None:
    """Hold a claim for `LEASE` from now.

    Raises StateConflict when it was lost.
    """
    with database.session(claimed.workplace.database) as session:
        transitions.renew(session, claimed.video_id, attempt=claimed.attempt, lease=LEASE)


def put_back(claimed: Claim, *, note: str = "interrupted", outcome: str = "lost") -> None:
    """End a claim without a result: the video waits again.

    Raises StateConflict when the claim was lost.
    """
    video_id, attempt = claimed.video_id, claimed.attempt
    after = resting(claimed.working)
    with database.session(claimed.workplace.database) as session:
        transitions.move(session, video_id, claimed.working, after, attempt=attempt, note=note)
        jobs.end(session, video_id, claimed.stage.value, attempt=attempt, outcome=outcome)


def _left_undone(claimed: Claim, halt: Halt) -> Outcome:
    if not halt.lost:
        with contextlib.suppress(StateConflict):  # Somebody took it meanwhile.
            put_back(claimed, note=halt.words, outcome="returned")
    return _left(claimed.workplace, claimed.video_id, halt.words)


def _left(workplace: Workplace, video_id: int, words: str) -> Outcome:
    with database.session(workplace.database) as session:
        state = State(session.get_one(VideoState, video_id).state)
    return Outcome(video_id=video_id, state=state, words=words)


def _concluded(claimed: Claim, verdict: Verdict) -> Outcome:
    video_id, attempt, stage = claimed.video_id, claimed.attempt, claimed.stage
    with database.session(claimed.workplace.database) as session:
        verdict.record(session)
        transitions.move(
            session,
            video_id,
            claimed.working,
            verdict.after,
            attempt=attempt,
            reason=verdict.reason,
            note=verdict.words,
        )
        failures.resolve(session, video_id, stage)
        jobs.end(session, video_id, stage.value, attempt=attempt, outcome="done")
    return Outcome(video_id=video_id, state=verdict.after, words=verdict.words)


def _failed(claimed: Claim, error: Exception) -> Outcome:
    video_id, attempt, stage = claimed.video_id, claimed.attempt, claimed.stage
    transient = isinstance(error, ReencodarrError) and error.transient
    after = resting(claimed.working) if transient else State.FAILED
    code = error.code if isinstance(error, ReencodarrError) else "unknown"
    log.warning("%s of video %d failed (%s): %s", stage, video_id, code, error)
    with database.session(claimed.workplace.database) as session:
        failures.record(session, video_id, error, stage=stage, context=_context(error), attempt=attempt)
        transitions.move(
            session,
            video_id,
            claimed.working,
            after,
            attempt=attempt,
            reason="" if transient else code,
            note=str(error),
        )
        jobs.end(session, video_id, stage.value, attempt=attempt, outcome="failed")
    return Outcome(video_id=video_id, state=after, words=str(error), failed=True)


def resting(working: State) -> State:
    """Where a video waits again when a step on it ended without a result."""
    return RESTING.get(working, working)


def _context(error: Exception) -> dict[str, object]:
    context: dict[str, object] = {"machine": platform.node(), "system": platform.platform(), "version": __version__}
    if isinstance(error, ProgramFailed):
        context |= {"command": error.command, "exit_code": error.exit_code, "stderr": error.stderr[-4000:]}
    if not isinstance(error, ReencodarrError):
        context["traceback"] = "".join(traceback.format_exception(error))[-4000:]
    return context
