"""Flow `encode`: encode one film with the CRF that was found, on a worker."""

from prefect import State, flow

from tasks import ends


@flow(name="encode", flow_run_name="encode {label}")
def encode(job: str, attempt: int, label: str = "") -> State:
    """Do an attempt at a job that `dispatch` gave out; nobody starts this by hand.

    The order comes from the server and the result goes there. A second run of the same attempt is refused its order;
    a killed one costs this attempt.
    """
    from tasks import jobs

    return ends.of(jobs.encode(job, attempt, label))
