"""Tasks that tell Sonarr and Radarr of swapped films, and have them replace bad ones."""

from prefect import task

from reencodarr.stages.arrs import informing, remedying
from reencodarr.stages.arrs.informing import Informed
from tasks import retries, workplace


@task(name="inform", **retries.BRIEFLY)
def inform() -> Informed:
    """Tell of every swap that is due."""
    return informing.inform(workplace.current())


def waits() -> bool:
    """Whether there is something to tell now."""
    return informing.waits(workplace.current())


@task(name="remedy", task_run_name="remedy bad file {bad}", **retries.BRIEFLY)
def remedy(bad: int) -> str:
    """Do the next steps for one bad file; how far it is."""
    return remedying.remedy(workplace.current(), bad).value


@task(name="remedy-all", **retries.BRIEFLY)
def remedy_all() -> str:
    """Do the next steps for every bad file that was confirmed."""
    return remedying.remedy_all(workplace.current())
