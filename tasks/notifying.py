"""Tasks that tell people something."""

from prefect import task

from reencodarr.stages import notifying
from tasks import retries, workplace


@task(name="tell", **retries.BRIEFLY)
def tell() -> str:
    """Tell of what needs a person and was not told today."""
    return notifying.tell(workplace.current())


def summary_is_due() -> bool:
    """Whether today's summary is to be sent now."""
    return notifying.summary_is_due(workplace.current())


@task(name="summarise", **retries.BRIEFLY)
def summarise() -> str:
    """Send the summary of what happened since the last one."""
    return notifying.summarise(workplace.current())
