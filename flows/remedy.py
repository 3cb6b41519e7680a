"""Flow `remedy`: go on with bad files that a person confirmed."""

from prefect import flow

from tasks import informing


@flow(name="remedy", flow_run_name="remedy")
def remedy(bad: int | None = None) -> str:
    """Do the next steps for one bad file, or for all that were confirmed; how far they are. Confirms nothing itself.

    A step that was taken is not taken again, wherever a run before was killed.
    """
    return informing.remedy_all() if bad is None else informing.remedy(bad)
