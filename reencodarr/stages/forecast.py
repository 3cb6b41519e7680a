"""What a run would do and save: the decisions on record, with an estimate for each film that would be encoded."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from reencodarr.encoding import estimate
from reencodarr.encoding.estimate import Estimate
from reencodarr.encoding.plan import EncodePlan
from reencodarr.library import database, encodes, facts, holds, plans
from reencodarr.library.states import State
from reencodarr.library.tables import Video, VideoState
from reencodarr.stages import queue
from reencodarr.stages.workplace import Workplace
from reencodarr.tools import capacity
from reencodarr.units import Bytes, Seconds

WAITING = frozenset({State.ANALYZED, State.CRF_SEARCHING, State.CRF_SEARCHED, State.ENCODING, State.ENCODED})
"""States of films that a run would take further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intention:
    """What a run would do with one film, and why."""

    video_id: int
    path: Path
    size: Bytes
    state: State
    reason: str
    """`LeaveReason`, failure code, `paused` or `cancelled` where a person said so, or empty."""
    sentences: tuple[str, ...]
    estimate: Estimate | None
    """None for films that would not be touched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a run would do."""

    intentions: tuple[Intention, ...]
    total: Estimate
    wall: Seconds
    """Of this machine, all cores busy."""

    @property
    def encodes(self) -> tuple[Intention, ...]:
        return tuple(one for one in self.intentions if one.estimate is not None)

    @property
    def left_alone(self) -> Counter[str]:
        """How many films are left alone for which reason."""
        return Counter(one.reason for one in self.intentions if one.state is State.SKIPPED)


def forecast(workplace: Workplace, paths: Sequence[str]) -> Forecast:
    """What a run over `paths` would do with what is known now. Reads only."""
    with database.session(workplace.database) as session:
        history = encodes.bits_per_pixel(session)
        intentions, resting = [], holds.every(session)
        for video_id in queue.below(session, paths):
            video, state = session.get_one(Video, video_id), session.get_one(VideoState, video_id)
            here = State(state.state)
            goes_on = here in WAITING and (video_id not in resting or here is State.ENCODED)
            plan = plans.encode_plan(session, video_id) if goes_on else None
            intentions.append(
                Intention(
                    video_id=video_id,
                    path=video.path,
                    size=Bytes(video.size),
                    state=here,
                    reason=resting.get(video_id) or state.reason,
                    sentences=plans.sentences(session, video_id),
                    estimate=_estimate(session, video_id, plan, history) if plan is not None else None,
                )
            )
    total = estimate.total(one.estimate for one in intentions if one.estimate is not None)
    return Forecast(intentions=tuple(intentions), total=total, wall=estimate.wall(total.cpu, capacity.cores()))


def _estimate(session: Session, video_id: int, plan: EncodePlan, history: Sequence[float]) -> Estimate:
    return estimate.estimate(facts.of(session, video_id), plan, history=history)
