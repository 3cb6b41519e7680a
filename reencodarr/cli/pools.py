"""`reencodarr pools`: what Prefect must have before our runs can be given out, made or brought up to date.

Work pools from the locked template in the package, queues with their priorities, the limit on transfers, and with
`--deploy` the deployments of `prefect.yaml` and the automations. All of it may be repeated safely.
"""

import importlib.resources
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from reencodarr.cli import exits
from reencodarr.cli.console import out
from reencodarr.stages.machines import queues

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

NAMES = {
    "server": "The machine that has the library: scans, analysis, dispatch, swaps, housekeeping",
    "linux": "Linux machines that search and encode",
    "windows": "Windows machines that search and encode",
    "macos": "Macs that search and encode",
}
SERVER_QUEUES = {"dispatch": 1, "finalize": 2, "stage": 3, "default": 4}
"""Dispatch has a queue and a worker of its own, so that nothing long stands before it."""
TRANSFERS = "transfers"
TRANSFERS_AT_ONCE = 2


def pools(*, deploy: Annotated[bool, Parameter(negative="")] = False, transfers: int | None = None) -> int:
    """Create work pools, queues and limits on the Prefect server that PREFECT_API_URL names, or bring them up to date.

    May be repeated safely. The template is locked: a run cannot choose its command or environment.

    Parameters
    ----------
    deploy
        Also deploy all flows of the installed package, and make the automations.
    transfers
        Films that may move over the network at once, of all machines together; 2 if it was never said.
    """
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        for name, description in NAMES.items():
            _pool(client, name, description)
            out.print(f"work pool [bold]{name}[/]: {description}")
        limit = _limit(client, transfers)
    out.print(f"{limit} transfers at once")
    if deploy:
        _deploy()
    else:
        out.print("Now [bold]reencodarr pools --deploy[/], then [bold]prefect worker start --pool server[/].")
    return exits.DONE


def locked_template() -> dict[str, Any]:
    """The base job template of every pool: no command, no variables, no output through the worker."""
    text = importlib.resources.files("flows").joinpath("pools", "process.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def prefect_file() -> Path:
    """`prefect.yaml`: inside the installed package, or at the root of the checkout that is installed."""
    package = Path(str(importlib.resources.files("flows")))
    return next(place for place in (package / "prefect.yaml", package.parent / "prefect.yaml") if place.is_file())


def _pool(client: "SyncPrefectClient", name: str, description: str) -> None:
    from prefect.client.schemas.actions import WorkPoolCreate

    pool = WorkPoolCreate(name=name, type="process", base_job_template=locked_template(), description=description)
    client.create_work_pool(pool, overwrite=True)
    present = {queue.name: queue for queue in client.read_work_queues(work_pool_name=name)}
    for queue, priority in _queues(name).items():
        there = present.get(queue)
        if there is None:
            client.create_work_queue(queue, work_pool_name=name, priority=priority)
        elif there.priority != priority:
            client.update_work_queue(there.id, priority=priority)


def _queues(pool: str) -> dict[str, int]:
    """Queues and priorities of a pool; those of builds and single workers are made when a worker joins."""
    if pool == queues.SERVER_POOL:
        return SERVER_QUEUES
    names = (queues.LOCAL, queues.SEARCH)
    firsts = tuple(f"{name}{queues.FIRST}" for name in names)
    return {queue.name: queue.priority for queue in queues.ranked(names + firsts)}


def _limit(client: "SyncPrefectClient", wanted: int | None) -> int:
    """Set the limit on transfers; one that was set before stays unless another is wanted."""
    from prefect.exceptions import ObjectNotFound

    if wanted is None:
        try:
            return client.read_global_concurrency_limit_by_name(TRANSFERS).limit
        except ObjectNotFound:
            wanted = TRANSFERS_AT_ONCE
    client.upsert_global_concurrency_limit_by_name(TRANSFERS, wanted)
    return wanted


def _deploy() -> None:
    """Deploy everything, from a folder of no importance: nothing of a checkout may get into a deployment.

    Raises ProgramFailed.
    """
    from reencodarr.cli import automations
    from reencodarr.tools import programs

    with tempfile.TemporaryDirectory() as empty:
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
        programs.run([*command, "--prefect-file", str(prefect_file())], cwd=Path(empty))
    automations.ensure()
    out.print("deployments and automations are up to date")
