"""Tasks of a worker's runs: one job each, watched so that a cancel or a stopping worker ends it with its children."""

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
from prefect import task
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.runtime import flow_run

from reencodarr.errors import ReencodarrError
from reencodarr.work import halting, handback, machine, settings, shift
from reencodarr.work.halting import Halt
from reencodarr.work.settings import WorkerSettings
from reencodarr.work.shift import Call, Ended, Post
from tasks import cancelling, progress

log = logging.getLogger("reencodarr.jobs")

TRANSFERS = "transfers"
"""The global limit on films that move over the network at once."""
LOOK_EVERY = 0.5
_LEASE = 60.0
_PATIENCE = 20.0
_AWAY = (httpx.HTTPError, ConcurrencySlotAcquisitionError)


@task(name="crf-search", task_run_name="search {label}")
def search(job: str, attempt: int, label: str) -> Ended:
    """Search the CRF of one film for the server."""
    return _work(Call(job=job, attempt=attempt, flow_run=_run_id(), label=label), key="crf-search")


@task(name="encode", task_run_name="encode {label}")
def encode(job: str, attempt: int, label: str) -> Ended:
    """Encode one film for the server, and measure it."""
    return _work(Call(job=job, attempt=attempt, flow_run=_run_id(), label=label), key="encode")


def _work(call: Call, *, key: str) -> Ended:
    logging.getLogger("reencodarr").setLevel(logging.INFO)
    found = settings.load()
    halt = Halt()
    with watched(halt, found, call.flow_run):
        try:
            with halting.governs_programs(halt):
                bench = machine.tools(found)
            halt.heed()
        except ReencodarrError:
            if not halt():
                raise
            return Ended(words=halt.words, stopped=True)
        post = Post(token=found.joined(), settings=found, bench=bench, turn=lambda: turn(halt))
        return shift.work(call, post, halt=halt, report=progress.reporter(key, call.label))


@contextmanager
def turn(halt: Halt) -> Iterator[None]:
    """One of the places of those who may move a film now. Without such a limit on the server there is no waiting.

    An API that is away neither ends nor blocks the transfer: the limit spares the network, it protects nothing.

    Raises WorkStopped while it waits.
    """
    with ExitStack() as places:
        _take(places, halt)
        try:
            yield
        finally:
            try:
                places.close()
            except _AWAY as error:
                log.warning("the place among the transfers could not be given back, so it expires: %s", error)


def _take(places: ExitStack, halt: Halt) -> None:
    while True:
        halt.heed()
        try:
            # Not strict: a limit that is missing is none. And no lease that is lost ends what holds it.
            places.enter_context(
                concurrency(
                    TRANSFERS,
                    timeout_seconds=_PATIENCE,
                    lease_duration=_LEASE,
                    strict=False,
                    raise_on_lease_renewal_failure=False,
                )
            )
        except TimeoutError:
            log.info("waiting for a place among the transfers")
        except _AWAY as error:
            log.warning("no place among the transfers could be asked for; going on without: %s", error)
            return
        else:
            return


@contextmanager
def watched(halt: Halt, found: WorkerSettings, run: str) -> Iterator[None]:
    """Ask to stop when Prefect wants the run no more or its worker hands back.

    Prefect's own cancel is a signal, which does not come where there is no console (Windows services, measured), and
    comes late where its events are closed to workers.
    """
    over = threading.Event()

    def look() -> None:
        waited = 0.0
        while not over.wait(LOOK_EVERY) and not halt():
            waited += LOOK_EVERY
            if handback.asked(found.data_dir):
                halt.ask("The worker is stopping and hands its jobs back.")
            elif waited >= cancelling.ASK_EVERY and run:
                waited = 0.0
                unwanted = cancelling.unwanted(run)
                if unwanted:
                    halt.ask(f"The run was ended in Prefect: {unwanted}.")

    thread = threading.Thread(target=look, name="watch", daemon=True)
    if handback.asked(found.data_dir):
        halt.ask("The worker is stopping and hands its jobs back.")
    thread.start()
    try:
        yield
    finally:
        over.set()


def _run_id() -> str:
    return str(flow_run.id or "")
