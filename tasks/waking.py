"""Waking another deployment, where there is one: a hint that spares the wait for its schedule."""

import logging

from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

log = logging.getLogger("reencodarr.waking")


def wake(deployment: str, **parameters: object) -> bool:
    """Start a run of a deployment and do not wait for it; False where it is not deployed."""
    try:
        run_deployment(deployment, parameters=parameters, timeout=0, as_subflow=False)
    except ObjectNotFound:
        log.debug("%s is not deployed; nothing is woken", deployment)
        return False
    return True
