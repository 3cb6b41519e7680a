"""Flow `housekeeping`: expire the trash, sweep leftovers, release dead claims, finish interrupted swaps."""

from prefect import flow

from tasks import stages


@flow(name="housekeeping", flow_run_name="housekeeping")
def housekeeping() -> str:
    """Tidy up; what was done, in words. May be run at any time, twice at once and be killed."""
    recovered = stages.recover()
    return " ".join([*recovered, stages.tidy().words])
