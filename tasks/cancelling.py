"""Whether Prefect still wants a run, asked by the run itself: for where no signal of Prefect's comes to end it.

Nobody watches over a flow that runs in the process of a command, so a cancel there would only be a word.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.runtime import flow_run
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from reencodarr.errors import WorkStopped
from reencodarr.work.halting import Halt

log = logging.getLogger("reencodarr.cancelling")

ASK_EVERY = 5.0
"""Seconds."""


def unwanted(run: str) -> str:
    """The state of a run that shall go on no more; empty where it shall, or nobody knows."""
    # An API that is away is asked again by the next look, not by the client, which would wait for minutes.
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
        try:
            with get_client(sync_client=True) as client:
                state = client.read_flow_run(UUID(run)).state
        except httpx.HTTPError as error:
            log.debug("the run's state is unknown: %s", error)
            return ""
    return "" if state is None or not (state.is_cancelling() or state.is_final()) else state.name or state.type.value


@contextmanager
def heeded() -> Iterator[Halt]:
    """Work of this run that can be halted; it is as soon as the run is ended in Prefect.

    Raises WorkStopped at the end of a block that was halted so.
    """
    halt, over = Halt(), threading.Event()
    run = str(flow_run.id or "")
    thread = threading.Thread(target=_look, args=(halt, run, over), name="watch", daemon=True)
    thread.start()
    stopped = False
    try:
        yield halt
        stopped = halt() and bool(run and unwanted(run))
    finally:
        over.set()
    if stopped:
        raise WorkStopped(halt.words)


def _look(halt: Halt, run: str, over: threading.Event) -> None:
    while run and not over.wait(ASK_EVERY) and not halt():
        if ended := unwanted(run):
            halt.ask(f"The run was ended in Prefect: {ended}.")
