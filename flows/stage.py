"""Flow `stage`: bring the film of one job into the bucket."""

from prefect import flow

from tasks import dispatching


@flow(name="stage", flow_run_name="stage {label}")
def stage(job: str, attempt: int, label: str = "") -> str:
    """Stage a film for a job that `dispatch` gave away. A second run at once finds the film there, or overwrites it
    with the same bytes.
    """
    return dispatching.stage(job, attempt, label)
