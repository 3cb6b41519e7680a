"""The CRF search of one video on this machine: order it, keep every probe as it comes, record the answer."""

import logging

from reencodarr.errors import Stage
from reencodarr.library import database
from reencodarr.library.states import State
from reencodarr.progress import Report, silent
from reencodarr.quality.engine import Probe
from reencodarr.stages import heeding, ordering, recording, sources
from reencodarr.stages.step import Outcome, Verdict
from reencodarr.stages.workplace import Workplace
from reencodarr.work import searching
from reencodarr.work.halting import Halt
from reencodarr.work.orders import SearchTerms

log = logging.getLogger(__name__)


def search(workplace: Workplace, video_id: int, *, report: Report = silent, halt: Halt | None = None) -> Outcome:
    """Find the CRF of a video that waits for its search; `halt` ends it with its programs, and it waits again."""
    return heeding.take(
        workplace,
        video_id,
        before=State.ANALYZED,
        stage=Stage.CRF_SEARCH,
        report=report,
        halt=halt or Halt(),
        work=lambda attempt, heard: _verdict(workplace, video_id, attempt=attempt, report=heard),
    )


def _verdict(workplace: Workplace, video_id: int, *, attempt: int, report: Report) -> Verdict:
    engine, build = workplace.settings.engine, workplace.build.identity
    source = sources.unchanged(workplace, video_id)
    if source is None:
        return sources.CHANGED
    with database.session(workplace.database, reads_only=True) as session:
        terms: SearchTerms = ordering.search_terms(session, video_id, engine=engine, build=build)
        order = sources.order(workplace, session, video_id, attempt=attempt, source=source, terms=terms)

    def keep(probe: Probe) -> None:
        with database.session(workplace.database) as session:
            recording.probe(session, video_id, probe, engine=engine, build=build)

    done = searching.search(
        order,
        terms,
        staging=sources.on_disk(order, video_id=video_id),
        bench=workplace.bench,
        on_probe=keep,
        report=report,
    )
    return recording.searched(video_id, terms, done)
