"""Flow `retry-failures`: try all films of a cause again, or exclude them."""

from prefect import flow
from prefect.deployments import run_deployment

from tasks import failing

ANALYSIS = "analysis/server"


@flow(name="retry-failures", flow_run_name="retry {stage} {category} {code}")
def retry_failures(stage: str = "", category: str = "", code: str = "", exclude: bool = False) -> int:
    """Send the failed films of a cause back to analysis and start it, or leave them alone from now on; their number.

    A word that is left empty fits all. Run twice, the second finds nothing to do.
    """
    if exclude:
        return failing.exclude(stage, category, code).videos
    number = failing.retry(stage, category, code)
    if number:
        run_deployment(ANALYSIS, timeout=0, as_subflow=False)
    return number
