"""Decisions as JSON: what the database keeps, a job carries, and a search key is made of.

A document written by an earlier version stays readable as long as new fields of the plan have defaults.
"""

from pydantic import TypeAdapter, ValidationError

from reencodarr.encoding.plan import Decision, EncodePlan, LeftAlone, VideoPlan
from reencodarr.errors import DecisionUnreadable

_DECISION: TypeAdapter[Decision] = TypeAdapter(EncodePlan | LeftAlone)
_VIDEO: TypeAdapter[VideoPlan] = TypeAdapter(VideoPlan)


def decision_json(decision: Decision) -> str:
    """The whole decision, compact; equal decisions give equal text."""
    return _DECISION.dump_json(decision).decode()


def decision_from_json(text: str) -> Decision:
    """The decision that `decision_json` wrote.

    Raises DecisionUnreadable where the text is none, or is of a version that this one does not understand.
    """
    try:
        return _DECISION.validate_json(text)
    except ValidationError as error:
        raise DecisionUnreadable(
            f"A stored decision cannot be read: {error.errors()[0]['msg']}.", advice="Analyse the film again."
        ) from error


def video_plan_json(plan: VideoPlan) -> str:
    """How the video is encoded, compact; equal plans give equal text."""
    return _VIDEO.dump_json(plan).decode()
