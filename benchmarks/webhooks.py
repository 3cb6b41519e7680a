"""How fast webhooks are answered, by a real server under load: `python -m benchmarks.webhooks`.

The server is ours, as `up` starts it, with SQLite. So many clients at once send imports (1.5 kB each, a hundred series
in turn) as fast as they are answered; in the same run and by the same clients as many requests go to a trivial endpoint
of the same server (`/api/health`, which answers `true`), and to the webhooks without the secret. Nobody is woken:
nothing is deployed. The clients share the cores with the server: read ratios. Results go to
`benchmarks/results/webhooks.json`.
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

from reencodarr.arr import secrets
from reencodarr.arr.registration import SECRET_HEADER
from reencodarr.cli import served
from reencodarr.library import database
from reencodarr.settings import Settings
from reencodarr.tools import servers
from reencodarr.units import MIB

CLIENTS = (1, 4, 16)
REQUESTS = 1000
"""Of each kind, for each number of clients."""
_PATH = "/webhooks/sonarr/main"
_TITLES = 100
_WARM = 100

Ask = Callable[[httpx.AsyncClient, int], Any]


def payload(number: int) -> bytes:
    """An import of one episode, as long as a real one."""
    file = {"id": number, "path": f"/tv/Show/Season 01/{'x' * 60}.mkv", "size": 10**9, "sceneName": "y" * 60}
    series = {"id": 1 + number % _TITLES, "title": "Show", "path": "/tv/Show", "overview": "z" * 900}
    said = {"eventType": "Download", "series": series, "episodeFile": file, "isUpgrade": False, "episodes": [file]}
    return json.dumps(said).encode()


async def _hook(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await client.post(_PATH, content=payload(number))


async def _refused(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await client.post(_PATH, content=payload(number), headers={SECRET_HEADER: "wrong"})


async def _trivial(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await client.get("/api/health")


KINDS: dict[str, tuple[Ask, int]] = {
    "webhook": (_hook, 204),
    "without_the_secret": (_refused, 401),
    "trivial": (_trivial, 200),
}


async def measured(url: str, secret: str, ask: Ask, expected: int, *, clients: int, requests: int) -> list[float]:
    """Seconds of each answer."""
    taken: list[float] = []

    async def one(first: int) -> None:
        async with httpx.AsyncClient(base_url=url, headers={SECRET_HEADER: secret}, timeout=60) as client:
            for number in range(first, requests, clients):
                started = time.perf_counter()
                answer = await ask(client, number)
                taken.append(time.perf_counter() - started)
                assert answer.status_code == expected, answer.text

    await asyncio.gather(*(one(first) for first in range(clients)))
    return taken


def told(taken: list[float]) -> dict[str, float]:
    ordered = sorted(taken)
    return {
        "median_ms": round(1000 * statistics.median(ordered), 2),
        "p99_ms": round(1000 * ordered[int(0.99 * (len(ordered) - 1))], 2),
    }


def level(url: str, secret: str, clients: int) -> dict[str, Any]:
    """All kinds with so many clients."""
    found: dict[str, Any] = {"clients": clients}
    for name, (ask, expected) in KINDS.items():
        asyncio.run(measured(url, secret, ask, expected, clients=clients, requests=_WARM))
        started = time.perf_counter()
        taken = asyncio.run(measured(url, secret, ask, expected, clients=clients, requests=REQUESTS))
        found[name] = {**told(taken), "a_second": round(REQUESTS / (time.perf_counter() - started))}
    found["webhook_to_trivial_median"] = round(found["webhook"]["median_ms"] / found["trivial"]["median_ms"], 2)
    found["webhook_to_trivial_p99"] = round(found["webhook"]["p99_ms"] / found["trivial"]["p99_ms"], 2)
    return found


def main() -> None:
    """Measure and write the results."""
    os.nice(5)
    os.environ |= {"REENCODARR_SONARR__MAIN__URL": "http://127.0.0.1:9", "REENCODARR_SONARR__MAIN__API_KEY": "k" * 32}
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        settings = Settings.model_validate({"data_dir": Path(folder) / "data", "server": {"port": servers.free_port()}})
        database.upgrade(settings.database)
        command, environment = served.arguments(settings)
        environment |= {"REENCODARR_DATA_DIR": str(settings.data_dir), "PREFECT_SERVER_LOGGING_LEVEL": "WARNING"}
        log = Path(folder) / "server.log"
        with servers.running(command, environment=environment, log_path=log) as process:
            servers.wait_until_listening(process, settings.server.port, log_path=log)
            url = f"http://127.0.0.1:{settings.server.port}"
            secret = secrets.webhook(settings).get_secret_value()
            server = psutil.Process(process.pid)
            levels = [level(url, secret, clients) for clients in CLIENTS]
            rss = round(server.memory_info().rss / MIB)
    results = {"cores": os.cpu_count(), "load_before": load, "requests": REQUESTS, "server_rss_mib": rss}
    target = Path(__file__).parent / "results" / "webhooks.json"
    target.write_text(json.dumps({**results, "levels": levels}, indent=2) + "\n")
    print(target.read_text())


if __name__ == "__main__":
    main()
