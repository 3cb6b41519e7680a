"""Another policy, or another hint: decide again about films that wait or were left alone, from facts on record."""

import logging
from collections.abc import Sequence

from sqlmodel import Session, col, select

from reencodarr.encoding import documents, rules
from reencodarr.encoding.plan import LeftAlone
from reencodarr.encoding.policy import Policy
from reencodarr.errors import PolicyError
from reencodarr.library import arr_files, database, exclusions, facts, transitions
from reencodarr.library.states import State
from reencodarr.library.tables import Facts, PlanRow, Video, VideoState
from reencodarr.stages import analysis, choosing, excluding, queue
from reencodarr.stages.choosing import Hint
from reencodarr.stages.workplace import Workplace

log = logging.getLogger(__name__)

DECIDED = (State.ANALYZED, State.SKIPPED, State.CRF_SEARCHED)


def redecide(workplace: Workplace, paths: Sequence[str]) -> int:
    """Decide again about every film below `paths` that another policy decided about; their number.

    Reads no film. Films that somebody works on are left to the next time, and so are those whose own policy (a tag
    chose it) cannot be used.
    """
    with database.session(workplace.database, reads_only=True) as session:
        below = queue.below(session, paths)
    return _redecide(workplace, below, hinted=False)


def hinted(workplace: Workplace, video_ids: Sequence[int]) -> int:
    """Decide again about those of some films for which a new tag or year makes a difference; their number.

    As `redecide` does.
    """
    return _redecide(workplace, sorted(set(video_ids)), hinted=True)


def _redecide(workplace: Workplace, video_ids: Sequence[int], *, hinted: bool) -> int:
    number = 0
    for first in range(0, len(video_ids), arr_files.AT_ONCE):
        for video_id, hint, policy in _outdated(workplace, video_ids[first : first + arr_files.AT_ONCE], hinted=hinted):
            with database.session(workplace.database) as session:
                number += _redecide_one(session, video_id, hint=hint, policy=policy)
    if number:
        log.info("decided again about %d films: %s", number, "their hints changed" if hinted else "the policy changed")
    return number


def _outdated(workplace: Workplace, video_ids: Sequence[int], *, hinted: bool) -> list[tuple[int, Hint, Policy]]:
    """Films that another policy decided about; with `hinted` also those whose year may change what was decided."""
    with database.session(workplace.database, reads_only=True) as session:
        hints = choosing.hints(session, workplace, video_ids)
        rows = session.exec(
            select(PlanRow.video_id, PlanRow.policy_digest, Facts.content_year)
            .join(VideoState, col(VideoState.video_id) == col(PlanRow.video_id))
            .join(Facts, col(Facts.video_id) == col(PlanRow.video_id))
            .where(
                col(PlanRow.video_id).in_(video_ids),
                col(VideoState.state).in_([state.value for state in DECIDED]),
                col(VideoState.claimed_by) == "",
            )
            .order_by(col(PlanRow.video_id))
        ).all()
    found = []
    for video_id, digest, year in rows:
        hint = hints.get(video_id, choosing.NONE)
        try:
            policy = choosing.policy(workplace, hint)
        except PolicyError as error:
            log.warning("video %d is left as it is: %s", video_id, error)
            continue
        if digest != policy.digest or (hinted and year is None and policy.video.film_grain):
            found.append((video_id, hint, policy))
    return found


def _redecide_one(session: Session, video_id: int, *, hint: Hint, policy: Policy) -> bool:
    """Whether there was something to decide."""
    state = session.get_one(VideoState, video_id)
    before = State(state.state)
    if before not in DECIDED or state.claimed_by:
        return False
    decision = (
        excluding.DECISION
        if exclusions.among(session, [video_id])
        else rules.decide(
            choosing.with_year(facts.of(session, video_id), hint),
            links=session.get_one(Video, video_id).links,
            policy=policy,
        )
    )
    plan = session.get_one(PlanRow, video_id)
    if plan.policy_digest == policy.digest and plan.document == documents.decision_json(decision):
        return False
    after = State.SKIPPED if isinstance(decision, LeftAlone) else State.ANALYZED
    if before is not after:
        reason = decision.reason.value if isinstance(decision, LeftAlone) else ""
        transitions.move(session, video_id, before, after, attempt=None, reason=reason, note="the policy changed")
    analysis.record_decision(session, video_id, decision, policy=policy)
    return True
