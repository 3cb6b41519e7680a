"""Flow `notify`: tell people of failures that need one; start the daily summary when its hour has come."""

from prefect import flow
from prefect.deployments import run_deployment

from tasks import notifying

SUMMARY = "summary/server"


@flow(name="notify", flow_run_name="notify")
def notify() -> str:
    """Tell what needs a person and was not told today; what was done, in words. No job waits for it."""
    words = notifying.tell()
    if notifying.summary_is_due():
        run_deployment(SUMMARY, timeout=0, as_subflow=False)
    return words
