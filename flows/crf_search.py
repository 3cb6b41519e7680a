"""Flow `crf-search`: find the CRF of one video."""

from prefect import State, flow

from tasks import stages, states


@flow(name="crf-search", flow_run_name="search {video}")
def crf_search(video: str) -> State:
    """Search the CRF of a video, given by path or number. A second run at once finds it claimed and does nothing."""
    return states.of(stages.search(stages.find(video)))
