"""The CRF search of one video: order it, keep every probe as it comes, record the answer."""

import logging

from sqlmodel import Session

from reencodarr.encoding import documents
from reencodarr.encoding.plan import EncodePlan, LeaveReason
from reencodarr.errors import Stage, TargetUnreachable
from reencodarr.library import database, facts, plans, searches
from reencodarr.library.states import State
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.progress import Report, silent
from reencodarr.quality import keys
from reencodarr.quality.engine import Engine, Probe, SearchOrder, SearchResult
from reencodarr.stages import sources, step
from reencodarr.stages.step import Outcome, Verdict
from reencodarr.stages.workplace import Workplace, search_engine
from reencodarr.tools import scratch

log = logging.getLogger(__name__)


def search(workplace: Workplace, video_id: int, *, report: Report = silent) -> Outcome:
    """Find the CRF of a video that waits for its search."""
    return step.take(
        workplace,
        video_id,
        before=State.ANALYZED,
        stage=Stage.CRF_SEARCH,
        report=report,
        work=lambda attempt, heard: _verdict(workplace, video_id, attempt=attempt, report=heard),
    )


def _verdict(workplace: Workplace, video_id: int, *, attempt: int, report: Report) -> Verdict:
    source = sources.unchanged(workplace, video_id)
    if source is None:
        return sources.CHANGED
    engine = search_engine(workplace)
    order, plan, key = _order(workplace, video_id, source=source, engine=engine)

    def keep(probe: Probe) -> None:
        with database.session(workplace.database) as session:
            searches.record_probe(
                session,
                video_id,
                probe,
                search_key=key,
                target=plan.target.mean,
                engine=engine.name,
                build=workplace.build.identity,
                parameters=documents.video_plan_json(plan.video),
            )

    with scratch.folder(workplace.settings.scratch, f"search-{video_id}-{attempt}") as folder:
        result = engine.search(order, scratch=folder, on_probe=keep, report=report)
    log.info(
        "%s: CRF %g, VMAF %.2f ± %.2f predicted, %.0f %% of the video, %d probes",
        order.label, result.crf, result.predicted, result.interval, result.percent, len(result.probes),
    )  # fmt: skip
    return _answered(plan, result, video_id=video_id, key=key)


def _order(
    workplace: Workplace, video_id: int, *, source: Fingerprint, engine: Engine
) -> tuple[SearchOrder, EncodePlan, str]:
    with database.session(workplace.database) as session:
        path = sources.path(session, video_id)
        known_facts = facts.of(session, video_id)
        plan = plans.encode_plan(session, video_id)
        key = keys.search_key(
            identity=f"{source.size}:{source.sparse_hash}",
            video=plan.video,
            target=plan.target,
            engine=engine.name,
            build=workplace.build.identity,
        )
        known = searches.known_probes(session, video_id, key)
        first = searches.suggested_crf(session, video_id)
    video = known_facts.video
    assert video is not None  # the rules leave a film without video alone
    order = SearchOrder(
        source=path,
        label=path.name,
        duration=known_facts.duration,
        width=video.width,
        height=video.height,
        video=plan.video,
        target=plan.target,
        largest_percent=plan.largest_ratio * 100,
        known=known,
        first_crf=first,
    )
    return order, plan, key


def _answered(plan: EncodePlan, result: SearchResult, *, video_id: int, key: str) -> Verdict:
    def record(session: Session) -> None:
        searches.record(session, video_id, result, search_key=key, target=plan.target.mean)

    found = f"CRF {result.crf:g}: VMAF {result.predicted:.1f} predicted, {result.percent:.0f} % of the video's size."
    if result.met:
        return Verdict(after=State.CRF_SEARCHED, words=f"{found} {result.reason}".strip(), record=record)
    if result.percent > plan.largest_ratio * 100:
        return Verdict(
            after=State.SKIPPED,
            reason=LeaveReason.NO_SAVING.value,
            words=f"{found} {result.reason}".strip(),
            record=record,
        )
    raise TargetUnreachable(
        f"No CRF reaches VMAF {plan.target.mean:g}: {result.reason}",
        advice="Lower the target in the policy, or leave this film alone.",
    )
