"""The encode of one video on this machine: order it, measure what it achieved, keep the result."""

from reencodarr.errors import Stage
from reencodarr.library import database
from reencodarr.library.states import State
from reencodarr.progress import Report, silent
from reencodarr.stages import heeding, ordering, recording, sources
from reencodarr.stages.step import Outcome, Verdict
from reencodarr.stages.workplace import Workplace
from reencodarr.work import encoding as work_encoding
from reencodarr.work.halting import Halt


def encode(workplace: Workplace, video_id: int, *, report: Report = silent, halt: Halt | None = None) -> Outcome:
    """Encode a video whose CRF is known; the result waits in scratch for its proof. `halt` ends it: it waits again."""
    return heeding.take(
        workplace,
        video_id,
        before=State.CRF_SEARCHED,
        stage=Stage.ENCODE,
        report=report,
        halt=halt or Halt(),
        work=lambda attempt, heard: _verdict(workplace, video_id, attempt=attempt, report=heard),
    )


def _verdict(workplace: Workplace, video_id: int, *, attempt: int, report: Report) -> Verdict:
    source = sources.unchanged(workplace, video_id)
    if source is None:
        return sources.CHANGED
    sources.require_replaceable(workplace, video_id)
    with database.session(workplace.database, reads_only=True) as session:
        terms = ordering.encode_terms(session, video_id)
        order = sources.order(workplace, session, video_id, attempt=attempt, source=source, terms=terms)
    staging = sources.on_disk(order, video_id=video_id)
    done = work_encoding.encode(order, terms, staging=staging, bench=workplace.bench, report=report)
    return recording.encoded(video_id, terms, done, attempt=attempt, source_size=source.size)
