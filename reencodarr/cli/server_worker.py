"""The server's own worker: runs the flows of the pool `server` in processes of their own.

    python -m reencodarr.cli.server_worker NAME QUEUE[,QUEUE...] LIMIT

The first signal takes no new runs and waits for those under way, `GRACE` at most; then they are ended, and Prefect is
told so. Whatever is ended here is idempotent and goes on with the next run.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from types import FrameType
from typing import Final

from reencodarr.units import Seconds

GRACE: Final = Seconds(30.0)
_POOL = "server"
_TICK = 0.2
_AHEAD: Final = 10.0


def main() -> int:
    """Work until a signal; 0."""
    name, queues, limit = sys.argv[1:4]
    asked = asyncio.Event()
    loop = asyncio.new_event_loop()

    def ask(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(asked.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    with contextlib.closing(loop):
        loop.run_until_complete(_serve(name, queues.split(","), int(limit), asked))
    return 0


async def _serve(name: str, queues: list[str], limit: int, asked: asyncio.Event) -> None:
    os.environ.setdefault("PREFECT_WORKER_QUERY_SECONDS", "2")
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "WARNING")
    from reencodarr.cli.prefect_worker import Worker

    worker = Worker(
        environment=dict(os.environ),
        name=name,
        work_pool_name=_POOL,
        work_queues=queues,
        limit=limit,
        # What is scheduled for later must not take a place until then.
        prefetch_seconds=_AHEAD,
    )
    working = asyncio.create_task(worker.start(printer=lambda _: None))
    waiting = asyncio.create_task(asked.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        worker.draining = True
        ends = time.monotonic() + GRACE
        while worker.busy and time.monotonic() < ends and not working.done():
            await asyncio.sleep(_TICK)
        for run in worker.busy:
            await worker.end(run, "Ended with the server, which was stopped; the next run goes on from here.")
    finally:
        for task in (waiting, working):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


if __name__ == "__main__":
    sys.exit(main())
