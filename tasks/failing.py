"""Tasks on all films that failed for one cause."""

from prefect import task

from reencodarr.errors import SettingsError
from reencodarr.library.failures import Which
from reencodarr.stages import excluding, queue
from reencodarr.stages.excluding import Excluded
from tasks import retries, workplace


@task(name="retry", task_run_name="retry {stage} {category} {code}", **retries.BRIEFLY)
def retry(stage: str, category: str, code: str) -> int:
    """Send the failed films of a cause back to analysis; their number."""
    return queue.retry(workplace.current(), (), Which(stage=stage, category=category, code=code))


@task(name="exclude", task_run_name="exclude {stage} {category} {code}", **retries.BRIEFLY)
def exclude(stage: str, category: str, code: str) -> Excluded:
    """Leave the films of a cause alone, whatever scans and policies say.

    Raises SettingsError when no cause is named.
    """
    which = Which(stage=stage, category=category, code=code)
    if which == Which():
        raise SettingsError("No cause is named.", advice="Give stage, category or code.")
    return excluding.exclude(workplace.current(), which)
