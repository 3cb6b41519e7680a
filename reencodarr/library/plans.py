"""What the policy decided about a video."""

from sqlmodel import Session

from reencodarr.encoding import documents
from reencodarr.encoding.plan import Decision, EncodePlan
from reencodarr.errors import StateConflict
from reencodarr.library.tables import PlanRow, now


def record(
    session: Session, video_id: int, *, policy_digest: str, action: str, reason: str, text: str, document: str
) -> None:
    """Keep a decision; replaces an earlier one. `document` is what `documents.decision_json` makes."""
    session.merge(
        PlanRow(
            video_id=video_id,
            policy_digest=policy_digest,
            action=action,
            reason=reason,
            text=text,
            document=document,
            decided_at=now(),
        )
    )


def found(session: Session, video_id: int) -> Decision | None:
    """The decision about a video; None when there is none yet.

    Raises DecisionUnreadable when another version wrote it.
    """
    row = session.get(PlanRow, video_id)
    return None if row is None else documents.decision_from_json(row.document)


def sentences(session: Session, video_id: int) -> tuple[str, ...]:
    """The reasons of the decision, for people; none before there is one."""
    row = session.get(PlanRow, video_id)
    return () if row is None else tuple(row.text.splitlines())


def encode_plan(session: Session, video_id: int) -> EncodePlan:
    """The plan of a video that is to be encoded.

    Raises StateConflict when there is none, DecisionUnreadable when another version wrote it.
    """
    decision = found(session, video_id)
    if decision is None:
        raise StateConflict(f"Nothing was decided about video {video_id} yet.")
    if not isinstance(decision, EncodePlan):
        raise StateConflict(f"Video {video_id} is to be left alone: {decision.text}")
    return decision
