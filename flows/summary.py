"""Flow `summary`: send the daily summary."""

from prefect import flow

from tasks import notifying


@flow(name="summary", flow_run_name="summary")
def summary() -> str:
    """Tell what was replaced, freed and failed since the last summary. Two at once send it once."""
    return notifying.summarise()
