"""Flow `encode`: encode one video with the CRF that was found."""

from prefect import State, flow

from tasks import stages, states


@flow(name="encode", flow_run_name="encode {video}")
def encode(video: str) -> State:
    """Encode a video, given by path or number. A second run at once finds it claimed and does nothing."""
    return states.of(stages.encode(stages.find(video)))
