"""`reencodarr pools`: the work pools that `prefect deploy --all` needs, from the locked template in the package."""

import importlib.resources
import json
from typing import Any

from reencodarr.cli import exits
from reencodarr.cli.console import out

NAMES = {
    "server": "The machine that has the library: scans, analysis, swaps, housekeeping",
    "linux": "Linux machines that search and encode",
}


def pools() -> int:
    """Create the work pools or bring them up to date on the Prefect server that PREFECT_API_URL names.

    May be repeated safely. The template is locked: a run cannot choose its command or environment.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate

    template = locked_template()
    with get_client(sync_client=True) as client:
        for name, description in NAMES.items():
            client.create_work_pool(
                WorkPoolCreate(name=name, type="process", base_job_template=template, description=description),
                overwrite=True,
            )
            out.print(f"work pool [bold]{name}[/]: {description}")
    out.print("Now [bold]prefect deploy --all[/], then [bold]prefect worker start --pool server[/].")
    return exits.DONE


def locked_template() -> dict[str, Any]:
    """The base job template of every pool: no command, no variables, no output through the worker."""
    text = importlib.resources.files("flows").joinpath("pools", "process.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
