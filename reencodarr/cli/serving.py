"""A worker at work: Prefect's part and ours side by side, its signs of life, and how it stops.

The first signal, or request through the data folder, drains: no new runs, those under way go on to their end. The
second hands back: every run is asked to leave its job at once, is given time for that, and is then ended by force.
Nothing stays Running that does not run.
"""

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections.abc import Mapping

import httpx

from reencodarr.cli import exits, prefect_worker
from reencodarr.cli.console import err, safe
from reencodarr.cli.prefect_worker import Worker
from reencodarr.cli.stopping import Asked
from reencodarr.errors import OrderUnreadable, ReencodarrError, ServerRefused, ServerUnreachable
from reencodarr.tools import scratch
from reencodarr.units import Seconds
from reencodarr.work import handback, link, speed, talk
from reencodarr.work.link import Link
from reencodarr.work.settings import WorkerSettings
from reencodarr.work.talk import Capabilities, Welcome, WorkerBeat

log = logging.getLogger(__name__)

HAND_BACK_GRACE = Seconds(45.0)
"""For a run to notice, to end its programs (6 s at most), and to leave word."""
_TICK = 0.2
_TELL_EVERY = 60.0


def serve(
    loaded: WorkerSettings,
    way: Link,
    capabilities: Capabilities,
    welcome: Welcome,
    *,
    environment: Mapping[str, str],
    asked: Asked,
) -> int:
    """Work until a signal, a request or the server says stop; the exit code.

    `asked` counts already.
    """
    return asyncio.run(_Serving(loaded, way, capabilities, welcome, asked).run(environment))


class _Serving:
    """One worker from its welcome to its end."""

    def __init__(
        self, loaded: WorkerSettings, way: Link, capabilities: Capabilities, welcome: Welcome, asked: Asked
    ) -> None:
        self._loaded, self._way, self._capabilities, self._welcome = loaded, way, capabilities, welcome
        self._asked = asked
        self._refused = ""
        self._silent_since: float | None = None
        self._told = 0.0

    async def run(self, environment: Mapping[str, str]) -> int:
        prefect_worker.quiet()
        worker = Worker(
            environment=environment,
            name=self._welcome.name,
            work_pool_name=self._welcome.pool,
            work_queues=list(self._welcome.queues),
            limit=self._capabilities.slots,
        )
        working = asyncio.create_task(worker.start(printer=log.debug))
        beating = asyncio.create_task(self._beat(worker))
        try:
            await self._watch(worker, working)
        finally:
            for task in (beating, working):
                task.cancel()
                # Prefect's part says goodbye to its API, which may be away.
                with contextlib.suppress(asyncio.CancelledError, httpx.HTTPError):
                    await task
        await asyncio.to_thread(self._say, worker)
        err.print(safe(self._refused) if self._refused else "Stopped; nothing is left running.")
        return exits.CANNOT_WORK if self._refused else exits.DONE

    async def _watch(self, worker: Worker, working: asyncio.Task[None]) -> None:
        """Until there is nothing more to do here."""
        handing_back = 0.0
        while not working.done():
            await asyncio.sleep(_TICK)
            if (self._asked.times or self._refused) and not worker.draining:
                self._drain(worker)
            if worker.draining and not worker.busy:
                return
            if self._asked.times > 1 and not handing_back:
                handing_back = time.monotonic()
                err.print(f"Handing back {len(worker.busy)} jobs.")
                handback.ask(self._loaded.data_dir)
            if handing_back and time.monotonic() - handing_back > HAND_BACK_GRACE:
                for run in worker.busy:
                    await worker.end(run, "Ended by its worker, which was stopped.")
                handing_back = time.monotonic()
        working.result()

    def _drain(self, worker: Worker) -> None:
        worker.draining = True
        count = len(worker.busy)
        if count:
            err.print(f"No new work. {count} jobs go on to their end; asked again, they are handed back at once.")

    async def _beat(self, worker: Worker) -> None:
        while True:
            await asyncio.to_thread(self._say, worker)
            await asyncio.sleep(talk.WORKER_BEAT_EVERY)

    def _say(self, worker: Worker) -> None:
        """One sign of life, and what follows from its answer."""
        scratch.sweep(self._loaded.scratch)  # A run that was killed left a whole film there, and nobody else tidies up.
        try:
            answer = self._way.beat(WorkerBeat(draining=worker.draining))
            if self._silent_since is not None:
                self._back(worker)
            elif not worker.draining:
                self._tell_speed()
        except ServerRefused as error:
            self._refused = str(error)
        except (ServerUnreachable, OrderUnreadable) as error:
            self._away(error)
        else:
            if answer.words != worker.resting and not answer.go_on:
                err.print(f"[yellow]The server gives no work: {safe(answer.words)}[/]")
            worker.resting = "" if answer.go_on else answer.words or "no reason given"

    def _tell_speed(self) -> None:
        """Introduce this machine again where an encode has taught how fast it is since it did that last."""
        told = self._capabilities
        known = dataclasses.replace(told, fps=speed.measured(self._loaded.data_dir, told.build))
        if known != told:
            self._way.hello(known, patience=link.BRIEF)
            self._capabilities = known

    def _away(self, error: ReencodarrError) -> None:
        now = time.monotonic()
        self._silent_since = self._silent_since or now
        if now - self._told >= _TELL_EVERY:
            self._told = now
            minutes = (now - self._silent_since) / 60
            err.print(f"[yellow]{safe(error.message)}[/] Away for {minutes:.0f} min; what runs goes on, trying again.")

    def _back(self, worker: Worker) -> None:
        """The server answers again; it may be another version, or know nothing of this worker's queues any more."""
        welcome = self._way.hello(self._capabilities, patience=link.BRIEF)
        worker.queues = frozenset(welcome.queues)
        self._silent_since, self._told = None, 0.0
        err.print("The server is back.")
