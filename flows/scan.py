"""Flow `scan`: bring libraries up to date with their disks."""

from prefect import flow

from tasks import reports, stages, waking

ANALYSIS = "analysis/server"


@flow(name="scan", flow_run_name="scan")
def scan(paths: list[str] | None = None) -> list[str]:
    """Scan the libraries at `paths`, or all known ones, and wake the analysis; a second run finds nothing new."""
    found = [reports.scanned(path, stages.scan(path)) for path in stages.libraries(paths)]
    if stages.waiting([], analysis_only=True):
        waking.wake(ANALYSIS)
    return found
