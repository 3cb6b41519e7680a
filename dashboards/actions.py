"""What the dashboard may start: deployments, through Prefect's API. It changes nothing itself."""

import os
from collections.abc import Mapping
from typing import Any

import httpx

from reencodarr.errors import ServerRefused, ServerUnreachable

RETRY_FAILURES = "retry-failures/server"
SYNC = "sync/server"
PATIENCE = 10.0
"""Seconds for each answer of the API; somebody looks at the page meanwhile."""


def are_possible() -> bool:
    """Whether a Prefect API is configured; without one, people type the command instead."""
    return bool(os.environ.get("PREFECT_API_URL"))


def start(deployment: str, parameters: Mapping[str, Any]) -> str:
    """Start a run of a deployment and wait for nothing; the run's name.

    Raises ServerUnreachable, ServerRefused.
    """
    # Prefect takes two seconds to import, and most who look at failures start nothing.
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    # Neither a profile of the person who started the dashboard nor patience meant for workers has a say.
    asked = {PREFECT_API_URL: os.environ["PREFECT_API_URL"], PREFECT_CLIENT_MAX_RETRIES: 0}
    try:
        with (
            temporary_settings(asked),
            get_client(httpx_settings={"timeout": PATIENCE}, sync_client=True) as client,
        ):
            found = client.read_deployment_by_name(deployment)
            made = client.create_flow_run_from_deployment(found.id, parameters=dict(parameters))
    except ObjectNotFound as error:
        raise ServerRefused(
            f"Prefect does not know {deployment}.", advice="Type `reencodarr pools --deploy` on the server."
        ) from error
    except PrefectHTTPStatusError as error:
        raise ServerRefused(f"Prefect refuses {deployment}: {error.response.status_code}.") from error
    except (httpx.HTTPError, RuntimeError) as error:
        raise ServerUnreachable(
            "Prefect's API does not answer.", advice="See that `reencodarr up` runs, then try again."
        ) from error
    return made.name
