"""Flow `sync`: ask Sonarr and Radarr what they have, and look at what changed."""

from typing import Any

from prefect import flow

from tasks import stages, syncing, waking

ANALYSIS = "analysis/server"


@flow(name="sync", flow_run_name="sync")
def sync(instances: list[str] | None = None) -> list[Any]:
    """Sync the given instances, or all; one that fails keeps none of the others back, and fails the run at its end."""
    ended = [syncing.sync(name, return_state=True) for name in syncing.instances(instances)]
    if stages.waiting([], analysis_only=True):
        waking.wake(ANALYSIS)
    return ended
