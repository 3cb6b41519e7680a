"""Prefect's process worker, made to stop well: it can rest, knows what it runs, and never gives up on an API.

A bare one kills its runs when it is stopped and leaves them Running for ever, and ends after twenty minutes without an
API (Prefect 3.8, measured). How long to wait, and what to say meanwhile, is `cli.worker`'s business.
"""

import contextlib
import logging
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import anyio.abc
import httpx
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelled
from prefect.workers.base import BaseWorkerResult
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker, ProcessWorkerResult

from reencodarr.tools import processes, variables
from reencodarr.work.settings import WorkerSettings

log = logging.getLogger(__name__)

_OURS = variables.names(WorkerSettings) - {f"{variables.PREFIX}TOKEN"}
_AHEAD = 24 * 3600.0
"""Seconds: whatever is due until then by this machine's clock is taken. Every run of ours is due when it is made, by
the server's clock; with Prefect's own ten seconds a clock that is behind would let it wait for as long as it is behind.
"""
_STRANGERS = ("PREFECT_SERVER_", "AWS_", "PREFECT_API_DATABASE_")


class Worker(ProcessWorker):
    """Takes runs of our own deployments only: its environment is all they get."""

    def __init__(self, *, environment: Mapping[str, str], **options: Any) -> None:
        """`environment` is added to that of every run; `options` are Prefect's own."""
        super().__init__(create_pool_if_not_found=False, **{"prefetch_seconds": _AHEAD, **options})
        self._environment = environment
        self.draining = False
        """No new runs, for good."""
        self.resting = ""
        """Why there are no new runs for now; empty when there are."""
        self.pids: dict[UUID, int] = {}
        """The runs that have a process, and which one."""
        self._under_way: set[UUID] = set()
        self.answered = time.monotonic()
        """When Prefect's API answered last."""

    @classmethod
    def __dispatch_key__(cls) -> str:
        return "reencodarr"

    async def __aexit__(self, *exc_info: Any) -> None:
        """Stop; Prefect 3.8 leaves an empty folder behind where it is stopped by a cancel."""
        try:
            await super().__aexit__(*exc_info)
        finally:
            with contextlib.suppress(OSError):
                self._runner._tmp_dir.rmdir()

    @property
    def queues(self) -> frozenset[str]:
        """The queues that are polled; may be changed at any time."""
        return frozenset(self._work_queues)

    @queues.setter
    def queues(self, names: frozenset[str]) -> None:
        self._work_queues = set(names)

    @property
    def busy(self) -> frozenset[UUID]:
        """The runs that are under way, those that are just being started included."""
        return frozenset(self._under_way) | frozenset(self._submitting_flow_run_ids)

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Take what waits, unless this worker drains or rests."""
        if self.draining or self.resting:
            return []
        try:
            taken = await super().get_and_submit_flow_runs()
        except httpx.HTTPError as error:
            log.debug("Prefect's API: %s", error)
            return []
        self.answered = time.monotonic()
        return taken

    async def _sync_and_initialize(self) -> None:
        try:
            await super()._sync_and_initialize()
        except httpx.HTTPError as error:
            log.debug("Prefect's API: %s", error)

    async def _submit_run_and_capture_errors(
        self, flow_run: FlowRun, task_status: anyio.abc.TaskStatus[int | Exception] | None = None
    ) -> BaseWorkerResult | Exception:
        self._under_way.add(flow_run.id)
        try:
            return await super()._submit_run_and_capture_errors(flow_run, task_status)
        finally:
            self._under_way.discard(flow_run.id)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: ProcessJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> ProcessWorkerResult:
        """Run a flow in a process of its own, to its end."""
        configuration.env = {**passed_on(configuration.env), **self._environment}
        told = _Told(self.pids, flow_run.id, task_status or anyio.TASK_STATUS_IGNORED)
        try:
            return await super().run(flow_run, configuration, told)
        finally:
            self.pids.pop(flow_run.id, None)

    async def end(self, flow_run_id: UUID, words: str) -> None:
        """End a run's process by force, and say so to Prefect."""
        pid = self.pids.get(flow_run_id)
        if pid is not None:
            await anyio.to_thread.run_sync(processes.end_tree, pid)
        try:
            run = await self.client.read_flow_run(flow_run_id)
            if run.state is None or not run.state.is_final():
                await self.client.set_flow_run_state(flow_run_id, Cancelled(message=words), force=True)
        except httpx.HTTPError as error:
            log.warning("run %s: its end could not be told: %s", flow_run_id, error)


class _Told(anyio.abc.TaskStatus[int]):
    """Hears which process a run got, and passes it on."""

    def __init__(self, pids: dict[UUID, int], run: UUID, further: anyio.abc.TaskStatus[int]) -> None:
        self._pids, self._run, self._further = pids, run, further

    def started(self, value: int | None = None) -> None:
        if value is not None:
            self._pids[self._run] = value
            self._further.started(value)


def quiet() -> None:
    """Keep two things out of the worker's log that are as they should be.

    Its server gives it no events, so cancels are asked for; and Prefect 3.8's observer complains when it is closed.
    """
    logging.getLogger("prefect.FlowRunCancellingObserver").setLevel(logging.ERROR)
    logging.getLogger("asyncio").addFilter(lambda record: "FlowRunCancellingObserver" not in record.getMessage())


def passed_on(environment: Mapping[str, str | None]) -> dict[str, str | None]:
    """What a run sees of this machine's environment: of ours what it needs, and nobody's keys."""
    return {
        name: value
        for name, value in environment.items()
        if (not name.upper().startswith(variables.PREFIX) or name.upper() in _OURS)
        and not name.upper().startswith(_STRANGERS)
    }
