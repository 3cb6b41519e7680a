"""What a finished piece of work means for its video, and what is written about it. The same wherever it was done."""

from collections.abc import Callable

from sqlmodel import Session

from reencodarr.encoding.plan import LeaveReason
from reencodarr.errors import TargetUnreachable
from reencodarr.library import encodes, facts, plans, searches
from reencodarr.library.states import State
from reencodarr.library.tables import Encode
from reencodarr.media.facts import Hdr
from reencodarr.quality import dynamic_range
from reencodarr.quality.engine import Probe
from reencodarr.stages import ordering
from reencodarr.stages.step import Verdict
from reencodarr.units import Bytes
from reencodarr.work import orders
from reencodarr.work.orders import Encoded, EncodeTerms, NotWorth, Searched, SearchTerms


def probe(session: Session, video_id: int, found: Probe, *, engine: str, build: str) -> None:
    """Keep one probe. May be repeated safely."""
    plan = plans.encode_plan(session, video_id)
    searches.record_probe(
        session,
        video_id,
        found,
        search_key=ordering.search_key(session, video_id, plan, engine=engine, build=build),
        video=plan.video,
        target=plan.target.mean,
        engine=engine,
        build=build,
    )


def searched(video_id: int, terms: SearchTerms, done: Searched) -> Verdict:
    """A search's answer.

    Raises TargetUnreachable where no CRF meets the lowest accepted target.
    """
    result = done.result
    score = dynamic_range.marked(f"VMAF {result.predicted:.1f}", terms.hdr)
    found = f"CRF {result.crf:g}: {score} predicted, {result.percent:.0f} % of the video's size."
    words = f"{found} {result.reason}".strip()
    if result.met:
        return Verdict(after=State.CRF_SEARCHED, words=words, record=_search_row(video_id, terms, done))
    if result.percent > terms.largest_percent:
        return Verdict(
            after=State.SKIPPED,
            reason=LeaveReason.NO_SAVING.value,
            words=words,
            record=_search_row(video_id, terms, done),
        )
    raise TargetUnreachable(
        f"No CRF reaches {dynamic_range.marked(f'VMAF {terms.target.mean:g}', terms.hdr)}: {result.reason}",
        advice="Lower the target in the policy, or leave this film alone.",
    )


def encoded(
    video_id: int, terms: EncodeTerms, done: Encoded | NotWorth, *, attempt: int, source_size: Bytes
) -> Verdict:
    """A finished encode, or the reason why the film is left alone."""
    if isinstance(done, NotWorth):
        return Verdict(after=State.SKIPPED, reason=done.reason.value, words=done.words)

    def record(session: Session) -> None:
        encodes.record(session, _row(video_id, terms, done, attempt=attempt, source_size=source_size))

    video = terms.facts.video
    score = dynamic_range.marked(f"VMAF {done.achieved.mean:.1f}", video.hdr if video else None)
    words = (
        f"{done.delivery.size / source_size:.0%} of the size, {score} achieved"
        f" ({terms.predicted:.1f} predicted). {done.note}"
    )
    return Verdict(after=State.ENCODED, words=words.strip(), record=record)


def _search_row(video_id: int, terms: SearchTerms, done: Searched) -> Callable[[Session], None]:
    def record(session: Session) -> None:
        plan = plans.encode_plan(session, video_id)
        result = done.result
        key = ordering.search_key(session, video_id, plan, engine=result.engine, build=result.build)
        searches.record(
            session,
            video_id,
            result,
            search_key=key,
            target=terms.target.mean,
            class_key=ordering.class_key(terms, hdr=_hdr(session, video_id), build=ordering.encoder(result.build)),
            bias=terms.bias,
        )

    return record


def _row(video_id: int, terms: EncodeTerms, done: Encoded, *, attempt: int, source_size: Bytes) -> Encode:
    return Encode(
        video_id=video_id,
        attempt=attempt,
        crf=done.crf,
        result_path=orders.local_path(done.delivery),
        sha256=done.delivery.sha256,
        size=done.delivery.size,
        source_size=source_size,
        seconds=done.seconds,
        cpu_seconds=done.cpu_seconds,
        frames=done.frames,
        predicted=terms.predicted,
        achieved=done.achieved.mean,
        achieved_p5=done.achieved.p5,
        scored_share=done.achieved.share,
        deviation=done.deviation,
        note=done.note,
        command=done.command,
        build=done.build,
    )


def _hdr(session: Session, video_id: int) -> Hdr:
    video = facts.of(session, video_id).video
    return Hdr.SDR if video is None else video.hdr
