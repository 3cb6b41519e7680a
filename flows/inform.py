"""Flow `inform`: tell Sonarr and Radarr of films that were swapped, or put back."""

from prefect import flow

from tasks import informing


@flow(name="inform", flow_run_name="inform")
def inform() -> str:
    """Have each look at what changed, and follow what it renames; what was done, in words. No swap waits for it."""
    return informing.inform().words
