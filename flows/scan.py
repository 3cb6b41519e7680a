"""Flow `scan`: bring libraries up to date with their disks."""

from prefect import flow

from tasks import reports, stages


@flow(name="scan", flow_run_name="scan")
def scan(paths: list[str] | None = None) -> list[str]:
    """Scan the libraries at `paths`, or all known ones. Running it twice finds nothing new the second time."""
    return [reports.scanned(path, stages.scan(path)) for path in stages.libraries(paths)]
