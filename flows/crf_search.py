"""Flow `crf-search`: find the CRF of one film, on a worker."""

from prefect import State, flow

from tasks import ends


@flow(name="crf-search", flow_run_name="search {label}")
def crf_search(job: str, attempt: int, label: str = "") -> State:
    """Do an attempt at a job that `dispatch` gave out; nobody starts this by hand.

    The order comes from the server and the result goes there. A second run of the same attempt is refused its order;
    a killed one costs this attempt.
    """
    from tasks import jobs

    return ends.of(jobs.search(job, attempt, label))
