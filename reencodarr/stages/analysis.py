"""Analysis: from a file to facts and a decision, for many files with bounded concurrency."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlmodel import Session

from reencodarr.encoding import documents, rules
from reencodarr.encoding.plan import Decision, LeftAlone
from reencodarr.errors import Stage
from reencodarr.library import database, facts, plans
from reencodarr.library.states import State
from reencodarr.library.tables import Video
from reencodarr.media import mediainfo
from reencodarr.progress import Progress, Report, silent
from reencodarr.stages import step
from reencodarr.stages.step import Outcome, Verdict
from reencodarr.stages.workplace import Workplace

log = logging.getLogger(__name__)


def analyse(workplace: Workplace, video_ids: Sequence[int], *, report: Report = silent) -> Iterator[Outcome]:
    """Analyse videos side by side; the outcomes in the given order, each as soon as it and those before are done.

    A file that cannot be read becomes a failure of its own and never holds up the rest.
    """
    with ThreadPoolExecutor(workplace.settings.analysis_workers, thread_name_prefix="analysis") as pool:
        running = pool.map(lambda video_id: analyse_one(workplace, video_id), video_ids)
        for done, outcome in enumerate(running, start=1):
            report(Progress(stage="analysis", label=f"{done} of {len(video_ids)}", fraction=done / len(video_ids)))
            yield outcome


def analyse_one(workplace: Workplace, video_id: int) -> Outcome:
    """Read one file's facts and decide about it."""
    return step.take(
        workplace,
        video_id,
        before=State.NEEDS_ANALYSIS,
        working=State.ANALYZING,
        stage=Stage.ANALYSIS,
        report=silent,
        work=lambda _attempt, _report: _verdict(workplace, video_id),
    )


def _verdict(workplace: Workplace, video_id: int) -> Verdict:
    with database.session(workplace.database) as session:
        video = session.get_one(Video, video_id)
        path, links = video.path, video.links
    probed = mediainfo.read(path)
    decision = rules.decide(probed.facts, links=links, policy=workplace.policy)

    def record(session: Session) -> None:
        facts.record(session, video_id, probed.facts, document=probed.document)
        record_decision(session, workplace, video_id, decision)

    return Verdict(
        after=State.SKIPPED if isinstance(decision, LeftAlone) else State.ANALYZED,
        reason=decision.reason.value if isinstance(decision, LeftAlone) else "",
        words=" ".join(rules.explain(decision)),
        record=record,
    )


def record_decision(session: Session, workplace: Workplace, video_id: int, decision: Decision) -> None:
    """Write what the policy decided, with the policy's digest, so that another policy is noticed."""
    plans.record(
        session,
        video_id,
        policy_digest=workplace.policy.digest,
        action="leave" if isinstance(decision, LeftAlone) else "encode",
        reason=decision.reason.value if isinstance(decision, LeftAlone) else "",
        text="\n".join(rules.explain(decision)),
        document=documents.decision_json(decision),
    )
