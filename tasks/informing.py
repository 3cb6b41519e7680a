"""Tasks that tell Sonarr and Radarr of swapped films."""

from prefect import task

from reencodarr.stages import informing
from reencodarr.stages.informing import Informed
from tasks import retries, workplace


@task(name="inform", **retries.BRIEFLY)
def inform() -> Informed:
    """Tell of every swap that is due."""
    return informing.inform(workplace.current())


def waits() -> bool:
    """Whether there is something to tell now."""
    return informing.waits(workplace.current())
