"""Tasks that see to our webhooks in Sonarr and Radarr."""

from prefect import task

from reencodarr.arr import instance
from reencodarr.stages.arrs import registering
from tasks import retries, workplace


@task(name="register", task_run_name="register with {name}", **retries.BRIEFLY)
def register(name: str) -> str:
    """Have our webhook in an instance as it should be; in words. What is in the way is no failure of the run."""
    place = workplace.current()
    return registering.ensure(place, instance.find(instance.configured(place.settings), name)).words
