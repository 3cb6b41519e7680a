"""Flow `finalize`: prove one video's result and swap it in."""

from prefect import State, flow
from prefect.runtime import flow_run

from tasks import informing, stages, states, waking

INFORM = "inform/server"


@flow(name="finalize", flow_run_name="finalize {video}")
def finalize(video: str) -> State:
    """Prove and swap a video, given by path or number. A crash at any point is finished or rolled back by the next.

    Sonarr and Radarr are told afterwards, by a run of their own.
    """
    stages.recover()
    outcome = stages.finalize(stages.find(video), states.batch(flow_run.id))
    if informing.waits():
        waking.wake(INFORM)
    return states.of(outcome)
