"""Flow `prioritise`: put one video before all others."""

from prefect import flow

from tasks import dispatching, waking

DISPATCH = "dispatch/server"


@flow(name="prioritise", flow_run_name="prioritise {video}")
def prioritise(video: str) -> int:
    """Put a video, given by path or number, first, and wake dispatch; its number. What runs already is not stopped."""
    number = dispatching.prioritise(video)
    waking.wake(DISPATCH)
    return number
