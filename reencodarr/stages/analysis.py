"""Analysis: from a file to facts and a decision, for many files with bounded concurrency."""

import logging
import math
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from threading import Event

from sqlmodel import Session

from reencodarr.encoding import documents, rules
from reencodarr.encoding.plan import Decision, LeftAlone
from reencodarr.encoding.policy import Policy
from reencodarr.errors import ReencodarrError, Stage, StateConflict
from reencodarr.library import database, exclusions, facts, plans
from reencodarr.library.states import State
from reencodarr.library.tables import Video
from reencodarr.media import mediainfo
from reencodarr.media.mediainfo import Probed
from reencodarr.progress import Progress, Report, silent
from reencodarr.stages import choosing, excluding, step
from reencodarr.stages.choosing import Hint
from reencodarr.stages.step import Claim, Outcome, Verdict
from reencodarr.stages.workplace import Workplace

log = logging.getLogger(__name__)

BATCH = 50
"""Videos that one process reads: its start is then a seventh of its time (measured)."""
_LOOK_EVERY = 0.2


def analyse(workplace: Workplace, video_ids: Sequence[int], *, report: Report = silent) -> Iterator[Outcome]:
    """Analyse videos, batches side by side; the outcomes in the given order, each batch when it is done.

    Every verdict is recorded as soon as it is known. A file that cannot be read becomes a failure of its own and never
    holds up the rest. Whoever ends early leaves the videos that were not concluded where they waited.
    """
    workers = workplace.settings.analysis_workers
    ended = _Ended()
    with ThreadPoolExecutor(workers, thread_name_prefix="analysis") as pool:
        running = [pool.submit(_analyse_batch, workplace, batch, ended) for batch in _batches(video_ids, workers)]
        try:
            for batch in running:
                while wait([batch], timeout=_LOOK_EVERY).not_done:
                    report(_progress(ended, of=len(video_ids)))
                report(_progress(ended, of=len(video_ids)))
                yield from batch.result()
        finally:
            ended.early.set()
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Ended:
    """What the threads of one analysis tell one another."""

    videos: list[int] = field(default_factory=list)
    early: Event = field(default_factory=Event)
    """Set when nobody wants the rest."""


def _batches(video_ids: Sequence[int], workers: int) -> list[Sequence[int]]:
    """As large as pays, and small enough that each worker has one."""
    size = min(BATCH, math.ceil(len(video_ids) / workers)) or 1
    return [video_ids[first : first + size] for first in range(0, len(video_ids), size)]


def _progress(ended: _Ended, *, of: int) -> Progress:
    done = len(ended.videos)
    return Progress(stage="analysis", label=f"{done} of {of}", fraction=done / of)


def _analyse_batch(workplace: Workplace, video_ids: Sequence[int], ended: _Ended) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    waiting: deque[Claim] = deque()
    try:
        for outcome in chain(_claim_all(workplace, video_ids, waiting), _read_all(workplace, waiting)):
            outcomes[outcome.video_id] = outcome
            ended.videos.append(outcome.video_id)
            if ended.early.is_set():
                break
    finally:
        for claimed in waiting:
            with suppress(StateConflict):
                step.put_back(claimed)
    return [outcomes[video_id] for video_id in video_ids if video_id in outcomes]


def _claim_all(workplace: Workplace, video_ids: Sequence[int], waiting: deque[Claim]) -> Iterator[Outcome]:
    """Add claims to `waiting`; the outcomes of videos that somebody else was faster with."""
    for video_id in video_ids:
        claimed = step.claim(workplace, video_id, before=State.NEEDS_ANALYSIS, stage=Stage.ANALYSIS)
        if isinstance(claimed, Outcome):
            yield claimed
        else:
            waiting.append(claimed)


def _read_all(workplace: Workplace, waiting: deque[Claim]) -> Iterator[Outcome]:
    """Read the claimed films and conclude each as its answer comes; `waiting` keeps those without one."""
    with database.session(workplace.database, reads_only=True) as session:
        videos = [session.get_one(Video, claimed.video_id) for claimed in waiting]
        numbers = [claimed.video_id for claimed in waiting]
        excluded = exclusions.among(session, numbers)
        hints = choosing.hints(session, workplace, numbers)
    renewed = time.monotonic()
    with closing(mediainfo.read_many([video.path for video in videos])) as answers:
        for video, (_, answer) in zip(videos, answers, strict=True):
            claimed = waiting.popleft()
            if claimed.video_id in excluded:
                work = partial(_excluded, workplace, claimed.video_id, answer=answer)
            else:
                hint = hints.get(claimed.video_id, choosing.NONE)
                work = partial(_verdict, workplace, claimed.video_id, answer=answer, links=video.links, hint=hint)
            yield step.conclude(claimed, work)
            if time.monotonic() - renewed > step.RENEW_EVERY:
                renewed = time.monotonic()
                _renew(waiting)


def _renew(waiting: Iterable[Claim]) -> None:
    for claimed in waiting:
        with suppress(StateConflict):  # It is noticed, and told, when the film's turn comes.
            step.renew(claimed)


def _excluded(workplace: Workplace, video_id: int, *, answer: Probed | ReencodarrError) -> Verdict:
    """What a person excluded is left alone, readable or not; its facts are kept for the day when it is included."""
    decision = excluding.DECISION

    def record(session: Session) -> None:
        if not isinstance(answer, ReencodarrError):
            facts.record(session, video_id, answer.facts, document=answer.document)
            record_decision(session, video_id, decision, policy=workplace.policy)

    return Verdict(after=State.SKIPPED, reason=decision.reason.value, words=decision.text, record=record)


def _verdict(
    workplace: Workplace, video_id: int, *, answer: Probed | ReencodarrError, links: int, hint: Hint
) -> Verdict:
    if isinstance(answer, ReencodarrError):
        raise answer
    policy = choosing.policy(workplace, hint)
    decision = rules.decide(choosing.with_year(answer.facts, hint), links=links, policy=policy)

    def record(session: Session) -> None:
        facts.record(session, video_id, answer.facts, document=answer.document)
        record_decision(session, video_id, decision, policy=policy)

    return Verdict(
        after=State.SKIPPED if isinstance(decision, LeftAlone) else State.ANALYZED,
        reason=decision.reason.value if isinstance(decision, LeftAlone) else "",
        words=" ".join(rules.explain(decision)),
        record=record,
    )


def record_decision(session: Session, video_id: int, decision: Decision, *, policy: Policy) -> None:
    """Write what the policy decided, with the policy's digest, so that another policy is noticed."""
    plans.record(
        session,
        video_id,
        policy_digest=policy.digest,
        action="leave" if isinstance(decision, LeftAlone) else "encode",
        reason=decision.reason.value if isinstance(decision, LeftAlone) else "",
        text="\n".join(rules.explain(decision)),
        document=documents.decision_json(decision),
    )
