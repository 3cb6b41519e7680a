"""A migrated database with the specimens in it. The dashboard only reads, so all its tests share one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlmodel import Session

from reencodarr.library import database
from tests.library import specimens


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the dashboard shows."""

    url: str
    ids: dict[str, int]


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    url = f"sqlite:///{tmp_path_factory.mktemp('a name with ? and #') / 'reencodarr.db'}"
    database.upgrade(url)
    opened = database.engine(url)
    with Session(opened) as session:
        ids = specimens.fill(session)
    opened.dispose()
    return Shown(url=url, ids=ids)


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads the settings of the person who runs it."""
    monkeypatch.setenv("REENCODARR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("REENCODARR_DATABASE_URL", raising=False)


class Prefect:
    """Answers as Prefect's API does, and keeps what a page asked of it."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.knows = {"retry-failures/server", "sync/server"}
        self.url = ""


@pytest.fixture
def prefect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Prefect]:
    found = Prefect()
    run = {"id": "7b8c9d0e-0000-4000-8000-000000000002", "name": "brave-otter", "flow_id": None}
    run["flow_id"] = "7b8c9d0e-0000-4000-8000-000000000003"
    deployment = {"id": "7b8c9d0e-0000-4000-8000-000000000001", "name": "server", "flow_id": run["flow_id"]}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.rpartition("/deployments/name/")[2] in found.knows
            self.answer(200 if known else 404, deployment if known else {})

        def do_POST(self) -> None:
            found.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["parameters"])
            self.answer(201, run)

        def answer(self, status: int, said: dict[str, Any]) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{server.server_address[1]}/api")
        yield found
        server.shutdown()
        thread.join()
