"""Flow `sync`: ask Sonarr and Radarr what they have, and look at what changed."""

from typing import Any

from prefect import flow

from tasks import registering, stages, syncing, waking

ANALYSIS = "analysis/server"


@flow(name="sync", flow_run_name="sync")
def sync(instances: list[str] | None = None) -> list[Any]:
    """Sync the given instances, or all; one that fails keeps none of the others back, and fails the run at its end.

    Each is also asked whether our webhook is there as it should be; what is in the way of that fails nothing.
    """
    names = syncing.instances(instances)
    for name in names:
        registering.register(name)
    ended = [syncing.sync(name, return_state=True) for name in names]
    if stages.waiting([], analysis_only=True):
        waking.wake(ANALYSIS)
    return ended
