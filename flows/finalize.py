"""Flow `finalize`: prove one video's result and swap it in."""

from prefect import State, flow
from prefect.runtime import flow_run

from tasks import stages, states


@flow(name="finalize", flow_run_name="finalize {video}")
def finalize(video: str) -> State:
    """Prove and swap a video, given by path or number. A crash at any point is finished or rolled back by the next."""
    stages.recover()
    return states.of(stages.finalize(stages.find(video), states.batch(flow_run.id)))
