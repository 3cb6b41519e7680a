"""Flow `reencode`: take the videos below some paths through all stages, one after another."""

from typing import Any

from prefect import State, flow
from prefect.runtime import flow_run
from prefect.states import Cancelled

from reencodarr.errors import WorkStopped
from reencodarr.library import states as way
from reencodarr.stages.step import Outcome
from tasks import informing, reports, stages, states, waking

INFORM = "inform/server"


@flow(name="reencode", flow_run_name="reencode")
def reencode(paths: list[str], batch: str = "") -> list[Outcome] | State[Any]:
    """Scan, analyse, and take every video that is worth it to its end; the last outcome of each.

    A video's failure is recorded and the next one goes on. May be killed at any time: the next run goes on from there.
    Sonarr and Radarr are told at the end. Cancelled in Prefect, it ends its programs and leaves all else as it is.
    """
    stages.recover()
    for path in stages.libraries(paths):
        stages.scan(path)
    for outcomes in map(stages.analyse, _batches(stages.waiting(paths, analysis_only=True))):
        reports.lines(outcomes)
    try:
        done = [one_film(video_id, batch or states.batch(flow_run.id)) for video_id in stages.waiting(paths)]
    except WorkStopped as stopped:
        return Cancelled(message=stopped.message)
    if informing.waits() and not waking.wake(INFORM):
        informing.inform()
    reports.table(done)
    return done


def one_film(video_id: int, batch: str) -> Outcome:
    """Search, encode, finalize: each does nothing unless the video waits for it."""
    outcome = stages.search(video_id)
    if outcome.state is way.State.CRF_SEARCHED:
        outcome = stages.encode(video_id)
    if outcome.state is way.State.ENCODED:
        outcome = stages.finalize(video_id, batch)
    return outcome


def _batches(video_ids: list[int], size: int = 100) -> list[list[int]]:
    return [video_ids[first : first + size] for first in range(0, len(video_ids), size)]
