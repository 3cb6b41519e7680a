"""What runs say to Prefect's server, without the runs: lives from birth to end, and jobs that are under way.

Asks as Prefect's client does: ten times more after a 503.
"""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

QUEUE = "nobody"
"""Polled, and always empty: a job is as good as taken from its birth on."""


async def lives(url: str, deployed: str, count: int, seconds: float) -> tuple[int, int]:
    """Runs one after another, by so many at once: how often the server refused to the end, and how many lived."""
    async with httpx.AsyncClient(base_url=f"{url}/api", timeout=120) as client:
        refused: Counter[str] = Counter()
        end = time.monotonic() + seconds

        async def live() -> int:
            lived = 0
            while time.monotonic() < end:
                with suppress(Refused):
                    job = await Job.begun(client, deployed, refused)
                    await job.live()
                    lived += 1
            return lived

        lived = sum(await asyncio.gather(*(live() for _ in range(count))))
        return refused.total(), lived


async def under_way(url: str, deployed: str, count: int, seconds: float, *, begin: Callable[[], object]) -> int:
    """So many jobs at once, for a while that begins with `begin`; how often the server refused to the end."""
    limits = httpx.Limits(max_connections=count * 2)
    async with httpx.AsyncClient(base_url=f"{url}/api", timeout=120, limits=limits) as client:
        refused: Counter[str] = Counter()
        jobs: list[Job] = []
        while len(jobs) < count:
            born = await asyncio.gather(
                *(Job.begun(client, deployed, refused) for _ in range(8)), return_exceptions=True
            )
            jobs += [job for job in born if isinstance(job, Job)]
        await asyncio.to_thread(begin)
        end = time.monotonic() + seconds
        await asyncio.gather(*(job.work(end, number / count) for number, job in enumerate(jobs)))
        await asyncio.gather(*(job.end() for job in jobs), return_exceptions=True)
        return refused.total()


class Refused(Exception):
    """Raised when the server refuses a request eleven times, or breaks down over it."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A run under way, without its work."""

    client: httpx.AsyncClient
    run: str
    artifact: str
    refused: Counter[str]

    @classmethod
    async def begun(cls, client: httpx.AsyncClient, deployed: str, refused: Counter[str]) -> "Job":
        first = cls(client=client, run="", artifact="", refused=refused)
        run = await first.say("POST", f"/deployments/{deployed}/create_flow_run", {"parameters": {"label": 0}})
        await first.say("POST", f"/flow_runs/{run['id']}/set_state", {"state": {"type": "PENDING"}})
        await first.say("POST", f"/flow_runs/{run['id']}/set_state", {"state": {"type": "RUNNING"}})
        said = {"key": "encode", "type": "progress", "data": 0.0, "flow_run_id": run["id"]}
        artifact = await first.say("POST", "/artifacts/", said)
        return cls(client=client, run=run["id"], artifact=artifact["id"], refused=refused)

    async def say(self, method: str, path: str, body: Any = None) -> Any:
        """Ask as Prefect's client does: ten times more after a 503."""
        for tries in range(11):
            with suppress(httpx.TransportError):  # A connection that the server has just closed.
                answer = await self.client.request(method, path, json=body)
                if answer.is_success:
                    return answer.json() if answer.content else {}
                if answer.status_code != 503:
                    break
            await asyncio.sleep(min(2.0, 0.2 * 2**tries))
        self.refused[path] += 1
        raise Refused

    async def work(self, end: float, offset: float) -> None:
        """In the rhythm of `tasks.progress` and `tasks.jobs`, of a worker with one slot, and of Prefect's heartbeat."""
        every = [
            (5.0, self._progress),
            (5.0, self._look),
            (5.0, self._poll),
            (15.0, self._log),
            (60.0, self._heartbeat),
        ]
        await asyncio.gather(*(self._repeat(end, pause, offset, act) for pause, act in every))

    async def live(self) -> None:
        """What a trivial run says between its birth and its end."""
        await self._look()
        for _ in range(3):
            await self._progress()
        await self._log()
        await self._poll()
        await self.end()

    async def end(self) -> None:
        await self.say("POST", f"/flow_runs/{self.run}/set_state", {"state": {"type": "COMPLETED"}, "force": True})

    async def _repeat(self, end: float, pause: float, offset: float, act: Any) -> None:
        await asyncio.sleep(pause * offset)
        while time.monotonic() < end:
            asked = time.monotonic()
            with suppress(Refused):
                await act()
            await asyncio.sleep(max(0.0, pause - (time.monotonic() - asked)))

    async def _progress(self) -> None:
        await self.say("PATCH", f"/artifacts/{self.artifact}", {"data": 50.0, "description": "encode: 12 fps"})
        await self._event("prefect.artifact.updated", f"prefect.artifact.{self.artifact}")

    async def _look(self) -> None:
        await self.say("GET", f"/flow_runs/{self.run}")

    async def _poll(self) -> None:
        said = {"work_queue_names": [QUEUE], "scheduled_before": datetime.now(UTC).isoformat()}
        await self.say("POST", "/work_pools/linux/get_scheduled_flow_runs", said)

    async def _log(self) -> None:
        line = {"name": "reencodarr", "level": 20, "message": "x" * 80, "flow_run_id": self.run}
        await self.say("POST", "/logs/", [{**line, "timestamp": datetime.now(UTC).isoformat()}])

    async def _heartbeat(self) -> None:
        await self._event("prefect.flow-run.heartbeat", f"prefect.flow-run.{self.run}")

    async def _event(self, name: str, about: str) -> None:
        related = [{"prefect.resource.id": f"prefect.flow-run.{self.run}", "prefect.resource.role": "flow-run"}]
        event = {"id": str(uuid.uuid4()), "occurred": datetime.now(UTC).isoformat(), "event": name}
        await self.say("POST", "/events", [{**event, "resource": {"prefect.resource.id": about}, "related": related}])
