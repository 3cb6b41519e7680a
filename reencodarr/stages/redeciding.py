"""Another policy: decide again about films that wait or were left alone, from the facts that are known."""

import logging
from collections.abc import Sequence

from sqlmodel import Session, col, select

from reencodarr.encoding import rules
from reencodarr.encoding.plan import LeftAlone
from reencodarr.library import database, exclusions, facts, transitions
from reencodarr.library.states import State
from reencodarr.library.tables import PlanRow, Video, VideoState
from reencodarr.stages import analysis, excluding, queue
from reencodarr.stages.workplace import Workplace

log = logging.getLogger(__name__)

DECIDED = (State.ANALYZED, State.SKIPPED, State.CRF_SEARCHED)


def redecide(workplace: Workplace, paths: Sequence[str]) -> int:
    """Decide again about every film below `paths` that another policy decided about; their number.

    Reads no file. Films that somebody works on are left to the next time.
    """
    with database.session(workplace.database, reads_only=True) as session:
        outdated = session.exec(
            select(PlanRow.video_id)
            .join(VideoState, col(VideoState.video_id) == col(PlanRow.video_id))
            .where(
                PlanRow.policy_digest != workplace.policy.digest,
                col(VideoState.state).in_([state.value for state in DECIDED]),
                col(VideoState.claimed_by) == "",
                col(PlanRow.video_id).in_(queue.below(session, paths)),
            )
        ).all()
    for video_id in outdated:
        with database.session(workplace.database) as session:
            _redecide_one(session, workplace, video_id)
    if outdated:
        log.info("decided again about %d films: the policy changed", len(outdated))
    return len(outdated)


def _redecide_one(session: Session, workplace: Workplace, video_id: int) -> None:
    before = State(session.get_one(VideoState, video_id).state)
    decision = (
        excluding.DECISION
        if exclusions.among(session, [video_id])
        else rules.decide(
            facts.of(session, video_id), links=session.get_one(Video, video_id).links, policy=workplace.policy
        )
    )
    after = State.SKIPPED if isinstance(decision, LeftAlone) else State.ANALYZED
    if before is not after:
        reason = decision.reason.value if isinstance(decision, LeftAlone) else ""
        transitions.move(session, video_id, before, after, attempt=None, reason=reason, note="the policy changed")
    analysis.record_decision(session, workplace, video_id, decision)
